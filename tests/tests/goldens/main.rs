//! TensorFlow's own files, read and written again.

mod bundle;
