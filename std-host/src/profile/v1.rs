//! Objects of TensorFlow 1: modules by the parts of the names, an optimizer with slots.

use std::collections::{BTreeMap, BTreeSet};

use super::GLOBAL_STEP;
use super::arrangement::{Arrangement, Leaf, Plan};
use crate::mapping::parts;
use crate::object_graph::{ObjectId, Slot};

/// Arranges the variables of a plan.
pub(super) fn arrange(plan: &Plan<'_>) -> Arrangement {
    let mut made = Arrangement::default();
    let root = made.objects.root();
    let roles = &plan.roles;
    let optimizer_path: Vec<&str> = plan.mapping.optimizer_path().collect();
    let paths: BTreeMap<usize, Vec<&str>> = path_of_all(plan).into_iter().collect();
    // `tf.train.Checkpoint` keeps its arguments in the order of their names.
    let has_optimizer = !roles.slots.is_empty() || !roles.scalars.is_empty();
    let optimizer_top = optimizer_path.first().filter(|_| has_optimizer);
    let tops: BTreeSet<&str> = paths
        .values()
        .filter_map(|path| path.first())
        .chain(optimizer_top)
        .copied()
        .collect();
    for top in tops {
        made.objects.child(root, top);
    }
    let mut objects: BTreeMap<usize, ObjectId> = BTreeMap::new();
    for (&number, path) in &paths {
        let object = made.objects.descend(root, path.iter().copied());
        made.set_variable(object, plan, number);
        objects.insert(number, object);
    }
    if !has_optimizer {
        return made;
    }
    let optimizer = made.objects.descend(root, optimizer_path);
    for (scalar, &number) in &roles.scalars {
        let object = made.objects.child(optimizer, scalar);
        made.set_variable(object, plan, number);
    }
    let slots = roles.optimizer.map_or(&[][..], |family| family.slots);
    for (place, slot) in slots.iter().enumerate() {
        for &number in &roles.model {
            let value = roles.slots.get(&number).and_then(|slots| slots.get(place));
            if let (Some(&variable), Some(&value)) = (objects.get(&number), value) {
                let object = made.objects.add();
                made.set(object, plan.name(value), Leaf::Variable(value));
                let slot = Slot {
                    variable,
                    name: slot.name.to_owned(),
                    value: object,
                };
                made.objects.add_slot(optimizer, slot);
            }
        }
    }
    made
}

/// Attribute names for every variable that is an object of its own.
fn path_of_all<'p>(plan: &'p Plan<'_>) -> Vec<(usize, Vec<&'p str>)> {
    let roles = &plan.roles;
    let own = roles
        .model
        .iter()
        .chain(roles.averages.values())
        .chain(&roles.global_step);
    let path_of = |&number: &usize| {
        let name = plan.name(number);
        let path = match plan.mapping.paths.get(name) {
            Some(path) => parts(path).collect(),
            None if name == GLOBAL_STEP => vec![GLOBAL_STEP],
            None => plan.mapping.model_path().chain(parts(name)).collect(),
        };
        (number, path)
    };
    own.map(path_of).collect()
}
