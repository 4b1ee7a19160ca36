//! The objects of a checkpoint, read.

use std::collections::{HashMap, HashSet};

use prost::Message as _;

use super::key;
use super::objects::{ObjectId, ObjectValue, Objects, Slot};
use crate::bundle;
use crate::management::ManagementError;
use crate::name::Name;
use crate::proto::object_graph::{SerializedTensor, TrackableObject, TrackableObjectGraph};

/// Name of the tensor that holds the graph.
pub const OBJECT_GRAPH_KEY: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

/// The paths of all objects may take this many times the length of the message: they share their
/// beginnings, and the message does not repeat them.
const MOST_EXPANSION: u64 = 64;

/// And this much in any case.
const LEAST_BUDGET: u64 = 1 << 20;

/// The object graph of a checkpoint, checked: every reference leads to an object
/// (`TrackableObjectGraph`, `tf.train.TrackableView`).
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectGraph {
    nodes: Vec<TrackableObject>,
}

/// A variable of an object graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphVariable {
    /// Number of its object.
    pub node: usize,
    /// Attribute names from the root, escaped and joined by `/`; for a slot variable the path that
    /// TensorFlow gives it.
    pub path: String,
    /// Name in name-based checkpoints; often empty, not always unique.
    pub full_name: String,
    /// Name of the tensor in the bundle.
    pub key: Name,
    /// Where the variable is a slot: number of the optimizer, number of its variable, slot name.
    pub slot: Option<(usize, usize, String)>,
}

/// An object on a walk from the root.
struct Step<'g> {
    node: usize,
    reached_by: Reached<'g>,
}

/// How a walk came to an object.
enum Reached<'g> {
    Root,
    Attribute {
        parent: usize,
        name: &'g str,
    },
    Slot {
        variable: usize,
        optimizer: usize,
        name: &'g str,
    },
}

impl ObjectGraph {
    /// The object graph of an open bundle, or `None` if the bundle is name-based.
    ///
    /// # Errors
    /// The tensor is damaged or no object graph.
    pub fn read(bundle: &bundle::Reader) -> Result<Option<ObjectGraph>, ManagementError> {
        if !bundle.contains(OBJECT_GRAPH_KEY)? {
            return Ok(None);
        }
        let tensor = bundle.read(OBJECT_GRAPH_KEY)?;
        let encoded = tensor.strings().and_then(|strings| strings.iter().next());
        let fault = |reason: String| ManagementError::DamagedMessage {
            what: "object graph",
            prefix: bundle.prefix().display().to_string(),
            reason,
        };
        let encoded = encoded.ok_or_else(|| fault("it is no string".to_owned()))?;
        ObjectGraph::decode(encoded).map(Some).map_err(fault)
    }

    /// Decodes and checks the message; the reason if it cannot be used.
    pub fn decode(encoded: &[u8]) -> Result<ObjectGraph, String> {
        let graph = TrackableObjectGraph::decode(encoded).map_err(|error| error.to_string())?;
        ObjectGraph::check(graph)
    }

    /// Checks that every reference leads to an object; the reason if one does not.
    pub fn check(graph: TrackableObjectGraph) -> Result<ObjectGraph, String> {
        let count = graph.nodes.len();
        if count == 0 {
            return Err("it has no objects, not even a root".to_owned());
        }
        let inside = |id: i32| usize::try_from(id).is_ok_and(|id| id < count);
        for (number, node) in graph.nodes.iter().enumerate() {
            let children = node.children.iter().map(|child| child.node_id);
            let slots = node
                .slot_variables
                .iter()
                .flat_map(|slot| [slot.original_variable_node_id, slot.slot_variable_node_id]);
            if let Some(wrong) = children.chain(slots).find(|&id| !inside(id)) {
                return Err(format!(
                    "object {number} refers to object {wrong} of {count}"
                ));
            }
        }
        let budget = MOST_EXPANSION * graph.encoded_len() as u64 + LEAST_BUDGET;
        let graph = ObjectGraph { nodes: graph.nodes };
        if graph.length_of_paths() > budget {
            return Err(format!(
                "the paths of its {count} objects take more than {budget} bytes"
            ));
        }
        Ok(graph)
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never true: a graph has a root.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Attributes of an object that are objects: name and number.
    pub fn children(&self, node: usize) -> impl DoubleEndedIterator<Item = (&str, usize)> {
        let children = self.nodes.get(node).map_or(&[][..], |node| &node.children);
        children
            .iter()
            .map(|child| (child.local_name.as_str(), index(child.node_id)))
    }

    /// The attribute of an object with this name.
    pub fn child(&self, node: usize, local_name: &str) -> Option<usize> {
        self.children(node)
            .find(|(name, _)| *name == local_name)
            .map(|(_, child)| child)
    }

    /// The object at the end of a path of attribute names from the root.
    pub fn find<'n>(&self, path: impl IntoIterator<Item = &'n str>) -> Option<usize> {
        path.into_iter()
            .try_fold(0, |node, name| self.child(node, name))
    }

