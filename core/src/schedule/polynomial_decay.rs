//! A polynomial from one rate to another.

use super::{Schedule, curve};
use crate::Zeroed;
use crate::math;

/// `tf.train.polynomial_decay`: (lr − end)·(1 − p)^power + end with p = min(step, D)/D.
///
/// With [`cycle`](Self::cycle) D is stretched to the next multiple of `decay_steps` instead of
/// holding the step. TensorFlow's graphs may compute p as a product with 1/D, and 1 − p magnifies
/// that near the end: within ten units in the last place of TensorFlow's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolynomialDecay {
    learning_rate: f32,
    decay_steps: f32,
    end_learning_rate: f32,
    power: f32,
    cycle: bool,
}

impl PolynomialDecay {
    /// From `learning_rate` to 0.0001 in a straight line (TensorFlow's defaults).
    pub const fn new(learning_rate: f32, decay_steps: u32) -> Self {
        Self {
            learning_rate,
            decay_steps: decay_steps as f32,
            end_learning_rate: 0.0001,
            power: 1.0,
            cycle: false,
        }
    }

    /// With another rate at the end.
    #[must_use]
    pub const fn end_learning_rate(mut self, end_learning_rate: f32) -> Self {
        self.end_learning_rate = end_learning_rate;
        self
    }

    /// With another power than 1.
    #[must_use]
    pub const fn power(mut self, power: f32) -> Self {
        self.power = power;
        self
    }

    /// Begins anew, each time longer by `decay_steps`, instead of staying at the end.
    #[must_use]
    pub const fn cycle(mut self) -> Self {
        self.cycle = true;
        self
    }
}

impl Zeroed for PolynomialDecay {
    const ZERO: Self = Self::new(0.0, 0).end_learning_rate(0.0).power(0.0);
}

impl Schedule for PolynomialDecay {
    fn at(&self, global_step: i64) -> f32 {
        let step = global_step as f32;
        let progress = match self.cycle {
            true => {
                let periods = math::ceil(step / self.decay_steps);
                step / (self.decay_steps * if step == 0.0 { 1.0 } else { periods })
            }
            false => step.min(self.decay_steps) / self.decay_steps,
        };
        let rest = curve::pow(1.0 - progress, self.power);
        (self.learning_rate - self.end_learning_rate) * rest + self.end_learning_rate
    }
}
