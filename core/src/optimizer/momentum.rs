//! Gradient descent with momentum.

use super::{Optimizer, Slot};
use crate::kernel::Real;
use crate::variable::Storage;
use crate::{Schedule, Zeroed};

/// `tf.train.MomentumOptimizer` (kernel `ApplyMomentum`):
///
/// a ← a·µ + g, v ← v − a·lr; with Nesterov's look-ahead v ← v − (g·lr + (a·µ)·lr).
///
/// One slot, `momentum`, initially 0: 8 bytes a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum<L = f32, M = f32> {
    learning_rate: L,
    momentum: M,
    nesterov: bool,
}

impl<L: Schedule, M: Schedule> Momentum<L, M> {
    /// With `learning_rate` lr and `momentum` µ, numbers or schedules.
    pub const fn new(learning_rate: L, momentum: M) -> Self {
        Self {
            learning_rate,
            momentum,
            nesterov: false,
        }
    }

    /// The same with Nesterov's look-ahead (`use_nesterov=True`).
    pub const fn nesterov(learning_rate: L, momentum: M) -> Self {
        Self {
            learning_rate,
            momentum,
            nesterov: true,
        }
    }
}

impl<L: Schedule, M: Schedule> Zeroed for Momentum<L, M> {
    const ZERO: Self = Self {
        learning_rate: L::ZERO,
        momentum: M::ZERO,
        nesterov: false,
    };
}

/// The rates of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    learning_rate: f32,
    momentum: f32,
    nesterov: bool,
}

impl<L: Schedule, M: Schedule> Optimizer for Momentum<L, M> {
    type Row<'a> = [&'a mut [f32]; 1];
    type Slots<V: Storage> = [V; 1];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[Slot {
        name: "momentum",
        variable: "Momentum",
    }];
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

    fn begin(&self, global_step: i64) -> Step {
        Step {
            learning_rate: self.learning_rate.at(global_step),
            momentum: self.momentum.at(global_step),
            nesterov: self.nesterov,
        }
    }

    fn update(step: &Step, variable: &mut [f32], [accumulator]: Self::Row<'_>, gradient: &[f32]) {
        let (lr, mu) = (Real::new(step.learning_rate), Real::new(step.momentum));
        for ((v, a), &g) in variable.iter_mut().zip(accumulator).zip(gradient) {
            let g = Real::new(g);
            let accumulated = Real::new(*a) * mu + g;
            let change = if step.nesterov {
                g * lr + (accumulated * mu) * lr
            } else {
                accumulated * lr
            };
            *a = accumulated.get();
            *v = (Real::new(*v) - change).get();
        }
    }

    fn finish(&mut self) {}
}
