//! How well a head does, counted as it goes.
//!
//! Metrics are variables of the collection [`LOCAL`](crate::variable::Collections::LOCAL), as in
//! TensorFlow: a checkpoint does not hold them.

mod accuracy;
mod confusion_matrix;

pub use accuracy::Accuracy;
pub use confusion_matrix::ConfusionMatrix;
