//! Gradient descent with momentum.

use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

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
    learning_rate: Real,
    momentum: Real,
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

    fn begin(&self, global_step: i64) -> Step {
        Step {
            learning_rate: Real::new(self.learning_rate.at(global_step)),
            momentum: Real::new(self.momentum.at(global_step)),
            nesterov: self.nesterov,
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let (lr, mu) = (step.learning_rate, step.momentum);
        if step.nesterov {
            elements.update(|v, [a], g| {
                let a = a * mu + g;
                (v - (g * lr + (a * mu) * lr), [a])
            });
        } else {
            elements.update(|v, [a], g| {
                let a = a * mu + g;
                (v - a * lr, [a])
            });
        }
    }

    /// With Nesterov's look-ahead v ← v − (lr·g + (lr·µ)·a), else alike.
    fn update_rows(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        if !step.nesterov {
            return Self::update(step, elements);
        }
        let (lr, mu) = (step.learning_rate, step.momentum);
        let ahead = lr * mu;
        elements.update(|v, [a], g| {
            let a = a * mu + g;
            (v - (lr * g + ahead * a), [a])
        });
    }
}
