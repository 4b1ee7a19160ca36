//! The hinge loss.

use super::elementwise::{Elementwise, labelled};

/// `tf.compat.v1.losses.hinge_loss` with labels 0 and 1: the mean over the outputs of
/// max(0, 1 − s·z), s = 2·p − 1. Where 1 − s·z is 0, the derivative is 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hinge;

impl Elementwise for Hinge {
    fn element(&self, z: f32, p: f32) -> (f32, f32) {
        let side = 2.0 * p - 1.0;
        let margin = 1.0 - side * z;
        match margin <= 0.0 {
            true => (0.0, 0.0),
            // Also where the margin is no number.
            false => (margin, -side),
        }
    }
}

labelled!(Hinge);
