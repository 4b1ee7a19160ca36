//! Adam with weight decay beside the gradient.

use super::adam::powers_of;
use super::{Adam, Elements, Optimizer, Slot, Sparse};
use crate::variable::Storage;
use crate::{Real, Schedule, Zeroed};

/// `tf.keras.optimizers.AdamW` (Loshchilov and Hutter 2017) with the arithmetic of [`Adam`]:
///
/// v ← v − (v·λ)·lr before Adam's update.
///
/// The decay λ reaches every element of every variable. Slots, variables and defaults are Adam's;
/// λ is 0.004 by default, as in Keras: 12 bytes a parameter.
///
/// Bits are those of that decay in front of TensorFlow's kernel `ApplyAdam`. Keras computes β₁ᵗ and
/// β₂ᵗ as powers where TensorFlow multiplies, so that a step may differ by its roundings, by less
/// than 2⁻¹⁰ of itself with β₂ = 0.9999; the slots have the same bits. (Keras' ε is 10⁻⁷ by
/// default.) A gradient of some rows ([`IndexedSlices`](crate::IndexedSlices)) is one of zeros
/// elsewhere; duplicates are summed first, where Keras sums their squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW<L = f32> {
    adam: Adam<L>,
    weight_decay: f32,
}

impl<L: Schedule> AdamW<L> {
    /// With `learning_rate` lr, a number or a schedule, and the defaults.
    pub const fn new(learning_rate: L) -> Self {
        Self::with(Adam::new(learning_rate), 0.004)
    }

    /// The same hyper-parameters with the weight decay λ.
    pub const fn with(adam: Adam<L>, weight_decay: f32) -> Self {
        Self { adam, weight_decay }
    }
}

impl<L: Zeroed> Zeroed for AdamW<L> {
    const ZERO: Self = Self {
        adam: Adam::ZERO,
        weight_decay: 0.0,
    };
}

/// What the variables of one step share.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    adam: super::adam::Step,
    learning_rate: Real,
    weight_decay: Real,
}

impl<L: Schedule> Optimizer for AdamW<L> {
    type Row<'a> = [&'a mut [f32]; 2];
    type Slots<V: Storage> = [V; 2];
    type Step = Step;

    const SLOTS: &'static [Slot] = Adam::<L>::SLOTS;
    const SPARSE: Sparse = Sparse::Decaying;

    powers_of!(adam);

    fn begin(&self, global_step: i64) -> Step {
        Step {
            adam: self.adam.begin(global_step),
            learning_rate: Real::new(self.adam.learning_rate.at(global_step)),
            weight_decay: Real::new(self.weight_decay),
        }
    }

    fn update(step: &Step, mut elements: Elements<'_, Self::Row<'_>>) {
        let &Step {
            learning_rate: lr,
            weight_decay,
            ..
        } = step;
        elements.replace(|v| v - (v * weight_decay) * lr);
        Adam::<L>::update(&step.adam, elements);
    }

    fn finish(&mut self, step: &Step) {
        self.adam.finish(&step.adam);
    }
}
