//! Walking an object graph from its root.

use std::collections::HashSet;

use super::graph::ObjectGraph;
use super::key;

/// The paths of all objects may take this many times the length of the message: they share their
/// beginnings, and the message does not repeat them.
pub(super) const MOST_EXPANSION: u64 = 64;

/// And this much in any case.
pub(super) const LEAST_BUDGET: u64 = 1 << 20;

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
    /// Objects that can be reached from the root, in breadth-first order, with the path by which
    /// they were first reached; slot variables after them.
    pub fn walk(&self) -> Vec<(usize, String)> {
        let mut paths: Vec<Option<String>> = vec![None; self.len()];
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
        let mut reached = vec![false; self.len()];
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
    pub(super) fn length_of_paths(&self) -> u64 {
        let mut lengths = vec![0_u64; self.len()];
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
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::graph;
    use super::*;
    use crate::proto::object_graph::{ObjectReference, TrackableObject, TrackableObjectGraph};

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
