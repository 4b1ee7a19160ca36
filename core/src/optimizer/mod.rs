//! TensorFlow's optimizers over static buffers, with TensorFlow's arithmetic.
//!
//! One file an algorithm; the formula in its docs is the code's order of operations. Each
//! operation rounds to `f32` once, nothing is contracted, and denormals are flushed as in
//! TensorFlow, so that from the same gradients come the same bits.

mod ada_max;
mod adadelta;
mod adagrad;
mod adagrad_da;
mod adam;
mod adam_w;
mod ams_grad;
mod centered_rms_prop;
mod compact;
mod elements;
mod ftrl;
mod gradient_descent;
mod momentum;
mod nesterov_adam;
mod proximal_adagrad;
mod proximal_gradient_descent;
mod rms_prop;
mod sparse;

pub use ada_max::AdaMax;
pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adagrad_da::AdagradDa;
pub use adam::Adam;
pub use adam_w::AdamW;
pub use ams_grad::AmsGrad;
pub use centered_rms_prop::CenteredRmsProp;
pub use compact::{Bf16, Blocks8, Codec, Coded, Compact, Dither, Moments, Moments8};
pub use elements::{Elements, LengthMismatch, Row};
pub use ftrl::Ftrl;
pub use gradient_descent::GradientDescent;
pub use momentum::Momentum;
pub use nesterov_adam::NesterovAdam;
pub use proximal_adagrad::ProximalAdagrad;
pub use proximal_gradient_descent::ProximalGradientDescent;
pub use rms_prop::RmsProp;
pub use sparse::{Sparse, apply_indexed_slices};

use crate::features::Features;
use crate::gradient::{IndexedSlices, IndexedSlicesError};
use crate::tensor::{Shape, View, ViewMut};
use crate::variable::Storage;
use crate::{Real, Zeroed};

/// A slot: a buffer of the variable's shape in which an optimizer keeps state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// TensorFlow's name of the slot (`Optimizer.get_slot_names`): `m`.
    pub name: &'static str,
    /// The last part of the slot variable's name: `Adam` in `head/kernel/Adam`.
    pub variable: &'static str,
}

/// An update rule: how a gradient changes a variable and its slots.
pub trait Optimizer: Zeroed {
    /// The slots of some consecutive elements of a variable.
    type Row<'a>: Row;

    /// The slots of a whole variable kept as `V`.
    type Slots<V: Storage>: SlotStorage<Self> + Zeroed;

    /// What all variables of one step share: rates and powers, computed once.
    type Step: Copy;

    /// The slots, in TensorFlow's order of creation.
    const SLOTS: &'static [Slot];

    /// Names of the optimizer's own variables (Adam's `beta1_power` and `beta2_power`).
    const SCALARS: &'static [&'static str] = &[];

    /// Initial value of every element of slot `index`.
    fn initial(&self, _index: usize) -> f32 {
        0.0
    }

    /// The optimizer's own variable `index`, in the order of [`SCALARS`](Self::SCALARS).
    fn scalar(&self, _index: usize) -> Option<&f32> {
        None
    }

    /// The optimizer's own variable `index`, to be restored.
    fn scalar_mut(&mut self, _index: usize) -> Option<&mut f32> {
        None
    }

    /// Prepares step `global_step`, counted from 0.
    fn begin(&self, global_step: i64) -> Self::Step;

    /// Applies the gradients of `elements` to them and their slots.
    fn update(step: &Self::Step, elements: Elements<'_, Self::Row<'_>>);

    /// How the gradient of some rows reaches a variable.
    const SPARSE: Sparse = Sparse::Summed;

    /// Applies the gradient of a row of a variable ([`IndexedSlices`]).
    /// TensorFlow's sparse kernels order their operations in a way of their own; where nothing is
    /// said of it, as [`update`](Self::update).
    fn update_rows(step: &Self::Step, elements: Elements<'_, Self::Row<'_>>) {
        Self::update(step, elements);
    }

    /// The same where a row has one element: variables of shape `[n]` and `[n, 1]` take yet
    /// another path in TensorFlow's kernels.
    fn update_scalars(step: &Self::Step, elements: Elements<'_, Self::Row<'_>>) {
        Self::update_rows(step, elements);
    }

    /// Applies a gradient that is an outer product: in row `first + i` of a matrix of `N` columns
    /// it is `features[i]` times `delta`, computed on the way and never stored. An optimizer with
    /// a kernel for that calls it here.
    fn update_outer<V: Storage, const N: usize>(
        step: &Self::Step,
        parameter: &mut Parameter<V, Self>,
        first: usize,
        features: &[f32],
        delta: &[f32; N],
    ) {
        parameter.update_outer(step, first, features, delta);
    }

    /// Ends a step, after all variables were updated (Adam multiplies its powers here).
    fn finish(&mut self, _step: &Self::Step) {}
}

