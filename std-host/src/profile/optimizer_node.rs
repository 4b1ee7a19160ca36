//! The optimizer in an object graph: which object it is, of what kind, and in which form.

use std::collections::BTreeSet;

use super::family::{Family, slot_suffix};
use crate::management::ManagementError;
use crate::object_graph::ObjectGraph;

/// How an optimizer holds its variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// TensorFlow 1: slots.
    V1,
    /// Legacy `tf_keras`: slots, and values as variables.
    Legacy,
    /// Keras 3 and newer `tf_keras`: lists.
    Lists,
}

/// An optimizer in an object graph.
#[derive(Clone, Debug)]
pub(super) struct OptimizerNode {
    pub(super) node: usize,
    pub(super) form: Form,
    pub(super) family: &'static Family,
}

impl OptimizerNode {
    /// The optimizer of a graph; of several the first, with a note.
    pub(super) fn find(
        graph: &ObjectGraph,
        notes: &mut Vec<String>,
    ) -> Result<Option<OptimizerNode>, ManagementError> {
        let mut found = graph.walk().into_iter().filter_map(|(node, path)| {
            let form = form_of(graph, node)?;
            Some((node, path, form))
        });
        let Some((node, path, form)) = found.next() else {
            return Ok(None);
        };
        for (_, other, _) in found {
            notes.push(format!(
                "the optimizer at \"{other}\" was left out; only one is read"
            ));
        }
        let family = match form {
            Form::V1 => of_slots(graph, node, |slot| slot.name),
            Form::Legacy => of_slots(graph, node, |slot| slot.legacy),
            Form::Lists => of_lists(graph, node),
        };
        let family = family.ok_or_else(|| {
            ManagementError::Mismatch(format!(
                "the optimizer at \"{path}\" is of no known kind; it keeps {}",
                kept(graph, node, form)
                    .into_iter()
                    .collect::<Vec<_>>()
                    .join(", ")
            ))
        })?;
        Ok(Some(OptimizerNode { node, form, family }))
    }

    /// Objects that belong to the optimizer rather than to the model; slots aside.
    pub(super) fn owned(&self, graph: &ObjectGraph) -> BTreeSet<usize> {
        let mut owned = BTreeSet::new();
        for (name, child) in graph.children(self.node) {
            // What Keras 3 trains is listed here but is the model's.
            if name != "_trainable_variables" {
                owned.insert(child);
                owned.extend(graph.children(child).map(|(_, member)| member));
            }
        }
        owned
    }
}

fn form_of(graph: &ObjectGraph, node: usize) -> Option<Form> {
    let has = |name| graph.child(node, name).is_some();
    if has("_iterations") {
        return Some(Form::Lists);
    }
    if has("iter") && has("learning_rate") {
        return Some(Form::Legacy);
    }
    let keeps = graph.slots(node).next().is_some();
    (keeps || has("beta1_power")).then_some(Form::V1)
}

/// Names of what an optimizer keeps.
fn kept(graph: &ObjectGraph, node: usize, form: Form) -> BTreeSet<String> {
    match form {
        Form::V1 | Form::Legacy => graph
            .slots(node)
            .map(|(_, name, _)| name.to_owned())
            .collect(),
        Form::Lists => filled_lists(graph, node)
            .into_iter()
            .map(str::to_owned)
            .collect(),
    }
}

fn of_slots(
    graph: &ObjectGraph,
    node: usize,
    name_of: impl Fn(&super::family::Slot) -> &'static str,
) -> Option<&'static Family> {
    let kept: BTreeSet<&str> = graph.slots(node).map(|(_, name, _)| name).collect();
    let mut fitting = Family::all().iter().copied().filter(|family| {
        let slots: BTreeSet<&str> = family.slots.iter().map(&name_of).collect();
        slots == kept || is_rmsprop_without_momentum(family, &slots, &kept)
    });
    let first = fitting.next()?;
    // Adagrad and ProximalAdagrad keep the same; the slot variable is called after its optimizer.
    let value = graph.slots(node).next().map(|(_, _, value)| value);
    let named = value
        .and_then(|value| graph.attributes(value).first())
        .and_then(|attribute| {
            let (name, _) = slot_suffix(attribute.full_name.rsplit('/').next()?);
            fitting.find(|family| family.name == name)
        });
    Some(named.unwrap_or(first))
}

fn is_rmsprop_without_momentum(
    family: &Family,
    slots: &BTreeSet<&str>,
    kept: &BTreeSet<&str>,
) -> bool {
    family.name == "RMSProp"
        && kept.is_subset(slots)
        && slots.difference(kept).eq(["momentum"].iter())
}

/// Lists of variables of an optimizer, in order, that are not empty.
fn filled_lists(graph: &ObjectGraph, node: usize) -> Vec<&str> {
    let own = [
        "_variables",
        "_trainable_variables",
        "_trainable_variables_indices",
        "_index_dict",
    ];
    let lists = graph.children(node).filter(|(name, _)| !own.contains(name));
    lists
        .filter(|(_, list)| graph.children(*list).any(|(place, _)| place == "0"))
        .map(|(name, _)| name)
        .collect()
}

fn of_lists(graph: &ObjectGraph, node: usize) -> Option<&'static Family> {
    let lists = filled_lists(graph, node);
    let kept: BTreeSet<&str> = lists.iter().copied().collect();
    let fits = |family: &&&Family| {
        let Some(keras) = &family.keras else {
            return false;
        };
        let in_order: Vec<&str> = keras
            .order
            .iter()
            .filter_map(|&number| family.slots.get(number))
            .map(|slot| slot.list)
            .filter(|list| kept.contains(list))
            .collect();
        let optional = |list: &str| family.name == "RMSProp" && list == "_momentums";
        let complete = family
            .slots
            .iter()
            .all(|slot| kept.contains(slot.list) || optional(slot.list));
        // Adam and RMSprop keep lists of the same names; the order tells.
        complete && in_order == lists
    };
    Family::all().iter().find(fits).copied()
}
