//! TensorFlow's own files, read and written again.

mod bundle;
mod merge;
mod records;
mod slices;
mod state;
