//! Steps in the unit of the variable.

use super::{Elements, Optimizer, Slot};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.train.AdadeltaOptimizer` (kernel `ApplyAdadelta`; Zeiler 2012):
///
/// a ← a·ρ + (g·g)·(1−ρ), u = (√(d+ε)·(1/√(a+ε)))·g, v ← v − u·lr, d ← d·ρ + (u·u)·(1−ρ).
///
/// Two slots, `accum` and `accum_update`, initially 0: 12 bytes a parameter. Defaults: lr 0.001,
/// ρ 0.95, ε 10⁻⁸. The reciprocal root is not TensorFlow's to the bit, see
/// [`Real::reciprocal_sqrt`]; `accum` is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adadelta<L = f32, R = f32, E = f32> {
    learning_rate: L,
    rho: R,
    epsilon: E,
}

impl<L> Adadelta<L> {
    /// With `learning_rate` lr, a number or a schedule, and TensorFlow's defaults.
    pub const fn new(learning_rate: L) -> Self {
        Self::with(learning_rate, 0.95, 1e-8)
    }
}

impl<L, R, E> Adadelta<L, R, E> {
    /// With all hyper-parameters given, numbers or schedules.
    pub const fn with(learning_rate: L, rho: R, epsilon: E) -> Self {
        Self {
            learning_rate,
            rho,
            epsilon,
        }
    }
}

impl<L: Zeroed, R: Zeroed, E: Zeroed> Zeroed for Adadelta<L, R, E> {
    const ZERO: Self = Self::with(L::ZERO, R::ZERO, E::ZERO);
}

/// The rates of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    learning_rate: Real,
    rho: Real,
    epsilon: Real,
}

impl<L: Schedule, R: Schedule, E: Schedule> Optimizer for Adadelta<L, R, E> {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "accum",
            variable: "Adadelta",
        },
        Slot {
            name: "accum_update",
            variable: "Adadelta_1",
        },
    ];

    fn begin(&self, global_step: i64) -> Step {
        Step {
            learning_rate: Real::new(self.learning_rate.at(global_step)),
            rho: Real::new(self.rho.at(global_step)),
            epsilon: Real::new(self.epsilon.at(global_step)),
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let &Step { rho, epsilon, .. } = step;
        let (lr, share) = (step.learning_rate, Real::ONE - rho);
        elements.update(|v, [a, d], g| {
            let a = a * rho + (g * g) * share;
            let u = ((d + epsilon).sqrt() * (a + epsilon).reciprocal_sqrt()) * g;
            (v - u * lr, [a, d * rho + (u * u) * share])
        });
    }
}
