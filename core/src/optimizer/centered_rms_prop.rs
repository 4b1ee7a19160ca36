//! Rates that fall with the recent variance of the gradients.

use super::rms_prop::{RmsProp, Step};
use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.RMSPropOptimizer` with `centered=True` (kernel `ApplyCenteredRMSProp`; Graves 2013):
///
/// r ← r + (g·g − r)·(1−ρ), G ← G + (g − G)·(1−ρ), M ← M·µ + (g·lr)/√((r − G·G)+ε), v ← v − M.
///
/// Three slots, `rms`, initially 1, `mg` and `momentum`, initially 0: 16 bytes a parameter.
/// Defaults are those of [`RmsProp`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CenteredRmsProp<L = f32, D = f32, M = f32, E = f32>(RmsProp<L, D, M, E>);

impl<L> CenteredRmsProp<L> {
    /// With `learning_rate` lr, a number or a schedule, and TensorFlow's defaults.
    pub const fn new(learning_rate: L) -> Self {
        Self(RmsProp::new(learning_rate))
    }
}

impl<L, D, M, E> CenteredRmsProp<L, D, M, E> {
    /// With all hyper-parameters given, numbers or schedules.
    pub const fn with(learning_rate: L, decay: D, momentum: M, epsilon: E) -> Self {
        Self(RmsProp::with(learning_rate, decay, momentum, epsilon))
    }
}

impl<L: Zeroed, D: Zeroed, M: Zeroed, E: Zeroed> Zeroed for CenteredRmsProp<L, D, M, E> {
    const ZERO: Self = Self(RmsProp::ZERO);
}

impl<L: Schedule, D: Schedule, M: Schedule, E: Schedule> Optimizer for CenteredRmsProp<L, D, M, E> {
    type Row<'a> = [&'a mut [f32]; 3];
    type Slots<V: Storage> = [V; 3];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "rms",
            variable: "RMSProp",
        },
        Slot {
            name: "mg",
            variable: "RMSProp_1",
        },
        Slot {
            name: "momentum",
            variable: "RMSProp_2",
        },
    ];

    fn initial(&self, index: usize) -> f32 {
        self.0.initial(index)
    }

    fn begin(&self, global_step: i64) -> Step {
        self.0.begin(global_step)
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let (lr, share) = (step.learning_rate, Real::ONE - step.decay);
        elements.update(|v, [r, mean, m], g| {
            let r = r + (g * g - r) * share;
            let mean = mean + (g - mean) * share;
            let deviation = ((r - mean * mean) + step.epsilon).sqrt();
            let m = m * step.momentum + (g * lr) / deviation;
            (v - m, [r, mean, m])
        });
    }

    /// r ← r·ρ + (g·g)·(1−ρ), G ← G·ρ + g·(1−ρ), M ← M·µ + ((1/√((r+ε) − G·G))·lr)·g; the
    /// reciprocal root is not TensorFlow's to the bit, see [`Real::reciprocal_sqrt`].
    fn update_rows(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let (lr, share) = (step.learning_rate, Real::ONE - step.decay);
        elements.update(|v, [r, mean, m], g| {
            let r = r * step.decay + (g * g) * share;
            let mean = mean * step.decay + g * share;
            let rate = ((r + step.epsilon) - mean * mean).reciprocal_sqrt() * lr;
            let m = m * step.momentum + rate * g;
            (v - m, [r, mean, m])
        });
    }
}
