//! Adaptive moment estimation.

use super::{Elements, Optimizer, Parameter, Slot, Sparse};
use crate::kernel::{self, AdamRates};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

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
pub struct Adam<L = f32, B1 = f32, B2 = f32, E = f32> {
    pub(super) learning_rate: L,
    beta1: B1,
    beta2: B2,
    epsilon: E,
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

impl<L: Schedule, B1: Schedule, B2: Schedule, E: Schedule> Adam<L, B1, B2, E> {
    /// With schedules for all hyper-parameters; the powers start with β₁ and β₂ of step 0.
    pub fn scheduled(learning_rate: L, beta1: B1, beta2: B2, epsilon: E) -> Self {
        let (beta1_power, beta2_power) = (beta1.at(0), beta2.at(0));
        Self {
            learning_rate,
            beta1,
            beta2,
            epsilon,
            beta1_power,
            beta2_power,
        }
    }
}

impl<L: Zeroed, B1: Zeroed, B2: Zeroed, E: Zeroed> Zeroed for Adam<L, B1, B2, E> {
    const ZERO: Self = Self {
        learning_rate: L::ZERO,
        beta1: B1::ZERO,
        beta2: B2::ZERO,
        epsilon: E::ZERO,
        beta1_power: 0.0,
        beta2_power: 0.0,
    };
}

/// Names of [`Adam`]'s own variables.
pub(super) const POWERS: &[&str] = &["beta1_power", "beta2_power"];

/// An optimizer around an [`Adam`] has its variables.
macro_rules! powers_of {
    ($adam:tt) => {
        const SCALARS: &'static [&'static str] = super::adam::POWERS;

        fn scalar(&self, index: usize) -> Option<&f32> {
            self.$adam.scalar(index)
        }

        fn scalar_mut(&mut self, index: usize) -> Option<&mut f32> {
            self.$adam.scalar_mut(index)
        }
    };
}
pub(super) use powers_of;

/// What the variables of one step share.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub(super) rates: AdamRates,
    pub(super) beta1: Real,
    pub(super) beta2: Real,
}

impl<L: Schedule, B1: Schedule, B2: Schedule, E: Schedule> Optimizer for Adam<L, B1, B2, E> {
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
    const SCALARS: &'static [&'static str] = POWERS;
    const SPARSE: Sparse = Sparse::Decaying;

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
        let beta1 = Real::new(self.beta1.at(global_step));
        let beta2 = Real::new(self.beta2.at(global_step));
        let rates = AdamRates {
            alpha: (lr * (Real::ONE - power2).sqrt()) / (Real::ONE - power1),
            share1: Real::ONE - beta1,
            share2: Real::ONE - beta2,
            epsilon: Real::new(self.epsilon.at(global_step)),
        };
        Step {
            rates,
            beta1,
            beta2,
        }
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let Err(elements) = kernel::adam::update(&step.rates, elements) else {
            return;
        };
        let AdamRates {
            alpha,
            share1,
            share2,
            epsilon,
        } = step.rates;
        elements.update(|v, [m, s], g| {
            let m = m + (g - m) * share1;
            let s = s + (g * g - s) * share2;
            (v - (m * alpha) / (s.sqrt() + epsilon), [m, s])
        });
    }

    /// m ← m·β₁ + g·(1−β₁), s ← s·β₂ + g·(g·(1−β₂)), the rest alike. TensorFlow's graphs compute
    /// it so, after constant folding; run eagerly it is (g·g)·(1−β₂).
    fn update_rows(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let AdamRates {
            alpha,
            share1,
            share2,
            epsilon,
        } = step.rates;
        elements.update(|v, [m, s], g| {
            let m = m * step.beta1 + g * share1;
            let s = s * step.beta2 + g * (g * share2);
            (v - (m * alpha) / (s.sqrt() + epsilon), [m, s])
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
            value,
            slots: [m, s],
            ..
        } = parameter;
        let v = value.part_mut(start, len);
        let slots = [m.part_mut(start, len), s.part_mut(start, len)];
        if kernel::adam::update_outer(&step.rates, v, slots, features, delta).is_err() {
            parameter.update_outer(step, first, features, delta);
        }
    }

    fn finish(&mut self, step: &Step) {
        self.beta1_power = (Real::new(self.beta1_power) * step.beta1).get();
        self.beta2_power = (Real::new(self.beta2_power) * step.beta2).get();
    }
}
