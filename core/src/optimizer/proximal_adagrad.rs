//! Adagrad that shrinks towards zero.

use super::proximal_gradient_descent::shrunk;
use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.ProximalAdagradOptimizer` (kernel `ApplyProximalAdagrad`; Duchi and Singer 2009):
///
/// a ← a + g·g and, with L = lr·(1/√a) and p = v − g·L,
/// v ← (sign p·max(|p| − L·l1, 0)) / (1 + l2·L), or without l1 v ← p / (1 + l2·L).
///
/// One slot, `accumulator`, initially 0.1: 8 bytes a parameter. Defaults: l1 0, l2 0. The
/// reciprocal root is not TensorFlow's to the bit, see [`Real::reciprocal_sqrt`]; the accumulator
/// is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProximalAdagrad<L = f32> {
    learning_rate: L,
    initial_accumulator_value: f32,
    l1: f32,
    l2: f32,
}

impl<L> ProximalAdagrad<L> {
    /// With `learning_rate` lr, a number or a schedule.
    pub const fn new(learning_rate: L) -> Self {
        Self {
            learning_rate,
            initial_accumulator_value: 0.1,
            l1: 0.0,
            l2: 0.0,
        }
    }

    /// With the accumulators' initial value; TensorFlow wants it positive.
    #[must_use]
    pub const fn initial_accumulator_value(mut self, value: f32) -> Self {
        self.initial_accumulator_value = value;
        self
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

impl<L: Zeroed> Zeroed for ProximalAdagrad<L> {
    const ZERO: Self = Self::new(L::ZERO).initial_accumulator_value(0.0);
}

/// The rates of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    learning_rate: Real,
    l1: Real,
    l2: Real,
}

impl<L: Schedule> Optimizer for ProximalAdagrad<L> {
    type Row<'a> = [&'a mut [f32]; 1];
    type Slots<V: Storage> = [V; 1];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[Slot {
        name: "accumulator",
        variable: "ProximalAdagrad",
    }];

    fn initial(&self, _index: usize) -> f32 {
        self.initial_accumulator_value
    }

    fn begin(&self, global_step: i64) -> Step {
        Step {
            learning_rate: Real::new(self.learning_rate.at(global_step)),
            l1: Real::new(self.l1),
            l2: Real::new(self.l2),
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let &Step { l1, l2, .. } = step;
        elements.update(|v, [a], g| {
            let a = a + g * g;
            let rate = step.learning_rate * a.reciprocal_sqrt();
            let v = shrunk(v - g * rate, rate, l1) / (Real::ONE + l2 * rate);
            (v, [a])
        });
    }

    /// L = lr/√a; the denominator and the division are TensorFlow's double precision.
    fn update_scalars(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let &Step { l1, l2, .. } = step;
        elements.update(|v, [a], g| {
            let a = a + g * g;
            let rate = step.learning_rate / a.sqrt();
            let denominator = 1.0 + (l2 * rate).to_f64();
            let numerator = shrunk(v - rate * g, rate, l1).to_f64();
            (Real::from_f64(numerator / denominator), [a])
        });
    }
}
