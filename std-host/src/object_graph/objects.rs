//! Objects that are to be saved, as a program holds them: attributes, values, optimizer slots.

use std::collections::{HashMap, VecDeque};

use super::key;
use crate::proto::object_graph::{
    BoolValue, ObjectReference, SerializedTensor, SlotVariableReference, TrackableObject,
    TrackableObjectGraph,
};

/// A set of objects that refer to each other, the first of which is the root
/// (`tf.train.Checkpoint`'s view of a program).
///
/// ```
/// use gradlet_host::object_graph::Objects;
///
/// let mut objects = Objects::new();
/// let head = objects.child(objects.root(), "head");
/// let kernel = objects.child(head, "kernel");
/// objects.set_variable(kernel, "head/kernel", 0);
/// let saved = objects.encode();
/// assert_eq!(saved.keys, [(0, "head/kernel/.ATTRIBUTES/VARIABLE_VALUE".to_owned())]);
/// ```
#[derive(Clone, Debug)]
pub struct Objects {
    objects: Vec<Object>,
}

/// One of the [`Objects`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(usize);

#[derive(Clone, Debug, Default)]
struct Object {
    children: Vec<(String, ObjectId)>,
    values: Vec<ObjectValue>,
    slots: Vec<Slot>,
}

/// A value of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectValue {
    /// Name of the value, `VARIABLE_VALUE` for variables.
    pub attribute: String,
    /// Name of the variable in name-based checkpoints; may be empty.
    pub full_name: String,
    /// Whose value it is, by the caller's own count.
    pub source: usize,
}

/// A variable that an optimizer keeps for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The other one.
    pub variable: ObjectId,
    /// What it keeps, for example `m`.
    pub name: String,
    /// The variable kept.
    pub value: ObjectId,
}

/// Objects in the form that a checkpoint stores.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The message for the key `_CHECKPOINTABLE_OBJECT_GRAPH`.
    pub graph: TrackableObjectGraph,
    /// For each value its source and the name of its tensor, in the order of the graph.
    pub keys: Vec<(usize, String)>,
}

impl Default for Objects {
    fn default() -> Objects {
        Objects::new()
    }
}

impl Objects {
    /// A root without attributes.
    pub fn new() -> Objects {
        Objects {
            objects: vec![Object::default()],
        }
    }

    /// The root.
    pub fn root(&self) -> ObjectId {
        ObjectId(0)
    }

    /// A new object that nothing refers to, such as a slot variable.
    pub fn add(&mut self) -> ObjectId {
        self.objects.push(Object::default());
        ObjectId(self.objects.len() - 1)
    }

    /// The attribute of `parent` with this name, which is made if it is missing.
    pub fn child(&mut self, parent: ObjectId, local_name: &str) -> ObjectId {
        if let Some(child) = self.get(parent, local_name) {
            return child;
        }
        let child = self.add();
        self.link(parent, local_name, child);
        child
    }