/// Storage of all slots of one variable: static (`[V; N]`) or borrowed (`[&mut [f32]; N]`).
pub trait SlotStorage<O: Optimizer> {
    /// Sets every element to the optimizer's initial values.
    fn initialize(&mut self, optimizer: &O);

    /// The slots of `len` elements from element `start` on (empty where that is out of range).
    fn row(&mut self, start: usize, len: usize) -> O::Row<'_>;

    /// The elements of slot `index`.
    fn view(&self, index: usize) -> Option<View<'_>>;

    /// The elements of slot `index`, to be restored.
    fn view_mut(&mut self, index: usize) -> Option<ViewMut<'_>>;

    /// The shape of slot `index`: that of its variable, but for slots in a form of their own.
    fn shape(&self, _index: usize, variable: Shape) -> Shape {
        variable
    }
}

impl<O, V, const N: usize> SlotStorage<O> for [V; N]
where
    O: for<'a> Optimizer<Row<'a> = [&'a mut [f32]; N]>,
    V: Storage,
{
    fn initialize(&mut self, optimizer: &O) {
        for (index, slot) in self.iter_mut().enumerate() {
            slot.elements_mut().fill(optimizer.initial(index));
        }
    }

    fn row(&mut self, start: usize, len: usize) -> [&mut [f32]; N] {
        self.each_mut().map(|slot| slot.part_mut(start, len))
    }

    fn view(&self, index: usize) -> Option<View<'_>> {
        self.get(index).map(|slot| View::F32(slot.elements()))
    }

    fn view_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        self.get_mut(index)
            .map(|slot| ViewMut::F32(slot.elements_mut()))
    }
}

impl<O, const N: usize> SlotStorage<O> for [&mut [f32]; N]
where
    O: for<'a> Optimizer<Row<'a> = [&'a mut [f32]; N]>,
{
    fn initialize(&mut self, optimizer: &O) {
        for (index, slot) in self.iter_mut().enumerate() {
            slot.fill(optimizer.initial(index));
        }
    }

    fn row(&mut self, start: usize, len: usize) -> [&mut [f32]; N] {
        self.each_mut().map(|slot| {
            let rest = slot.get_mut(start..).unwrap_or_default();
            rest.get_mut(..len).unwrap_or_default()
        })
    }

    fn view(&self, index: usize) -> Option<View<'_>> {
        self.get(index).map(|slot| View::F32(slot))
    }

    fn view_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        self.get_mut(index).map(|slot| ViewMut::F32(slot))
    }
}

/// A trainable variable with its slots.
pub struct Parameter<V: Storage, O: Optimizer> {
    /// The variable's elements.
    pub value: V,
    /// The optimizer's state for them.
    pub slots: O::Slots<V>,
    /// Whether gradients leave it as it is; never, to begin with.
    pub(crate) frozen: bool,
}

impl<V: Storage, O: Optimizer> Zeroed for Parameter<V, O> {
    const ZERO: Self = Self {
        value: V::ZERO,
        slots: O::Slots::<V>::ZERO,
        frozen: false,
    };
}

