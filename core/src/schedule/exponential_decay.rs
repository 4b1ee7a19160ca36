//! A constant ratio a period.

use super::progress::Progress;
use super::{Schedule, curve};
use crate::Zeroed;

/// `tf.train.exponential_decay`: lr·rate^(step/decay_steps), within a unit in the last place of
/// TensorFlow's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialDecay {
    learning_rate: f32,
    progress: Progress,
    decay_rate: f32,
}

impl ExponentialDecay {
    /// From `learning_rate` lr, times `decay_rate` every `decay_steps`.
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

impl Zeroed for ExponentialDecay {
    const ZERO: Self = Self::new(0.0, 0, 0.0);
}

impl Schedule for ExponentialDecay {
    fn at(&self, global_step: i64) -> f32 {
        self.learning_rate * curve::pow(self.decay_rate, self.progress.at(global_step))
    }
}
