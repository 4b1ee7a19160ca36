//! MetaGraphs (`.meta` files): a graph that saves and restores variables, for programs that rebuild
//! theirs with `tf.compat.v1.train.import_meta_graph`.
//!
//! ```
//! use gradlet_host::meta_graph::{Collection, GraphVariable, MetaGraph, saver_def};
//! use gradlet_host::{DType, Variable};
//!
//! let kernel = GraphVariable::new(Variable::new("head/kernel", DType::Float32, &[64, 10]))
//!     .in_collection(Collection::Trainable);
//! let meta = MetaGraph::build(&[kernel], &saver_def(5, 10_000.0));
//! assert_eq!(meta.variables()?[0].op_name, "head/kernel");
//! # Ok::<(), gradlet_host::meta_graph::MetaGraphError>(())
//! ```

mod build;
mod edit;
mod nodes;
mod read;
mod roles;
mod schema;
mod write;

use crate::proto::meta_graph::MetaGraphDef;
use crate::variables::Variable;

pub use crate::proto::saver::SaverDef;
pub use build::saver_def;
pub use read::{CollectionSummary, MetaGraphError};
pub use roles::variables_in_collections;

/// A graph with its saver and collections (`MetaGraphDef`).
///
/// What this library does not understand is carried along unchanged.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct MetaGraph {
    def: MetaGraphDef,
}

/// A variable of a graph (`VariableDef`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphVariable {
    /// Name of its operation; for a part of a partitioned variable `NAME/part_0` and so on.
    pub op_name: String,
    /// Its name in checkpoints, type and shape.
    pub variable: Variable,
    /// Resource or reference.
    pub kind: VariableKind,
    /// The collections that it is in.
    pub collections: Vec<Collection>,
}

/// How a graph holds a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VariableKind {
    /// By a handle, as `tf.compat.v1.get_variable(use_resource=True)` and TensorFlow 2 make them.
    #[default]
    Resource,
    /// As a buffer, the older way.
    Reference,
}

/// TensorFlow's collections of variables (`tf.compat.v1.GraphKeys`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collection {
    /// `tf.compat.v1.global_variables`: what a saver saves unless told otherwise.
    Global,
    /// `tf.compat.v1.local_variables`: not saved.
    Local,
    /// `tf.compat.v1.model_variables`: what inference needs.
    Model,
    /// `tf.compat.v1.trainable_variables`: what optimizers train.
    Trainable,
    /// `tf.compat.v1.moving_average_variables`: what moving averages are kept of.
    MovingAverage,
}

impl Collection {
    /// All of them.
    pub const ALL: [Collection; 5] = [
        Collection::Global,
        Collection::Local,
        Collection::Model,
        Collection::Trainable,
        Collection::MovingAverage,
    ];

    /// The name of the collection in a graph.
    pub const fn name(self) -> &'static str {
        match self {
            Collection::Global => "variables",
            Collection::Local => "local_variables",
            Collection::Model => "model_variables",
            Collection::Trainable => "trainable_variables",
            Collection::MovingAverage => "moving_average_variables",
        }
    }
}

impl GraphVariable {
    /// A resource variable in the collection of global variables, whose operation is called as the
    /// variable is.
    pub fn new(variable: Variable) -> GraphVariable {
        GraphVariable {
            op_name: variable.name.to_string(),
            variable,
            kind: VariableKind::Resource,
            collections: vec![Collection::Global],
        }
    }

    /// The variable, also in this collection; a local variable is not global.
    #[must_use]
    pub fn in_collection(mut self, collection: Collection) -> GraphVariable {
        if collection == Collection::Local {
            self.collections
                .retain(|&other| other != Collection::Global);
        }
        if !self.collections.contains(&collection) {
            self.collections.push(collection);
        }
        self
    }
}
