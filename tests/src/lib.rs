//! What the test targets share: where goldens and stories lie, what TensorFlow's kernels do, how
//! heads compare with it, and how figures are printed.

pub mod c_power;
#[cfg(target_arch = "x86_64")]
pub mod eigen;
pub mod figures;
pub mod golden;
pub mod heads;
pub mod model;
