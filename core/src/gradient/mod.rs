//! Gradients between their computation and their application.

mod indexed_slices;

pub use indexed_slices::{IndexedSlices, IndexedSlicesError};
