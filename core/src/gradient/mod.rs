//! Gradients between their computation and their application.

mod clip;
mod indexed_slices;

pub use clip::{
    clip_by_global_norm, clip_by_norm, clip_by_value, clip_columns_by_norm, global_norm,
    global_scale,
};
pub use indexed_slices::{IndexedSlices, IndexedSlicesError};
