//! How slots are kept.

use super::{Compact, Dither};
use crate::Zeroed;
use crate::optimizer::{Optimizer, Row, Slot, SlotStorage};
use crate::variable::Storage;

/// A form in which the slots of an optimizer `O` are kept.
pub trait Codec<O: Optimizer>: Sized {
    /// What is kept, and saved, in place of the optimizer's slots.
    const SLOTS: &'static [Slot];

    /// The slots of a whole variable.
    type Slots<V: Storage>: SlotStorage<Compact<O, Self>> + Zeroed;

    /// The slots of some consecutive elements of a variable.
    type Row<'a>: Coded<O>;
}

/// Slots of some consecutive elements that are kept encoded.
pub trait Coded<O: Optimizer>: Row {
    /// Index of the first of the elements in the variable.
    fn start(&self) -> usize;

    /// Lets `update` change the slots of `len` elements, counted from `first`; at most as many as
    /// are decoded at once.
    fn change(
        &mut self,
        first: usize,
        len: usize,
        dither: &mut Dither,
        update: impl FnOnce(O::Row<'_>),
    );
}

/// Copies of some elements with a common length, and at most `SIZE` of them.
pub(super) fn part<T, const SIZE: usize>(elements: &mut [T; SIZE], len: usize) -> &mut [T] {
    elements.get_mut(..len).unwrap_or_default()
}
