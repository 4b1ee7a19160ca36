//! Gradients of some rows.

use super::{Elements, Optimizer, Row, SCRATCH, SlotStorage};
use crate::gradient::{IndexedSlices, IndexedSlicesError};

/// How the gradient of some rows reaches a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sparse {
    /// A row gets the sum of its gradients in one update; rows without one stay as they are.
    Summed,
    /// A row gets an update for each of its gradients, in their order.
    InTurn,
    /// As [`Summed`](Self::Summed), and the slots of rows without a gradient decay, too, and move
    /// the variable: they are updated with a gradient of −0, which changes no sum.
    Decaying,
}

/// Applies the gradient of some rows to a variable and its slots, as TensorFlow's optimizers do
/// with [`IndexedSlices`]: [`Optimizer::SPARSE`] tells how.
///
/// # Errors
/// [`IndexedSlicesError`] if an index is out of range, or variable, slots and rows do not fit
/// together; nothing is changed then.
pub fn apply_indexed_slices<O: Optimizer>(
    step: &O::Step,
    variable: &mut [f32],
    slots: &mut impl SlotStorage<O>,
    gradient: IndexedSlices<'_>,
) -> Result<(), IndexedSlicesError> {
    gradient.check(variable.len())?;
    let len = variable.len();
    if slots.row(0, len).mismatch(len).is_some() {
        return Err(IndexedSlicesError::Slots);
    }
    let mut target = Target::<O, _> {
        step,
        variable,
        slots,
        inner: gradient.inner(),
    };
    let indices = gradient.indices();
    match O::SPARSE {
        Sparse::InTurn => {
            for (position, &index) in indices.iter().enumerate() {
                target.update(index, |first, out| {
                    let row = gradient.columns(first, out.len()).nth(position);
                    for (g, &value) in out.iter_mut().zip(row.map_or(&[][..], |(_, row)| row)) {
                        *g = value;
                    }
                });
            }
        }
        Sparse::Summed => {
            for (position, index) in indices.iter().enumerate() {
                let before = indices.get(..position).unwrap_or_default();
                if !before.contains(index) {
                    target.update(*index, |first, out| {
                        gradient.sum(*index, first, out);
                    });
                }
            }
        }
        Sparse::Decaying => {
            for index in (0..).take(gradient.rows(len)) {
                target.update(index, |first, out| {
                    if !gradient.sum(index, first, out) {
                        out.fill(-0.0);
                    }
                });
            }
        }
    }
    Ok(())
}

/// A variable whose rows are updated.
struct Target<'a, O: Optimizer, S> {
    step: &'a O::Step,
    variable: &'a mut [f32],
    slots: &'a mut S,
    inner: usize,
}

impl<O: Optimizer, S: SlotStorage<O>> Target<'_, O, S> {
    /// Updates row `index`; `gradient(first_column, out)` computes its gradient in pieces.
    fn update(&mut self, index: u32, mut gradient: impl FnMut(usize, &mut [f32])) {
        let mut scratch = [0.0; SCRATCH];
        let mut first = 0;
        while first < self.inner {
            let len = SCRATCH.min(self.inner - first);
            let start = index as usize * self.inner + first;
            let (Some(variable), Some(part)) = (
                self.variable.get_mut(start..start + len),
                scratch.get_mut(..len),
            ) else {
                return;
            };
            gradient(first, part);
            if let Ok(elements) = Elements::new(variable, self.slots.row(start, len), part) {
                match self.inner {
                    1 => O::update_scalars(self.step, elements),
                    _ => O::update_rows(self.step, elements),
                }
            }
            first += len;
        }
    }
}
