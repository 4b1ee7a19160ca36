//! Gradients between their computation and their application.

mod clip;
mod indexed_slices;
mod process;

pub use clip::{
    clip_by_global_norm, clip_by_norm, clip_by_value, clip_columns_by_norm, global_norm,
    global_scale,
};
pub use indexed_slices::{IndexedSlices, IndexedSlicesError};
pub use process::{
    ClipByNorm, ClipByValue, L1L2, OnKernels, Piece, Process, Scale, Then, Unprocessed,
};

pub(crate) use clip::{SumOfSquares, root};
pub(crate) use process::PARAMETERS;
