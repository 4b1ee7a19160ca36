//! Which collections variables belong to, told by their names.

use std::collections::{BTreeMap, HashSet};

use super::{Collection, GraphVariable};
use crate::profile::Roles;
use crate::variables::Variable;

/// Variables as a graph has them: parts of partitioned ones get names of their own, and names tell
/// what is trained and what averages are kept of.
pub fn variables_in_collections(list: &[Variable]) -> Vec<GraphVariable> {
    let roles = Roles::of(list);
    let model: HashSet<usize> = roles.model.iter().copied().collect();
    let mut parts: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut graph = Vec::with_capacity(list.len());
    for (number, variable) in list.iter().enumerate() {
        let mut one = GraphVariable::new(variable.clone());
        if variable.part.is_some() {
            let part = parts.entry(variable.name.as_bytes()).or_default();
            one.op_name = roles.part_name(list, number, *part);
            *part += 1;
        }
        if model.contains(&number) && roles.is_trained(number) {
            one = one.in_collection(Collection::Trainable);
        }
        if roles.averages.contains_key(&number) {
            one = one.in_collection(Collection::MovingAverage);
        }
        graph.push(one);
    }
    graph
}
