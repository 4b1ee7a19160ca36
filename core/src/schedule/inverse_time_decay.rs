//! A rate that falls as one over the time.

use super::Schedule;
use super::progress::Progress;
use crate::Zeroed;

/// `tf.train.inverse_time_decay`: lr/(1 + rate·(step/decay_steps)), to TensorFlow's bit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InverseTimeDecay {
    learning_rate: f32,
    progress: Progress,
    decay_rate: f32,
}

impl InverseTimeDecay {
    /// From `learning_rate` lr, with `decay_rate` a period of `decay_steps`.
    pub const fn new(learning_rate: f32, decay_steps: u32, decay_rate: f32) -> Self {
        Self {
            learning_rate,
            progress: Progress::new(decay_steps),
            decay_rate,
        }
    }

    /// The same in whole periods: step/decay_steps is rounded down (`staircase=True`).
    #[must_use]
    pub const fn staircase(mut self) -> Self {
        self.progress = self.progress.staircase();
        self
    }
}

impl Zeroed for InverseTimeDecay {
    const ZERO: Self = Self::new(0.0, 0, 0.0);
}

impl Schedule for InverseTimeDecay {
    fn at(&self, global_step: i64) -> f32 {
        self.learning_rate / (1.0 + self.decay_rate * self.progress.at(global_step))
    }
}
