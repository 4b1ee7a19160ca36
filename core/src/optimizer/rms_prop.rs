//! Rates that fall with the recent squared gradients.

use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.RMSPropOptimizer` (kernel `ApplyRMSProp`; Hinton 2012), not centered:
///
/// r ← r + (g·g − r)·(1−ρ), M ← M·µ + (g·lr)/√(r+ε), v ← v − M.
///
/// Two slots, `rms`, initially 1, and `momentum`, initially 0: 12 bytes a parameter. Defaults:
/// ρ (`decay`) 0.9, µ (`momentum`) 0, ε 10⁻¹⁰.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsProp<L = f32, D = f32, M = f32, E = f32> {
    learning_rate: L,
    decay: D,
    momentum: M,
    epsilon: E,
}

impl<L> RmsProp<L> {
    /// With `learning_rate` lr, a number or a schedule, and TensorFlow's defaults.
    pub const fn new(learning_rate: L) -> Self {
        Self::with(learning_rate, 0.9, 0.0, 1e-10)
    }
}

impl<L, D, M, E> RmsProp<L, D, M, E> {
    /// With all hyper-parameters given, numbers or schedules.
    pub const fn with(learning_rate: L, decay: D, momentum: M, epsilon: E) -> Self {
        Self {
            learning_rate,
            decay,
            momentum,
            epsilon,
        }
    }
}

impl<L: Zeroed, D: Zeroed, M: Zeroed, E: Zeroed> Zeroed for RmsProp<L, D, M, E> {
    const ZERO: Self = Self::with(L::ZERO, D::ZERO, M::ZERO, E::ZERO);
}

/// The rates of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub(super) learning_rate: Real,
    pub(super) decay: Real,
    pub(super) momentum: Real,
    pub(super) epsilon: Real,
}

impl<L: Schedule, D: Schedule, M: Schedule, E: Schedule> Optimizer for RmsProp<L, D, M, E> {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "rms",
            variable: "RMSProp",
        },
        Slot {
            name: "momentum",
            variable: "RMSProp_1",
        },
    ];

    fn initial(&self, index: usize) -> f32 {
        match index {
            0 => 1.0,
            _ => 0.0,
        }
    }

    fn begin(&self, global_step: i64) -> Step {
        Step {
            learning_rate: Real::new(self.learning_rate.at(global_step)),
            decay: Real::new(self.decay.at(global_step)),
            momentum: Real::new(self.momentum.at(global_step)),
            epsilon: Real::new(self.epsilon.at(global_step)),
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let (lr, share) = (step.learning_rate, Real::ONE - step.decay);
        elements.update(|v, [r, m], g| {
            let r = r + (g * g - r) * share;
            let m = m * step.momentum + (g * lr) / (r + step.epsilon).sqrt();
            (v - m, [r, m])
        });
    }

    /// r ← r·ρ + (g·g)·(1−ρ), M ← M·µ + ((1/√(r+ε))·lr)·g; the reciprocal root is not
    /// TensorFlow's to the bit, see [`Real::reciprocal_sqrt`].
    fn update_rows(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let (lr, share) = (step.learning_rate, Real::ONE - step.decay);
        elements.update(|v, [r, m], g| {
            let r = r * step.decay + (g * g) * share;
            let rate = (r + step.epsilon).reciprocal_sqrt() * lr;
            let m = m * step.momentum + rate * g;
            (v - m, [r, m])
        });
    }
}
