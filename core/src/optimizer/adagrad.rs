//! Rates that fall with the squared gradients of the past.

use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.AdagradOptimizer` (kernel `ApplyAdagrad`; Duchi, Hazan and Singer 2011):
///
/// a ← a + g·g, v ← v − (g·lr)·(1/√a).
///
/// One slot, `accumulator`, initially 0.1: 8 bytes a parameter. The reciprocal root is not
/// TensorFlow's to the bit, see [`Real::reciprocal_sqrt`]; the accumulator is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adagrad<L = f32> {
    learning_rate: L,
    initial_accumulator_value: f32,
}

impl<L> Adagrad<L> {
    /// With `learning_rate` lr, a number or a schedule.
    pub const fn new(learning_rate: L) -> Self {
        Self::with(learning_rate, 0.1)
    }

    /// With the accumulators' initial value given; TensorFlow wants it positive.
    pub const fn with(learning_rate: L, initial_accumulator_value: f32) -> Self {
        Self {
            learning_rate,
            initial_accumulator_value,
        }
    }
}

impl<L: Zeroed> Zeroed for Adagrad<L> {
    const ZERO: Self = Self::with(L::ZERO, 0.0);
}

impl<L: Schedule> Optimizer for Adagrad<L> {
    type Row<'a> = [&'a mut [f32]; 1];
    type Slots<V: Storage> = [V; 1];
    type Step = Real;

    const SLOTS: &'static [Slot] = &[Slot {
        name: "accumulator",
        variable: "Adagrad",
    }];

    fn initial(&self, _index: usize) -> f32 {
        self.initial_accumulator_value
    }

    fn begin(&self, global_step: i64) -> Real {
        Real::new(self.learning_rate.at(global_step))
    }

    fn update(&lr: &Real, elements: Elements<'_, Self::Row<'_>>) {
        elements.update(|v, [a], g| {
            let a = a + g * g;
            (v - (g * lr) * a.reciprocal_sqrt(), [a])
        });
    }

    /// v ← v − (lr·g)/√a
    fn update_scalars(&lr: &Real, elements: Elements<'_, Self::Row<'_>>) {
        elements.update(|v, [a], g| {
            let a = a + g * g;
            (v - (lr * g) / a.sqrt(), [a])
        });
    }
}
