//! Restoring object-based checkpoints.

use std::collections::HashSet;
use std::path::Path;

use super::matching::Matching;
use super::object_based::{Checkpoint, SAVE_COUNTER};
use super::reader::CheckpointReader;
use super::status::LoadStatus;
use crate::bundle;
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::name::Name;
use crate::object_graph::{ObjectGraph, key::VARIABLE_VALUE};
use crate::profile::{Arrangement, Leaf, arrange, beta_power, scaled};
use crate::tensor::Tensor;
use crate::variables::{Restorable, Variable};

impl Checkpoint {
    /// Sets every variable that the checkpoint `prefix` has a value for, and takes over its counter
    /// of saves (`restore`). A name-based checkpoint is restored by names.
    ///
    /// What does not fit stays as it is; the status tells. A failure changes no variable.
    ///
    /// # Errors
    /// There is no such checkpoint, it is damaged, or a value has another type or shape than its
    /// variable.
    pub fn restore(
        &mut self,
        variables: &mut impl Restorable,
        prefix: impl AsRef<Path>,
    ) -> Result<LoadStatus, ManagementError> {
        self.save_counter.get_or_insert(0);
        let (status, counter) = self.load(variables, prefix.as_ref())?;
        if let Some(counter) = counter {
            self.save_counter = Some(counter);
        }
        Ok(status)
    }

    /// As [`Checkpoint::restore`], for checkpoints made by [`Checkpoint::write`]: no counter of
    /// saves is expected unless this object has one already (`read`).
    ///
    /// # Errors
    /// As [`Checkpoint::restore`].
    pub fn read(
        &self,
        variables: &mut impl Restorable,
        prefix: impl AsRef<Path>,
    ) -> Result<LoadStatus, ManagementError> {
        self.load(variables, prefix.as_ref())
            .map(|(status, _)| status)
    }

    fn load(
        &self,
        variables: &mut impl Restorable,
        prefix: &Path,
    ) -> Result<(LoadStatus, Option<i64>), ManagementError> {
        let reader = CheckpointReader::open(prefix)?;
        let list = variables.variables();
        let graph = match &reader {
            CheckpointReader::V2(bundle) => ObjectGraph::read(bundle)?.map(|graph| (bundle, graph)),
            CheckpointReader::V1(_) => None,
        };
        match graph {
            Some((bundle, graph)) => {
                let arrangement = arrange(&self.mapping, &list, None)?;
                self.load_objects(variables, &list, arrangement, bundle, &graph)
            }
            None => load_names(variables, &list, &reader).map(|status| (status, None)),
        }
    }

    fn load_objects(
        &self,
        variables: &mut impl Restorable,
        list: &[Variable],
        mut arrangement: Arrangement,
        bundle: &bundle::Reader,
        graph: &ObjectGraph,
    ) -> Result<(LoadStatus, Option<i64>), ManagementError> {
        let counter = self.save_counter.map(|counter| {
            let root = arrangement.objects.root();
            let object = arrangement.objects.child(root, SAVE_COUNTER);
            arrangement
                .leaves
                .push(Leaf::Constant(Tensor::scalar(counter)));
            let leaf = arrangement.leaves.len() - 1;
            arrangement.objects.set_variable(object, SAVE_COUNTER, leaf);
            leaf
        });
        let matching = Matching::find(&arrangement.objects, graph);
        let loading = Loading {
            arrangement: &arrangement,
            matching: &matching,
            bundle,
            graph,
        };
        let mut status = LoadStatus {
            matched: matching.len(),
            ..LoadStatus::default()
        };
        let mut values: Vec<(usize, Tensor)> = Vec::new();
        let mut restored_counter = None;
        let mut objects: Vec<_> = arrangement
            .objects
            .walk()
            .into_iter()
            .map(|(object, _)| object)
            .collect();
        let slots = objects
            .iter()
            .flat_map(|object| arrangement.objects.slots(*object));
        let slot_objects: Vec<_> = slots.map(|slot| slot.value).collect();
        objects.extend(slot_objects);
        let mut seen = HashSet::new();
        for object in objects.into_iter().filter(|object| seen.insert(*object)) {
            for value in arrangement.objects.values(object) {
                let leaf = value.source;
                let stored = loading.stored(object)?;
                if Some(leaf) == counter {
                    let number = stored.and_then(|stored| stored.values::<i64>());
                    restored_counter = number.and_then(|values| values.first().copied());
                    if restored_counter.is_none() {
                        status.unbound.push(SAVE_COUNTER.to_owned());
                    }
                    continue;
                }
                match (
                    loading.assignment(list, leaf, stored)?,
                    arrangement.leaves.get(leaf),
                ) {
                    (Some(value), _) => values.push(value),
                    (None, Some(Leaf::Variable(n) | Leaf::Scaled { variable: n, .. })) => {
                        status.unbound.push(name(list, *n));
                    }
                    (None, _) => {}
                }
            }
        }
        values.extend(loading.derived(&values));
        status.unresolved = loading.unresolved();
        for (number, value) in values {
            variables.assign(number, value)?;
        }
        Ok((status, restored_counter))
    }
}

