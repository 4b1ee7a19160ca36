//! TensorFlow's own files, read and written again.

mod bundle;
mod merge;
mod slices;
mod state;
