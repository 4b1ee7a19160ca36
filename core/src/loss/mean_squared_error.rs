//! The squared error.

use super::elementwise::{Elementwise, labelled};

/// `tf.compat.v1.losses.mean_squared_error`: the mean over the outputs of (z − p)².
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MeanSquaredError;

impl Elementwise for MeanSquaredError {
    fn element(&self, z: f32, p: f32) -> (f32, f32) {
        let error = z - p;
        (error * error, 2.0 * error)
    }
}

labelled!(MeanSquaredError);
