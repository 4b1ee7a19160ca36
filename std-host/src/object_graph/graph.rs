//! The objects of a checkpoint, read.

use std::collections::HashMap;

use prost::Message as _;

use super::key;
use super::objects::{ObjectId, ObjectValue, Objects, Slot};
use super::walk;
use crate::bundle;
use crate::management::ManagementError;
use crate::name::Name;
use crate::proto::object_graph::{SerializedTensor, TrackableObject, TrackableObjectGraph};

/// Name of the tensor that holds the graph.
pub const OBJECT_GRAPH_KEY: &str = "_CHECKPOINTABLE_OBJECT_GRAPH";

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
        let budget = walk::MOST_EXPANSION * graph.encoded_len() as u64 + walk::LEAST_BUDGET;
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
pub(super) mod tests {
    use super::*;
    use crate::proto::object_graph::ObjectReference;

    pub(in crate::object_graph) fn graph(children: &[&[(i32, &str)]]) -> TrackableObjectGraph {
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
}