impl<V: Storage, O: Optimizer> Parameter<V, O> {
    /// Gives every slot its initial value.
    pub fn initialize(&mut self, optimizer: &O) {
        self.slots.initialize(optimizer);
    }

    /// Applies a gradient of the variable's shape.
    pub fn apply_gradient(&mut self, step: &O::Step, gradient: &V) {
        let gradient = gradient.elements();
        let slots = self.slots.row(0, gradient.len());
        // All three are of `V`'s shape.
        if let Ok(elements) = Elements::new(self.value.elements_mut(), slots, gradient) {
            O::update(step, elements);
        }
    }

    /// Applies the gradient of some rows: `values` holds a row for each of `indices`.
    ///
    /// # Errors
    /// [`IndexedSlicesError`] if an index is out of range or the values are not as many as the
    /// rows have elements; nothing is changed then.
    pub fn apply_indexed_slices(
        &mut self,
        step: &O::Step,
        indices: &[u32],
        values: &[f32],
    ) -> Result<(), IndexedSlicesError> {
        let inner = V::SHAPE.dims().iter().skip(1);
        let inner = inner.map(|&dim| dim as usize).product();
        let gradient = IndexedSlices::new(indices, values, inner)?;
        apply_indexed_slices::<O>(step, self.value.elements_mut(), &mut self.slots, gradient)
    }

    /// Applies a gradient that is the outer product of `features`, one a row of a matrix, and
    /// `delta`, one a column.
    pub(crate) fn apply_outer<const IN: usize, const N: usize>(
        &mut self,
        step: &O::Step,
        features: &impl Features<IN>,
        delta: &[f32; N],
    ) {
        if !self.frozen {
            features.for_each_run(|first, run| O::update_outer(step, self, first, run, delta));
        }
    }

    /// The rows from `first` on of such a gradient, by way of [`Optimizer::update`].
    pub(crate) fn update_outer<const N: usize>(
        &mut self,
        step: &O::Step,
        first: usize,
        features: &[f32],
        delta: &[f32; N],
    ) {
        for (row, &x) in (first..).zip(features) {
            let x = Real::new(x);
            self.apply_row(step, row * N, N, |column, _, gradient| {
                for (g, &d) in gradient.iter_mut().zip(delta.iter().skip(column)) {
                    *g = (x * Real::new(d)).get();
                }
            });
        }
    }

    /// Applies the gradient of `columns` elements from element `start` on, some at a time:
    /// `gradient(first, variable, out)` computes that of `variable`'s elements, the first of which
    /// is in column `first`.
    pub(crate) fn apply_row(
        &mut self,
        step: &O::Step,
        start: usize,
        columns: usize,
        mut gradient: impl FnMut(usize, &[f32], &mut [f32]),
    ) {
        let mut scratch = [0.0; SCRATCH];
        for column in (0..columns).step_by(SCRATCH) {
            let len = SCRATCH.min(columns - column);
            let part = scratch.get_mut(..len).unwrap_or_default();
            let start = start + column;
            let values = self.value.part_mut(start, len);
            gradient(column, values, part);
            let slots = self.slots.row(start, len);
            if let Ok(elements) = Elements::new(values, slots, part) {
                O::update(step, elements);
            }
        }
    }

    /// The pieces of [`apply_row`](Self::apply_row), which `visit` computes and only looks at.
    pub(crate) fn each_piece(
        &self,
        start: usize,
        columns: usize,
        mut visit: impl FnMut(usize, &[f32], &mut [f32]),
    ) {
        let mut scratch = [0.0; SCRATCH];
        for column in (0..columns).step_by(SCRATCH) {
            let len = SCRATCH.min(columns - column);
            let part = scratch.get_mut(..len).unwrap_or_default();
            let values = self.value.elements().get(start + column..);
            let values = values.and_then(|values| values.get(..len));
            visit(column, values.unwrap_or_default(), part);
        }
    }
}

/// Gradient elements computed at once: enough for most heads' classes, little enough of a stack.
const SCRATCH: usize = 16;
