//! Half cosine waves, one after another.

use super::cosine_decay::half_wave;
use super::{Schedule, curve};
use crate::Zeroed;
use crate::math;

/// `tf.train.cosine_decay_restarts` (Loshchilov and Hutter 2016): [`CosineDecay`] that begins
/// anew, each period t times as long and from m times the rate of the one before.
///
/// With p = step/first_decay_steps, i = ⌊ln(1 − p(1−t))/ln t⌋ and the part of the period
/// q = (p − (1−tⁱ)/(1−t))/tⁱ (for t = 1, i = ⌊p⌋ and q = p − i) it is
/// lr·((1 − α)·(½mⁱ(1 + cos(π·q))) + α): within ten units in the last place of TensorFlow's.
///
/// [`CosineDecay`]: super::CosineDecay
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineDecayRestarts {
    learning_rate: f32,
    first_decay_steps: f32,
    t_mul: f32,
    m_mul: f32,
    alpha: f32,
}

impl CosineDecayRestarts {
    /// From `learning_rate` lr to 0, each period twice as long (TensorFlow's defaults: t 2, m 1,
    /// α 0).
    pub const fn new(learning_rate: f32, first_decay_steps: u32) -> Self {
        Self {
            learning_rate,
            first_decay_steps: first_decay_steps as f32,
            t_mul: 2.0,
            m_mul: 1.0,
            alpha: 0.0,
        }
    }

    /// With t, the length of a period in relation to the one before.
    #[must_use]
    pub const fn t_mul(mut self, t_mul: f32) -> Self {
        self.t_mul = t_mul;
        self
    }

    /// With m, the first rate of a period in relation to that of the one before.
    #[must_use]
    pub const fn m_mul(mut self, m_mul: f32) -> Self {
        self.m_mul = m_mul;
        self
    }

    /// With α, the last rate of a period as a fraction of lr.
    #[must_use]
    pub const fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }
}

impl Zeroed for CosineDecayRestarts {
    const ZERO: Self = Self::new(0.0, 0).t_mul(0.0).m_mul(0.0);
}

impl Schedule for CosineDecayRestarts {
    fn at(&self, global_step: i64) -> f32 {
        let progress = global_step as f32 / self.first_decay_steps;
        let t = self.t_mul;
        let (period, part) = if t == 1.0 {
            let period = math::floor(progress);
            (period, progress - period)
        } else {
            let period = math::floor(math::ln(1.0 - progress * (1.0 - t)) / math::ln(t));
            let longer = math::pow(t, period);
            let before = (1.0 - longer) / (1.0 - t);
            (period, (progress - before) / longer)
        };
        let wave = curve::pow(self.m_mul, period) * half_wave(core::f32::consts::PI * part);
        self.learning_rate * ((1.0 - self.alpha) * wave + self.alpha)
    }
}
