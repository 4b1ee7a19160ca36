//! The cross entropy of independent classes.

use super::elementwise::{Elementwise, labelled};
use crate::kernel::exp_of_non_positive;

/// `tf.compat.v1.losses.sigmoid_cross_entropy` (`tf.nn.sigmoid_cross_entropy_with_logits`): the
/// mean over the logits of max(z, 0) − z·p + log(1 + e^−|z|). For classes that do not exclude each
/// other, or one of two with a single output.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SigmoidCrossEntropy;

impl Elementwise for SigmoidCrossEntropy {
    fn element(&self, z: f32, p: f32) -> (f32, f32) {
        let power = exp_of_non_positive(-z.abs());
        let positive = if z < 0.0 { 0.0 } else { z };
        (
            positive - z * p + libm::log1pf(power),
            of_power(z, power) - p,
        )
    }
}

labelled!(SigmoidCrossEntropy);

/// σ(z) = 1/(1 + e^−z), within 3 units in the last place.
pub(crate) fn sigmoid(z: f32) -> f32 {
    of_power(z, exp_of_non_positive(-z.abs()))
}

/// σ(z), given e^−|z|.
fn of_power(z: f32, power: f32) -> f32 {
    let numerator = if z < 0.0 { power } else { 1.0 };
    numerator / (1.0 + power)
}
