//! A straight line times a cosine wave.

use super::Schedule;
use super::cosine_decay::half_wave;
use super::progress::Progress;
use crate::Zeroed;

/// `tf.train.linear_cosine_decay` (Bello and others 2017):
/// lr·((α + l)·½(1 + cos(π·2·periods·p)) + β) with s = min(step, decay_steps),
/// l = (decay_steps − s)/decay_steps and p = s/decay_steps: within a unit in the last place of
/// TensorFlow's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearCosineDecay {
    learning_rate: f32,
    progress: Progress,
    num_periods: f32,
    alpha: f32,
    beta: f32,
}

impl LinearCosineDecay {
    /// With TensorFlow's defaults: half a period, α 0, β 0.001.
    pub const fn new(learning_rate: f32, decay_steps: u32) -> Self {
        Self {
            learning_rate,
            progress: Progress::new(decay_steps),
            num_periods: 0.5,
            alpha: 0.0,
            beta: 0.001,
        }
    }

    /// With the number of periods of the cosine.
    #[must_use]
    pub const fn num_periods(mut self, num_periods: f32) -> Self {
        self.num_periods = num_periods;
        self
    }

    /// With α, which lifts the line.
    #[must_use]
    pub const fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }

    /// With β, the last rate as a fraction of lr.
    #[must_use]
    pub const fn beta(mut self, beta: f32) -> Self {
        self.beta = beta;
        self
    }

    /// The value with `noise` added to the line.
    pub(super) fn with_noise(&self, global_step: i64, noise: f32) -> f32 {
        let (step, decay_steps) = self.progress.held(global_step);
        let line = (decay_steps - step) / decay_steps + noise;
        let fraction = core::f32::consts::PI * 2.0 * self.num_periods * (step / decay_steps);
        let wave = (self.alpha + line) * half_wave(fraction) + self.beta;
        self.learning_rate * wave
    }

    /// min(step, decay_steps)
    pub(super) fn held(&self, global_step: i64) -> f32 {
        self.progress.held(global_step).0
    }
}

impl Zeroed for LinearCosineDecay {
    const ZERO: Self = Self::new(0.0, 0).num_periods(0.0).beta(0.0);
}

impl Schedule for LinearCosineDecay {
    fn at(&self, global_step: i64) -> f32 {
        self.with_noise(global_step, 0.0)
    }
}
