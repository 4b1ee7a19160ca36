//! TensorFlow's own files, read and written again.

mod bundle;
mod events;
mod merge;
mod records;
mod slices;
mod state;
