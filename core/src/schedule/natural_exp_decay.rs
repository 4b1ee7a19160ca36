//! A constant ratio a period, given by its logarithm.

use super::progress::Progress;
use super::{Schedule, curve};
use crate::Zeroed;
use crate::math;

/// `tf.train.natural_exp_decay`: lr·(e^−rate)^(step/decay_steps). The exponent magnifies what our
/// e^−rate and TensorFlow's differ by: up to one unit in the last place times
/// `step/decay_steps`, 29 units where that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NaturalExpDecay {
    learning_rate: f32,
    progress: Progress,
    decay_rate: f32,
}

impl NaturalExpDecay {
    /// From `learning_rate` lr, times e^−`decay_rate` every `decay_steps`.
    pub const fn new(learning_rate: f32, decay_steps: u32, decay_rate: f32) -> Self {
        Self {
            learning_rate,
            progress: Progress::new(decay_steps),
            decay_rate,
        }
    }

    /// The same in whole periods: the exponent is rounded down (`staircase=True`).
    #[must_use]
    pub const fn staircase(mut self) -> Self {
        self.progress = self.progress.staircase();
        self
    }
}

impl Zeroed for NaturalExpDecay {
    const ZERO: Self = Self::new(0.0, 0, 0.0);
}

impl Schedule for NaturalExpDecay {
    fn at(&self, global_step: i64) -> f32 {
        let ratio = math::exp(-self.decay_rate);
        self.learning_rate * curve::pow(ratio, self.progress.at(global_step))
    }
}
