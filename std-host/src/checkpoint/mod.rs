//! Checkpoints of either format, looked into and by their objects.

mod reader;

pub use reader::{CheckpointReader, list_variables, load_checkpoint, load_variable};
