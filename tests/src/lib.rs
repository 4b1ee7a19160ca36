//! What the test targets share: where goldens and stories lie.

pub mod golden;