    /// Values of an object.
    pub fn attributes(&self, node: usize) -> &[SerializedTensor] {
        self.nodes.get(node).map_or(&[], |node| &node.attributes)
    }

    /// What an optimizer keeps: number of the variable, slot name, number of the slot variable.
    pub fn slots(&self, node: usize) -> impl Iterator<Item = (usize, &str, usize)> {
        let slots = self
            .nodes
            .get(node)
            .map_or(&[][..], |node| &node.slot_variables);
        slots.iter().map(|slot| {
            let variable = index(slot.original_variable_node_id);
            (
                variable,
                slot.slot_name.as_str(),
                index(slot.slot_variable_node_id),
            )
        })
    }

    /// Objects that can be reached from the root, in breadth-first order, with the path by which
    /// they were first reached; slot variables after them.
    pub fn walk(&self) -> Vec<(usize, String)> {
        let mut paths: Vec<Option<String>> = vec![None; self.nodes.len()];
        let mut order = Vec::new();
        for Step { node, reached_by } in self.steps() {
            let of = |node: usize| paths.get(node).cloned().flatten().unwrap_or_default();
            let path = match reached_by {
                Reached::Root => String::new(),
                Reached::Attribute { parent, name } => key::child_path(&of(parent), name),
                Reached::Slot {
                    variable,
                    optimizer,
                    name,
                } => key::slot_path(&of(variable), &of(optimizer), name),
            };
            if let Some(place) = paths.get_mut(node) {
                *place = Some(path.clone());
            }
            order.push((node, path));
        }
        order
    }

    /// Objects in the order in which a walk from the root first reaches them, and how.
    fn steps(&self) -> Vec<Step<'_>> {
        let mut reached = vec![false; self.nodes.len()];
        let mut first = |node: usize| match reached.get_mut(node) {
            Some(reached) => !std::mem::replace(reached, true),
            None => false,
        };
        let mut steps = Vec::new();
        if first(0) {
            steps.push(Step {
                node: 0,
                reached_by: Reached::Root,
            });
        }
        let mut done = 0;
        while let Some(&Step { node: parent, .. }) = steps.get(done) {
            for (name, node) in self.children(parent) {
                if first(node) {
                    steps.push(Step {
                        node,
                        reached_by: Reached::Attribute { parent, name },
                    });
                }
            }
            done += 1;
        }
        let reachable: Vec<usize> = steps.iter().map(|step| step.node).collect();
        let known: HashSet<usize> = reachable.iter().copied().collect();
        for optimizer in reachable {
            for (variable, name, node) in self.slots(optimizer) {
                if known.contains(&variable) && first(node) {
                    let reached_by = Reached::Slot {
                        variable,
                        optimizer,
                        name,
                    };
                    steps.push(Step { node, reached_by });
                }
            }
        }
        steps
    }

    /// Bytes that the paths of all objects take together: a chain of objects can make them the
    /// square of the graph.
    fn length_of_paths(&self) -> u64 {
        let mut lengths = vec![0_u64; self.nodes.len()];
        let mut total = 0_u64;
        for Step { node, reached_by } in self.steps() {
            let of = |node: usize| lengths.get(node).copied().unwrap_or(0);
            let length = match reached_by {
                Reached::Root => 0,
                Reached::Attribute { parent, name } => of(parent) + 2 * name.len() as u64 + 1,
                Reached::Slot {
                    variable,
                    optimizer,
                    name,
                } => of(variable) + of(optimizer) + 2 * name.len() as u64 + 20,
            };
            if let Some(place) = lengths.get_mut(node) {
                *place = length;
            }
            total = total.saturating_add(length);
        }
        total
    }

    /// The variables in the order of [`ObjectGraph::walk`].
    pub fn variables(&self) -> Vec<GraphVariable> {
        let mut slots = HashMap::new();
        for optimizer in 0..self.nodes.len() {
            for (variable, name, value) in self.slots(optimizer) {
                slots
                    .entry(value)
                    .or_insert_with(|| (optimizer, variable, name.to_owned()));
            }
        }
        let variable_of = |(node, path): (usize, String)| {
            let attribute = self
                .attributes(node)
                .iter()
                .find(|value| value.name == key::VARIABLE_VALUE)?;
            Some(GraphVariable {
                node,
                path,
                full_name: attribute.full_name.clone(),
                key: Name::from(attribute.checkpoint_key.as_str()),
                slot: slots.get(&node).cloned(),
            })
        };
        self.walk().into_iter().filter_map(variable_of).collect()
    }

    /// Names in name-based checkpoints and the tensors that hold their values
    /// (`tf.compat.v1.train.Saver`'s way to read object-based checkpoints).
    pub fn names_to_keys(&self) -> HashMap<&str, &str> {
        let attributes = self.nodes.iter().flat_map(|node| &node.attributes);
        attributes
            .map(|value| (value.full_name.as_str(), value.checkpoint_key.as_str()))
            .collect()
    }

    /// The objects as a program holds them, without numbers and tensor names. Values have the
    /// position of their tensor's name in the list returned as their source.
    pub fn to_objects(&self) -> (Objects, Vec<Name>) {
        let mut objects = Objects::new();
        let ids: Vec<ObjectId> = (0..self.nodes.len())
            .map(|node| {
                if node == 0 {
                    objects.root()
                } else {
                    objects.add()
                }
            })
            .collect();
        let mut keys = Vec::new();
        for (node, &object) in ids.iter().enumerate() {
            for (name, child) in self.children(node) {
                if let Some(&child) = ids.get(child) {
                    objects.link(object, name, child);
                }
            }
            for value in self.attributes(node) {
                let (attribute, full_name) = (value.name.clone(), value.full_name.clone());
                let source = keys.len();
                keys.push(Name::from(value.checkpoint_key.as_str()));
                objects.add_value(
                    object,
                    ObjectValue {
                        attribute,
                        full_name,
                        source,
                    },
                );
            }
            for (variable, name, value) in self.slots(node) {
                if let (Some(&variable), Some(&value)) = (ids.get(variable), ids.get(value)) {
                    objects.add_slot(
                        object,
                        Slot {
                            variable,
                            name: name.to_owned(),
                            value,
                        },
                    );
                }
            }
        }
        (objects, keys)
    }
}

