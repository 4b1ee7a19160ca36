//! The shape of the head and of the flash that the library is compiled for. These are the lines to change for
//! another model; then `cargo test -p gradlet-c` makes the header anew.

/// Features that the frozen model gives for a sample.
pub const GRADLET_FEATURES: usize = 48;

/// Classes that the head tells apart.
pub const GRADLET_CLASSES: usize = 10;

/// Samples of a batch, at most.
pub const GRADLET_BATCH: usize = 10;

/// Bytes of the flash that can be written at once: 1, 2, 4, 8, 16 or 32.
pub const GRADLET_FLASH_WRITE_SIZE: usize = 4;

/// Bytes of a block of the flash, which are erased at once.
pub const GRADLET_FLASH_ERASE_SIZE: usize = 4096;

/// Bytes of a `gradlet_head`: twelve for each parameter, and what the optimizer needs beside.
pub const GRADLET_HEAD_SIZE: usize = 12 * (GRADLET_FEATURES + 1) * GRADLET_CLASSES + 64;

/// Bytes of a `gradlet_batch`: for each sample its features, its label and four for each class.
pub const GRADLET_BATCH_SIZE: usize =
    ((GRADLET_FEATURES + 4 * GRADLET_CLASSES + 8) * GRADLET_BATCH + 32) / 8 * 8;

/// Bytes of a `gradlet_manager`.
pub const GRADLET_MANAGER_SIZE: usize = 448;
