//! What the test targets share: where goldens and stories lie, how figures are printed.

pub mod figures;
pub mod golden;