/// What a restore works with.
struct Loading<'l> {
    arrangement: &'l Arrangement,
    matching: &'l Matching,
    bundle: &'l bundle::Reader,
    graph: &'l ObjectGraph,
}

impl Loading<'_> {
    /// The stored value of a variable's object.
    fn stored(
        &self,
        object: crate::object_graph::ObjectId,
    ) -> Result<Option<Tensor>, ManagementError> {
        let Some(node) = self.matching.node(object) else {
            return Ok(None);
        };
        let attributes = self.graph.attributes(node).iter();
        let mut values = attributes.filter(|attribute| attribute.name == VARIABLE_VALUE);
        match values.next() {
            Some(attribute) => Ok(Some(self.bundle.read(&attribute.checkpoint_key)?)),
            None => Ok(None),
        }
    }

    /// The variable that a leaf belongs to, and its new value.
    fn assignment(
        &self,
        list: &[Variable],
        leaf: usize,
        stored: Option<Tensor>,
    ) -> Result<Option<(usize, Tensor)>, ManagementError> {
        let (number, factor) = match self.arrangement.leaves.get(leaf) {
            Some(Leaf::Variable(number)) => (*number, None),
            Some(Leaf::Scaled { variable, factor }) => (*variable, Some(*factor)),
            Some(Leaf::Constant(_)) | None => return Ok(None),
        };
        let Some(variable) = list.get(number) else {
            return Ok(None);
        };
        let Some(mut value) = stored else {
            let absent = self.arrangement.optional.contains(&leaf);
            return match absent.then(|| Tensor::zeros(variable.dtype, &variable.shape)) {
                Some(zeros) => Ok(Some((number, zeros?))),
                None => Ok(None),
            };
        };
        if value.dtype() != variable.dtype {
            let (name, expected, found) = (variable.name.clone(), variable.dtype, value.dtype());
            return Err(Error::WrongDType {
                name,
                expected,
                found,
            }
            .into());
        }
        if value.shape() != variable.shape {
            let (name, expected, found) = (&variable.name, &variable.shape, value.shape());
            return Err(ManagementError::Mismatch(format!(
                "Received incompatible tensor with shape {found:?} when attempting to restore \
                 variable with shape {expected:?} and name {name}."
            )));
        }
        if let Some(factor) = factor.filter(|factor| *factor != 0.0) {
            value = scaled(&value, |value| value / factor).unwrap_or(value);
        }
        Ok(Some((number, value)))
    }

    /// Variables that follow from the counter of steps.
    fn derived(&self, values: &[(usize, Tensor)]) -> Vec<(usize, Tensor)> {
        let steps = |leaf: usize| {
            let Some(Leaf::Variable(counter)) = self.arrangement.leaves.get(leaf) else {
                return None;
            };
            let (_, value) = values.iter().find(|(number, _)| number == counter)?;
            value.values::<i64>()?.first().copied()
        };
        let derived = self.arrangement.derived.iter();
        let power = |derived: &crate::profile::Derived| {
            let steps = steps(derived.steps)?;
            Some((
                derived.variable,
                Tensor::scalar(beta_power(derived.beta, steps)),
            ))
        };
        derived.filter_map(power).collect()
    }

    /// Values of the checkpoint that nobody took.
    fn unresolved(&self) -> Vec<String> {
        let names: Vec<(usize, String)> = self.graph.walk();
        let taken = |node: usize| {
            let object = self.matching.object(node);
            object.is_some_and(|object| !self.arrangement.objects.values(object).is_empty())
        };
        names
            .into_iter()
            .filter(|(node, _)| !self.graph.attributes(*node).is_empty() && !taken(*node))
            .map(|(_, path)| format!("(root).{}", path.replace('/', ".")))
            .collect()
    }
}

fn name(list: &[Variable], number: usize) -> String {
    list.get(number)
        .map_or_else(String::new, |variable| variable.name.to_string())
}

/// Restores a name-based checkpoint by the names of the variables.
fn load_names(
    variables: &mut impl Restorable,
    list: &[Variable],
    reader: &CheckpointReader,
) -> Result<LoadStatus, ManagementError> {
    let mut status = LoadStatus {
        matched: 1,
        ..LoadStatus::default()
    };
    let mut values = Vec::new();
    let mut used: HashSet<&Name> = HashSet::new();
    for (number, variable) in list.iter().enumerate() {
        if !reader.contains(&variable.name)? {
            status.unbound.push(variable.name.to_string());
            continue;
        }
        let value = reader.read(&variable.name)?;
        if value.dtype() != variable.dtype || value.shape() != variable.shape {
            return Err(ManagementError::Mismatch(format!(
                "Received incompatible tensor of {} with shape {:?} when attempting to restore \
                 variable of {} with shape {:?} and name {}.",
                value.dtype(),
                value.shape(),
                variable.dtype,
                variable.shape,
                variable.name
            )));
        }
        used.insert(&variable.name);
        values.push((number, value));
    }
    status.matched += values.len();
    let stored = reader.list()?.into_iter().map(|(name, _, _)| name);
    status.unresolved = stored
        .filter(|name| !used.contains(name))
        .map(|name| name.to_string())
        .collect();
    for (number, value) in values {
        variables.assign(number, value)?;
    }
    Ok(status)
}
