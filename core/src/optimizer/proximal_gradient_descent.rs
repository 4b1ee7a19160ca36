//! Gradient descent that shrinks towards zero.

use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.ProximalGradientDescentOptimizer` (kernel `ApplyProximalGradientDescent`; Duchi and
/// Singer 2009): with p = v − g·lr,
///
/// v ← (sign p·max(|p| − lr·l1, 0)) / (1 + l2·lr), or without l1 v ← p / (1 + l2·lr).
///
/// No slots: 4 bytes a parameter. Defaults: l1 0, l2 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProximalGradientDescent<L = f32> {
    learning_rate: L,
    l1: f32,
    l2: f32,
}

impl<L> ProximalGradientDescent<L> {
    /// With `learning_rate` lr, a number or a schedule.
    pub const fn new(learning_rate: L) -> Self {
        Self {
            learning_rate,
            l1: 0.0,
            l2: 0.0,
        }
    }

    /// With `l1_regularization_strength`, not negative.
    #[must_use]
    pub const fn l1_regularization_strength(mut self, l1: f32) -> Self {
        self.l1 = l1;
        self
    }

    /// With `l2_regularization_strength`, not negative.
    #[must_use]
    pub const fn l2_regularization_strength(mut self, l2: f32) -> Self {
        self.l2 = l2;
        self
    }
}

impl<L: Zeroed> Zeroed for ProximalGradientDescent<L> {
    const ZERO: Self = Self::new(L::ZERO);
}

/// The rates of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    learning_rate: Real,
    l1: Real,
    l2: Real,
}

impl<L: Schedule> Optimizer for ProximalGradientDescent<L> {
    type Row<'a> = [&'a mut [f32]; 0];
    type Slots<V: Storage> = [V; 0];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[];

    fn begin(&self, global_step: i64) -> Step {
        Step {
            learning_rate: Real::new(self.learning_rate.at(global_step)),
            l1: Real::new(self.l1),
            l2: Real::new(self.l2),
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let (lr, denominator) = (step.learning_rate, Real::ONE + step.l2 * step.learning_rate);
        elements.update(|v, [], g| (shrunk(v - g * lr, lr, step.l1) / denominator, []));
    }

    /// The denominator and the division are TensorFlow's double precision.
    fn update_scalars(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let lr = step.learning_rate;
        let denominator = 1.0 + (step.l2 * lr).to_f64();
        elements.update(|v, [], g| {
            let numerator = shrunk(v - g * lr, lr, step.l1).to_f64();
            (Real::from_f64(numerator / denominator), [])
        });
    }
}

/// `p`, nearer to zero by `rate`·`l1`, but not beyond it.
pub(super) fn shrunk(p: Real, rate: Real, l1: Real) -> Real {
    if l1 > Real::ZERO {
        p.sign() * (p.abs() - rate * l1).max(Real::ZERO)
    } else {
        p
    }
}
