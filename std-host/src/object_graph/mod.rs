//! Object graphs: how object-based checkpoints (`tf.train.Checkpoint`) find their tensors.
//!
//! A name-based checkpoint names tensors by variables. An object-based one also stores, under the
//! key [`OBJECT_GRAPH_KEY`], the tree of the program's objects, and restoring walks that tree: the
//! names of its tensors follow from the shortest path to each object and can differ between
//! programs that share a model. [`Objects`] are what a program would save, [`ObjectGraph`] is what
//! a checkpoint holds.

mod graph;
pub(crate) mod key;
mod objects;
mod walk;

pub use graph::{GraphVariable, OBJECT_GRAPH_KEY, ObjectGraph};
pub use objects::{Encoded, ObjectId, ObjectValue, Objects, Slot};

pub use crate::proto::object_graph::TrackableObjectGraph;
