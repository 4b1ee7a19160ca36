//! A straight line with noise, times a cosine wave.

use super::{LinearCosineDecay, Schedule, curve};
use crate::Zeroed;
use crate::math;
use crate::random::Random;

/// `tf.train.noisy_linear_cosine_decay` (Bello and others 2017): [`LinearCosineDecay`] with
/// normal noise of variance v₀/(1 + s)^decay added to its line, s = min(step, decay_steps).
///
/// TensorFlow's noise comes from a generator of its own; here it is a function of seed and step,
/// so that a restored run goes on with the rates it would have had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoisyLinearCosineDecay {
    line: LinearCosineDecay,
    initial_variance: f32,
    variance_decay: f32,
    seed: u64,
}

impl NoisyLinearCosineDecay {
    /// Noise on `line`; TensorFlow's defaults: v₀ 1, decay 0.55.
    pub const fn new(line: LinearCosineDecay, seed: u64) -> Self {
        Self {
            line,
            initial_variance: 1.0,
            variance_decay: 0.55,
            seed,
        }
    }

    /// With v₀, the variance at step 0.
    #[must_use]
    pub const fn initial_variance(mut self, initial_variance: f32) -> Self {
        self.initial_variance = initial_variance;
        self
    }

    /// With the exponent by which the variance falls.
    #[must_use]
    pub const fn variance_decay(mut self, variance_decay: f32) -> Self {
        self.variance_decay = variance_decay;
        self
    }
}

impl Zeroed for NoisyLinearCosineDecay {
    const ZERO: Self = Self::new(LinearCosineDecay::ZERO, 0)
        .initial_variance(0.0)
        .variance_decay(0.0);
}

impl Schedule for NoisyLinearCosineDecay {
    fn at(&self, global_step: i64) -> f32 {
        let step = self.line.held(global_step);
        let variance = self.initial_variance / curve::pow(1.0 + step, self.variance_decay);
        let normal = Random::at(self.seed, global_step as u64).normal();
        self.line
            .with_noise(global_step, normal * math::sqrt(variance))
    }
}
