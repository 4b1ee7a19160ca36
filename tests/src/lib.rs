//! What the test targets share: where goldens and stories lie, how figures are printed.

pub mod figures;
//! What the test targets share: where goldens and stories lie, and what TensorFlow's kernels do.
#[cfg(target_arch = "x86_64")]
pub mod eigen;
pub mod golden;
