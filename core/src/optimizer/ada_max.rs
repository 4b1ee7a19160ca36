//! Adam with the largest recent gradient in place of the second moment.

use super::{Elements, Optimizer, Slot, Sparse};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// TensorFlow's kernel `ApplyAdaMax` (Kingma and Ba 2014, section 7.1):
///
/// m ← m + (g−m)·(1−β₁), u ← max(β₂·u, |g|), v ← v − (lr/(1−β₁ᵗ))·(m/(u+ε))
///
/// and, after all variables, β₁ᵗ ← β₁ᵗ·β₁ (variable `beta1_power`, initially β₁). Two slots, `m`
/// and `v` (which is u), initially 0: 12 bytes a parameter. Defaults are those of the contributed
/// `AdaMaxOptimizer`: β₁ 0.9, β₂ 0.999, ε 10⁻⁸.
///
/// A gradient of some rows ([`IndexedSlices`](crate::IndexedSlices)), for which TensorFlow has no
/// such kernel, is one of zeros elsewhere; duplicates are summed first, as all of TensorFlow's
/// kernels do. `tf.keras.optimizers.Adamax` has the same slots to the bit, multiplies in another
/// order and computes β₁ᵗ as a power: within 2⁻¹⁸ of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaMax<L = f32> {
    learning_rate: L,
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    beta1_power: f32,
}

impl<L> AdaMax<L> {
    /// With `learning_rate` lr, a number or a schedule, and the defaults.
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
        }
    }
}

impl<L: Zeroed> Zeroed for AdaMax<L> {
    const ZERO: Self = Self::with(L::ZERO, 0.0, 0.0, 0.0);
}

/// What the variables of one step share.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The rate with the first moment's bias correction.
    rate: Real,
    beta1: Real,
    beta2: Real,
    epsilon: Real,
}

impl<L: Schedule> Optimizer for AdaMax<L> {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = &[
        Slot {
            name: "m",
            variable: "AdaMax",
        },
        Slot {
            name: "v",
            variable: "AdaMax_1",
        },
    ];
    const SCALARS: &'static [&'static str] = &["beta1_power"];
    const SPARSE: Sparse = Sparse::Decaying;

    fn scalar(&self, index: usize) -> Option<&f32> {
        (index == 0).then_some(&self.beta1_power)
    }

    fn scalar_mut(&mut self, index: usize) -> Option<&mut f32> {
        (index == 0).then_some(&mut self.beta1_power)
    }

    fn begin(&self, global_step: i64) -> Step {
        let lr = Real::new(self.learning_rate.at(global_step));
        Step {
            rate: lr / (Real::ONE - Real::new(self.beta1_power)),
            beta1: Real::new(self.beta1),
            beta2: Real::new(self.beta2),
            epsilon: Real::new(self.epsilon),
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let share = Real::ONE - step.beta1;
        elements.update(|v, [m, u], g| {
            let m = m + (g - m) * share;
            let u = (step.beta2 * u).max(g.abs());
            (v - step.rate * (m / (u + step.epsilon)), [m, u])
        });
    }

    fn finish(&mut self, step: &Step) {
        self.beta1_power = (Real::new(self.beta1_power) * step.beta1).get();
    }
}
