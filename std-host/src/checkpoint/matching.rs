//! Finding the objects of a program in the object graph of a checkpoint.

use std::collections::{HashMap, VecDeque};

use crate::object_graph::{ObjectGraph, ObjectId, Objects};

/// Which object of the program is which of the checkpoint.
#[derive(Debug, Default)]
pub(super) struct Matching {
    by_object: HashMap<ObjectId, usize>,
    by_node: HashMap<usize, ObjectId>,
}

impl Matching {
    /// Walks both from their roots along attributes of the same name, then matches slots of
    /// matched optimizers for matched variables.
    pub(super) fn find(objects: &Objects, graph: &ObjectGraph) -> Matching {
        let mut matching = Matching::default();
        let mut queue = VecDeque::new();
        matching.bind(objects.root(), 0);
        queue.push_back((objects.root(), 0));
        let mut order = Vec::new();
        while let Some((object, node)) = queue.pop_front() {
            for (name, child) in objects.children(object) {
                if let Some(other) = graph.child(node, name)
                    && matching.bind(*child, other)
                {
                    queue.push_back((*child, other));
                }
            }
            order.push((object, node));
        }
        for (object, node) in order {
            if objects.slots(object).is_empty() {
                continue;
            }
            let stored: HashMap<(usize, &str), usize> = graph
                .slots(node)
                .map(|(variable, name, value)| ((variable, name), value))
                .collect();
            for slot in objects.slots(object) {
                let Some(variable) = matching.node(slot.variable) else {
                    continue;
                };
                if let Some(&value) = stored.get(&(variable, slot.name.as_str())) {
                    matching.bind(slot.value, value);
                }
            }
        }
        matching
    }

    /// Notes that two are the same; `false` if either was matched before.
    fn bind(&mut self, object: ObjectId, node: usize) -> bool {
        if self.by_object.contains_key(&object) || self.by_node.contains_key(&node) {
            return false;
        }
        self.by_object.insert(object, node);
        self.by_node.insert(node, object);
        true
    }

    /// The object of the checkpoint that an object of the program is.
    pub(super) fn node(&self, object: ObjectId) -> Option<usize> {
        self.by_object.get(&object).copied()
    }

    /// The object of the program that an object of the checkpoint is.
    pub(super) fn object(&self, node: usize) -> Option<ObjectId> {
        self.by_node.get(&node).copied()
    }

    /// Number of matched objects.
    pub(super) fn len(&self) -> usize {
        self.by_node.len()
    }
}
