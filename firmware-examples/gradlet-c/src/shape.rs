//! The shape of the head that the library is compiled for. These are the lines to change for
//! another model; then `cargo test -p gradlet-c` makes the header anew.

/// Features that the frozen model gives for a sample.
pub const GRADLET_FEATURES: usize = 48;

/// Classes that the head tells apart.
pub const GRADLET_CLASSES: usize = 10;

/// Samples of a batch, at most.
pub const GRADLET_BATCH: usize = 10;

/// Bytes of a `gradlet_head`: twelve for each parameter, and what the optimizer needs beside.
pub const GRADLET_HEAD_SIZE: usize = 12 * (GRADLET_FEATURES + 1) * GRADLET_CLASSES + 64;

/// Bytes of a `gradlet_batch`: for each sample its features, its label and four for each class.
pub const GRADLET_BATCH_SIZE: usize =
    (GRADLET_FEATURES + 4 * GRADLET_CLASSES + 2) * GRADLET_BATCH / 8 * 8 + 48;
