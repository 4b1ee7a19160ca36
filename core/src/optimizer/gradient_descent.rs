//! Plain gradient descent.

use super::{Optimizer, Slot};
use crate::kernel::Real;
use crate::variable::Storage;
use crate::{Schedule, Zeroed};

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
    type Step = f32;

    const SLOTS: &'static [Slot] = &[];
    const SCALARS: &'static [&'static str] = &[];

    fn initial(&self, _index: usize) -> f32 {
        0.0
    }

    fn scalar(&self, _index: usize) -> Option<&f32> {
        None
    }

    fn scalar_mut(&mut self, _index: usize) -> Option<&mut f32> {
        None
    }

    fn begin(&self, global_step: i64) -> f32 {
        self.learning_rate.at(global_step)
    }

    fn update(step: &f32, variable: &mut [f32], []: [&mut [f32]; 0], gradient: &[f32]) {
        let lr = Real::new(*step);
        for (v, &g) in variable.iter_mut().zip(gradient) {
            *v = (Real::new(*v) - Real::new(g) * lr).get();
        }
    }

    fn finish(&mut self) {}
}
