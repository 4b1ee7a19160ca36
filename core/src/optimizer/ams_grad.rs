//! Adam whose rates never rise again.

use super::adam::{Adam, Step, powers_of};
use super::{Elements, Optimizer, Slot, Sparse};
use crate::kernel::AdamRates;
use crate::variable::Storage;
use crate::{Schedule, Zeroed};

/// TensorFlow's kernel `ApplyAdamWithAmsgrad` (`tf.keras.optimizers.Adam(amsgrad=True)`; Reddi,
/// Kale and Kumar 2018): [`Adam`], but
///
/// ŝ ← max(ŝ, s), v ← v − (m·α) / (√ŝ+ε).
///
/// A gradient of some rows ([`IndexedSlices`](crate::IndexedSlices)), for which TensorFlow has no
/// such kernel, is one of zeros elsewhere; duplicates are summed first.
///
/// Three slots, `m`, `v` and `vhat`, initially 0: 16 bytes a parameter. Defaults are Adam's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmsGrad<L = f32, B1 = f32, B2 = f32, E = f32>(Adam<L, B1, B2, E>);

impl<L, B1, B2, E> AmsGrad<L, B1, B2, E> {
    /// The same hyper-parameters with the largest second moment.
    pub const fn new(adam: Adam<L, B1, B2, E>) -> Self {
        Self(adam)
    }
}

impl<L: Zeroed, B1: Zeroed, B2: Zeroed, E: Zeroed> Zeroed for AmsGrad<L, B1, B2, E> {
    const ZERO: Self = Self(Adam::ZERO);
}

impl<L: Schedule, B1: Schedule, B2: Schedule, E: Schedule> Optimizer for AmsGrad<L, B1, B2, E> {
    type Row<'a> = [&'a mut [f32]; 3];
    type Slots<V: Storage> = [V; 3];
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
        Slot {
            name: "vhat",
            variable: "Adam_2",
        },
    ];
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
        elements.update(|v, [m, s, largest], g| {
            let m = m + (g - m) * share1;
            let s = s + (g * g - s) * share2;
            let largest = largest.max(s);
            let v = v - (m * alpha) / (largest.sqrt() + epsilon);
            (v, [m, s, largest])
        });
    }

    fn finish(&mut self, step: &Step) {
        self.0.finish(step);
    }
}
