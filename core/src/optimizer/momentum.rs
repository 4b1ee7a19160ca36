//! Gradient descent with momentum.

use super::{Elements, Optimizer, Parameter, Slot};
use crate::kernel::{self, MomentumRates, NoKernel};
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
    rates: MomentumRates,
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
            rates: MomentumRates {
                learning_rate: Real::new(self.learning_rate.at(global_step)),
                momentum: Real::new(self.momentum.at(global_step)),
            },
            nesterov: self.nesterov,
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let (lr, mu) = (step.rates.learning_rate, step.rates.momentum);
        if step.nesterov {
            elements.update(|v, [a], g| {
                let a = a * mu + g;
                (v - (g * lr + (a * mu) * lr), [a])
            });
        } else if let Err(elements) = kernel::momentum::update(&step.rates, elements) {
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
        let (lr, mu) = (step.rates.learning_rate, step.rates.momentum);
        let ahead = lr * mu;
        elements.update(|v, [a], g| {
            let a = a * mu + g;
            (v - (lr * g + ahead * a), [a])
        });
    }

    fn update_outer<V: Storage, const N: usize>(
        step: &Step,
        parameter: &mut Parameter<V, Self>,
        first: usize,
        features: &[f32],
        delta: &[f32; N],
    ) {
        let (start, len) = (first.saturating_mul(N), features.len().saturating_mul(N));
        let Parameter {
            value, slots: [a], ..
        } = parameter;
        let v = value.part_mut(start, len);
        let slots = [a.part_mut(start, len)];
        let done = if step.nesterov {
            Err(NoKernel)
        } else {
            kernel::momentum::update_outer(&step.rates, v, slots, features, delta)
        };
        if done.is_err() {
            parameter.update_outer(step, first, features, delta);
        }
    }
}