/// An object number that [`ObjectGraph::check`] has seen; others lead to no object.
fn index(id: i32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::object_graph::ObjectReference;

    fn graph(children: &[&[(i32, &str)]]) -> TrackableObjectGraph {
        let node = |children: &&[(i32, &str)]| TrackableObject {
            children: children
                .iter()
                .map(|&(node_id, name)| ObjectReference {
                    node_id,
                    local_name: name.to_owned(),
                })
                .collect(),
            ..TrackableObject::default()
        };
        TrackableObjectGraph {
            nodes: children.iter().map(node).collect(),
        }
    }

    #[test]
    fn references_to_nowhere_are_refused() {
        assert!(
            ObjectGraph::check(graph(&[])).is_err(),
            "a graph needs a root"
        );
        assert!(
            ObjectGraph::check(graph(&[&[(1, "a")]])).is_err(),
            "object 1 of 1"
        );
        assert!(
            ObjectGraph::check(graph(&[&[(-1, "a")]])).is_err(),
            "a negative number"
        );
        assert!(ObjectGraph::decode(b"\xff").is_err(), "no message at all");
    }

    #[test]
    fn a_chain_of_objects_does_not_take_the_square_of_its_length() {
        let count = 20_000;
        let node = |i: usize| {
            let next = ObjectReference {
                node_id: i as i32 + 1,
                local_name: "next".to_owned(),
            };
            let children = if i + 1 < count {
                vec![next]
            } else {
                Vec::new()
            };
            TrackableObject {
                children,
                ..TrackableObject::default()
            }
        };
        let chain = TrackableObjectGraph {
            nodes: (0..count).map(node).collect(),
        };
        assert!(
            ObjectGraph::check(chain).is_err(),
            "2 GB of paths from 300 KB"
        );
    }

    #[test]
    fn circles_and_shared_objects_are_walked_once_by_the_shortest_path() {
        let circle = graph(&[
            &[(1, "a"), (0, "root")],
            &[(2, "b"), (1, "self")],
            &[(0, "up")],
        ]);
        let walked = ObjectGraph::check(circle).unwrap().walk();
        assert_eq!(
            walked,
            [
                (0, String::new()),
                (1, "a".to_owned()),
                (2, "a/b".to_owned())
            ]
        );
    }
}