    /// The object at the end of a path of attribute names, made where it is missing.
    pub fn descend<'n>(
        &mut self,
        from: ObjectId,
        path: impl IntoIterator<Item = &'n str>,
    ) -> ObjectId {
        path.into_iter()
            .fold(from, |object, name| self.child(object, name))
    }

    /// The attribute of `parent` with this name.
    pub fn get(&self, parent: ObjectId, local_name: &str) -> Option<ObjectId> {
        let children = self.children(parent).iter();
        children
            .rev()
            .find(|(name, _)| name == local_name)
            .map(|(_, child)| *child)
    }

    /// Attributes of an object, in the order in which they were made.
    pub fn children(&self, object: ObjectId) -> &[(String, ObjectId)] {
        self.objects
            .get(object.0)
            .map_or(&[], |object| &object.children)
    }

    /// Values of an object.
    pub fn values(&self, object: ObjectId) -> &[ObjectValue] {
        self.objects
            .get(object.0)
            .map_or(&[], |object| &object.values)
    }

    /// What an optimizer keeps for other variables.
    pub fn slots(&self, object: ObjectId) -> &[Slot] {
        self.objects
            .get(object.0)
            .map_or(&[], |object| &object.slots)
    }

    /// Adds an attribute that is an object already there; objects may be reached in several ways.
    pub fn link(&mut self, parent: ObjectId, local_name: &str, child: ObjectId) {
        if let Some(object) = self.objects.get_mut(parent.0) {
            object.children.push((local_name.to_owned(), child));
        }
    }

    /// Makes an object a variable whose value is the caller's number `source`.
    pub fn set_variable(&mut self, object: ObjectId, full_name: &str, source: usize) {
        let attribute = key::VARIABLE_VALUE.to_owned();
        let full_name = full_name.to_owned();
        self.add_value(
            object,
            ObjectValue {
                attribute,
                full_name,
                source,
            },
        );
    }

    /// Adds a value to an object.
    pub fn add_value(&mut self, object: ObjectId, value: ObjectValue) {
        if let Some(object) = self.objects.get_mut(object.0) {
            object.values.push(value);
        }
    }

    /// Adds a slot to an optimizer.
    pub fn add_slot(&mut self, optimizer: ObjectId, slot: Slot) {
        if let Some(object) = self.objects.get_mut(optimizer.0) {
            object.slots.push(slot);
        }
    }

    /// Every object that can be reached from the root through attributes, in breadth-first order,
    /// with its path.
    pub fn walk(&self) -> Vec<(ObjectId, String)> {
        let mut seen = vec![false; self.objects.len()];
        let mut queue = VecDeque::from([(self.root(), String::new())]);
        let mut order = Vec::new();
        if let Some(root) = seen.first_mut() {
            *root = true;
        }
        while let Some((object, path)) = queue.pop_front() {
            for (name, child) in self.children(object) {
                if let Some(new @ false) = seen.get_mut(child.0) {
                    *new = true;
                    queue.push_back((*child, key::child_path(&path, name)));
                }
            }
            order.push((object, path));
        }
        order
    }

    /// The form that a checkpoint stores, as TensorFlow makes it: objects numbered in breadth-first
    /// order, slot variables after them, tensors named by the shortest path to their object.
    pub fn encode(&self) -> Encoded {
        let mut order = self.walk();
        let mut numbers: HashMap<ObjectId, usize> = order
            .iter()
            .enumerate()
            .map(|(number, (object, _))| (*object, number))
            .collect();
        let reachable = order.len();
        let mut slot_references = Vec::new();
        for optimizer in 0..reachable {
            let Some((object, optimizer_path)) = order.get(optimizer).cloned() else {
                break;
            };
            for slot in self.slots(object) {
                let Some(&variable) = numbers.get(&slot.variable) else {
                    continue;
                };
                let variable_path = order.get(variable).map_or("", |(_, path)| path.as_str());
                let path = key::slot_path(variable_path, &optimizer_path, &slot.name);
                let number = *numbers.entry(slot.value).or_insert_with(|| {
                    order.push((slot.value, path));
                    order.len() - 1
                });
                let reference = SlotVariableReference {
                    original_variable_node_id: variable as i32,
                    slot_name: slot.name.clone(),
                    slot_variable_node_id: number as i32,
                };
                slot_references.push((optimizer, reference));
            }
        }
        let mut keys = Vec::new();
        let mut nodes: Vec<TrackableObject> = Vec::with_capacity(order.len());
        for (object, path) in &order {
            let references = self.children(*object).iter().filter_map(|(name, child)| {
                let node_id = *numbers.get(child)? as i32;
                Some(ObjectReference {
                    node_id,
                    local_name: name.clone(),
                })
            });
            let attributes = self.values(*object).iter().map(|value| {
                let checkpoint_key = key::attribute_key(path, &value.attribute);
                keys.push((value.source, checkpoint_key.clone()));
                let (name, full_name) = (value.attribute.clone(), value.full_name.clone());
                SerializedTensor {
                    name,
                    full_name,
                    checkpoint_key,
                }
            });
            nodes.push(TrackableObject {
                children: references.collect(),
                attributes: attributes.collect(),
                ..TrackableObject::default()
            });
        }
        for (optimizer, reference) in slot_references {
            if let Some(node) = nodes.get_mut(optimizer) {
                node.slot_variables.push(reference);
            }
        }
        mark_values(&mut nodes);
        Encoded {
            graph: TrackableObjectGraph { nodes },
            keys,
        }
    }
}

/// Tells for each object whether it, or anything that can be reached from it, has values.
fn mark_values(nodes: &mut [TrackableObject]) {
    let mut parents = vec![Vec::new(); nodes.len()];
    for (number, node) in nodes.iter().enumerate() {
        for child in &node.children {
            let child = usize::try_from(child.node_id).ok();
            if let Some(parents) = child.and_then(|child| parents.get_mut(child)) {
                parents.push(number);
            }
        }
    }
    let mut marked: Vec<bool> = nodes
        .iter()
        .map(|node| {
            !node.attributes.is_empty()
                || !node.slot_variables.is_empty()
                || node.registered_saver.is_some()
        })
        .collect();
    let mut to_visit: Vec<usize> = marked
        .iter()
        .enumerate()
        .filter(|(_, marked)| **marked)
        .map(|(number, _)| number)
        .collect();
    while let Some(number) = to_visit.pop() {
        for &parent in parents.get(number).into_iter().flatten() {
            if let Some(new @ false) = marked.get_mut(parent) {
                *new = true;
                to_visit.push(parent);
            }
        }
    }
    for (node, value) in nodes.iter_mut().zip(marked) {
        node.has_checkpoint_values = Some(BoolValue { value });
    }
}
