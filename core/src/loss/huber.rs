//! The Huber loss.

use super::elementwise::{Elementwise, labelled};

/// `tf.compat.v1.losses.huber_loss` (Huber 1964): the mean over the outputs, with e = z − p and
/// q = min(|e|, δ), of ½·q² + δ·(|e| − q). Outliers count linearly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    delta: f32,
}

impl Huber {
    /// With `delta` δ, the error from which on the loss is linear (TensorFlow's default is 1).
    pub const fn new(delta: f32) -> Self {
        Self { delta }
    }
}

impl Default for Huber {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Elementwise for Huber {
    fn element(&self, z: f32, p: f32) -> (f32, f32) {
        let error = z - p;
        let distance = error.abs();
        match distance > self.delta {
            true => {
                let (quadratic, linear) = (self.delta, distance - self.delta);
                let loss = 0.5 * quadratic * quadratic + self.delta * linear;
                (loss, self.delta.copysign(error))
            }
            // Also where the error is no number.
            false => (0.5 * distance * distance, error),
        }
    }
}

labelled!(Huber);
