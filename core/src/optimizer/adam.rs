//! Adaptive moment estimation.

use super::{Optimizer, Slot};
use crate::kernel::Real;
use crate::variable::Storage;
use crate::{Schedule, Zeroed};

/// `tf.train.AdamOptimizer` (kernel `ApplyAdam`; Kingma and Ba 2014, before section 2.1):
///
/// α = (lr·√(1−β₂ᵗ)) / (1−β₁ᵗ),
/// m ← m + (g−m)·(1−β₁), s ← s + (g·g−s)·(1−β₂), v ← v − (m·α) / (√s+ε)
///
/// and, after all variables, β₁ᵗ ← β₁ᵗ·β₁, β₂ᵗ ← β₂ᵗ·β₂ (variables `beta1_power` and
/// `beta2_power`, initially β₁ and β₂). Two slots, `m` and `v`, initially 0: 12 bytes a
/// parameter.
///
/// Defaults are TensorFlow's: β₁ 0.9, β₂ 0.999, ε 10⁻⁸ (its learning rate there is 0.001).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam<L = f32> {
    learning_rate: L,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    beta1_power: f32,
    beta2_power: f32,
}

impl<L: Schedule> Adam<L> {
    /// With `learning_rate` lr, a number or a schedule, and TensorFlow's defaults.
    pub const fn new(learning_rate: L) -> Self {
        Self::with(learning_rate, 0.9, 0.999, 1e-8)
    }

    /// With all hyper-parameters given.
    pub const fn with(learning_rate: L, beta1: f32, beta2: f32, epsilon: f32) -> Self {
        Self {
            learning_rate,
            beta1,
            beta2,
            epsilon,
            beta1_power: beta1,
            beta2_power: beta2,
        }
    }
}

impl<L: Schedule> Zeroed for Adam<L> {
    const ZERO: Self = Self {
        learning_rate: L::ZERO,
        beta1: 0.0,
        beta2: 0.0,
        epsilon: 0.0,
        beta1_power: 0.0,
        beta2_power: 0.0,
    };
}

/// What the variables of one step share.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The rate with the bias correction of both moments.
    alpha: f32,
    one_minus_beta1: f32,
    one_minus_beta2: f32,
    epsilon: f32,
}

impl<L: Schedule> Optimizer for Adam<L> {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "m",
            variable: "Adam",
        },
        Slot {
            name: "v",
            variable: "Adam_1",
        },
    ];
    const SCALARS: &'static [&'static str] = &["beta1_power", "beta2_power"];

    fn initial(&self, _index: usize) -> f32 {
        0.0
    }

    fn scalar(&self, index: usize) -> Option<&f32> {
        [&self.beta1_power, &self.beta2_power].get(index).copied()
    }

    fn scalar_mut(&mut self, index: usize) -> Option<&mut f32> {
        [&mut self.beta1_power, &mut self.beta2_power]
            .into_iter()
            .nth(index)
    }

    fn begin(&self, global_step: i64) -> Step {
        let lr = Real::new(self.learning_rate.at(global_step));
        let (power1, power2) = (Real::new(self.beta1_power), Real::new(self.beta2_power));
        let alpha = (lr * (Real::ONE - power2).sqrt()) / (Real::ONE - power1);
        Step {
            alpha: alpha.get(),
            one_minus_beta1: (Real::ONE - Real::new(self.beta1)).get(),
            one_minus_beta2: (Real::ONE - Real::new(self.beta2)).get(),
            epsilon: self.epsilon,
        }
    }

    fn update(step: &Step, variable: &mut [f32], [m, s]: Self::Row<'_>, gradient: &[f32]) {
        let [alpha, one_minus_beta1, one_minus_beta2, epsilon] = [
            step.alpha,
            step.one_minus_beta1,
            step.one_minus_beta2,
            step.epsilon,
        ]
        .map(Real::new);
        for (((v, m), s), &g) in variable.iter_mut().zip(m).zip(s).zip(gradient) {
            let g = Real::new(g);
            let (mut first, mut second) = (Real::new(*m), Real::new(*s));
            first += (g - first) * one_minus_beta1;
            second += (g * g - second) * one_minus_beta2;
            *m = first.get();
            *s = second.get();
            *v = (Real::new(*v) - (first * alpha) / (second.sqrt() + epsilon)).get();
        }
    }

    fn finish(&mut self) {
        self.beta1_power = (Real::new(self.beta1_power) * Real::new(self.beta1)).get();
        self.beta2_power = (Real::new(self.beta2_power) * Real::new(self.beta2)).get();
    }
}
