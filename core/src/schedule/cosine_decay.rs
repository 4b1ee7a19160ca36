//! Half a cosine wave.

use super::progress::Progress;
use super::{Schedule, curve};
use crate::Zeroed;

/// `tf.train.cosine_decay` (Loshchilov and Hutter 2016): lr·((1 − α)·½(1 + cos(π·p)) + α) with
/// p = min(step, decay_steps)/decay_steps; TensorFlow's numbers wherever measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineDecay {
    learning_rate: f32,
    progress: Progress,
    alpha: f32,
}

impl CosineDecay {
    /// From `learning_rate` lr to 0 (α, TensorFlow's default).
    pub const fn new(learning_rate: f32, decay_steps: u32) -> Self {
        Self {
            learning_rate,
            progress: Progress::new(decay_steps),
            alpha: 0.0,
        }
    }

    /// With α, the last rate as a fraction of the first.
    #[must_use]
    pub const fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }
}

impl Zeroed for CosineDecay {
    const ZERO: Self = Self::new(0.0, 0);
}

impl Schedule for CosineDecay {
    fn at(&self, global_step: i64) -> f32 {
        let (step, decay_steps) = self.progress.held(global_step);
        let wave = half_wave(core::f32::consts::PI * (step / decay_steps));
        self.learning_rate * ((1.0 - self.alpha) * wave + self.alpha)
    }
}

/// ½(1 + cos x)
pub(super) fn half_wave(x: f32) -> f32 {
    0.5 * (1.0 + curve::cos(x))
}
