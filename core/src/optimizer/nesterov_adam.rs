//! Adam with Nesterov's look-ahead.

use super::adam::{Adam, Step, powers_of};
use super::{Elements, Optimizer, Slot, Sparse};
use crate::kernel::AdamRates;
use crate::variable::Storage;
use crate::{Schedule, Zeroed};

/// TensorFlow's kernel `ApplyAdam` with `use_nesterov` (Dozat 2016): [`Adam`], but
///
/// v ← v − ((g·(1−β₁) + β₁·m)·α) / (√s+ε).
///
/// A gradient of some rows ([`IndexedSlices`](crate::IndexedSlices)), for which TensorFlow has no
/// such kernel, is one of zeros elsewhere; duplicates are summed first.
///
/// Slots, variables and defaults are Adam's: 12 bytes a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NesterovAdam<L = f32, B1 = f32, B2 = f32, E = f32>(Adam<L, B1, B2, E>);

impl<L, B1, B2, E> NesterovAdam<L, B1, B2, E> {
    /// The same hyper-parameters with the look-ahead.
    pub const fn new(adam: Adam<L, B1, B2, E>) -> Self {
        Self(adam)
    }
}

impl<L: Zeroed, B1: Zeroed, B2: Zeroed, E: Zeroed> Zeroed for NesterovAdam<L, B1, B2, E> {
    const ZERO: Self = Self(Adam::ZERO);
}

impl<L: Schedule, B1: Schedule, B2: Schedule, E: Schedule> Optimizer
    for NesterovAdam<L, B1, B2, E>
{
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = Adam::<L, B1, B2, E>::SLOTS;
    const SPARSE: Sparse = Sparse::Decaying;

    powers_of!(0);

    fn begin(&self, global_step: i64) -> Step {
        self.0.begin(global_step)
    }

    fn update(step: &Step, elements: Elements<'_, Self::Row<'_>>) {
        let AdamRates {
            alpha,
            share1,
            share2,
            epsilon,
        } = step.rates;
        elements.update(|v, [m, s], g| {
            let m = m + (g - m) * share1;
            let s = s + (g * g - s) * share2;
            let ahead = g * share1 + step.beta1 * m;
            (v - (ahead * alpha) / (s.sqrt() + epsilon), [m, s])
        });
    }

    fn finish(&mut self, step: &Step) {
        self.0.finish(step);
    }
}
