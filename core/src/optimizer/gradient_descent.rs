//! Plain gradient descent.

use super::{Elements, Optimizer, Slot, Sparse};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.GradientDescentOptimizer`: v ← v − g·lr (kernel `ApplyGradientDescent`).
///
/// No slots: 4 bytes a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientDescent<L = f32> {
    learning_rate: L,
}

impl<L: Schedule> GradientDescent<L> {
    /// With `learning_rate` lr, a number or a schedule.
    pub const fn new(learning_rate: L) -> Self {
        Self { learning_rate }
    }
}

impl<L: Schedule> Zeroed for GradientDescent<L> {
    const ZERO: Self = Self {
        learning_rate: L::ZERO,
    };
}

impl<L: Schedule> Optimizer for GradientDescent<L> {
    type Row<'a> = [&'a mut [f32]; 0];
    type Slots<V: Storage> = [V; 0];
    type Step = Real;

    const SLOTS: &'static [Slot] = &[];
    const SPARSE: Sparse = Sparse::InTurn;

    fn begin(&self, global_step: i64) -> Real {
        Real::new(self.learning_rate.at(global_step))
    }

    fn update(&lr: &Real, elements: Elements<'_, Self::Row<'_>>) {
        elements.update(|v, [], g| (v - g * lr, []));
    }
}
