//! Named variables, and how a checkpoint, a restore or an average goes through them.
//!
//! Variables are enumerated by index, never iterated: nothing stays borrowed between two calls,
//! so an async writer can wait for its UART between two variables of a head that trains on.

use core::fmt;

use crate::tensor::{Shape, View, ViewMut};
use crate::{Crc32c, Zeroed};

/// A variable's name, TensorFlow's own: `head/kernel/Adam_1` is scope, variable and slot.
///
/// The parts are joined by `/`; empty parts are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>([&'a str; 3]);

impl<'a> Name<'a> {
    /// A name of one part: `global_step`.
    pub const fn new(name: &'a str) -> Self {
        Self([name, "", ""])
    }

    /// A variable in a scope: `head`, `kernel`.
    pub const fn scoped(scope: &'a str, variable: &'a str) -> Self {
        Self([scope, variable, ""])
    }

    /// A slot of a variable in a scope: `head`, `kernel`, `Adam_1`.
    pub const fn slot(scope: &'a str, variable: &'a str, slot: &'a str) -> Self {
        Self([scope, variable, slot])
    }

    /// The name of slot `slot` of this variable (of one that is no slot itself).
    pub const fn of_slot(self, slot: &'a str) -> Self {
        let [scope, variable, _] = self.0;
        Self([scope, variable, slot])
    }

    /// The name in pieces that follow one another.
    pub fn pieces(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let parts = self.0;
        let mut first = true;
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .flat_map(move |part| {
                let separator = if core::mem::take(&mut first) { "" } else { "/" };
                [separator, part]
            })
    }

    /// Bytes of the whole name.
    pub fn len(&self) -> usize {
        self.pieces().map(str::len).sum()
    }

    /// Whether the name has no part.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the whole name is `other`.
    pub fn is(&self, other: &[u8]) -> bool {
        let mut rest = other;
        for piece in self.pieces() {
            match rest.strip_prefix(piece.as_bytes()) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

/// TensorFlow's collections of variables, as flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Collections(u8);

impl Collections {
    /// `GLOBAL_VARIABLES`: what a checkpoint holds by default.
    pub const GLOBAL: Self = Self(1);
    /// `LOCAL_VARIABLES`: never saved by default (a running accuracy).
    pub const LOCAL: Self = Self(2);
    /// `MODEL_VARIABLES`: what inference needs.
    pub const MODEL: Self = Self(4);
    /// `TRAINABLE_VARIABLES`: what an optimizer updates.
    pub const TRAINABLE: Self = Self(8);
    /// `MOVING_AVERAGE_VARIABLES`: what an average follows.
    pub const MOVING_AVERAGE: Self = Self(16);

    /// The variables that are in `self` or in `other`.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every collection of `other` is in `self`.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A variable to be read: its name, shape, collections and elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variable<'a> {
    /// TensorFlow's name of the variable.
    pub name: Name<'a>,
    /// Its shape; `view` has as many elements.
    pub shape: Shape,
    /// The collections it is in.
    pub collections: Collections,
    /// Its elements.
    pub view: View<'a>,
}

/// A set of variables that can be saved and restored.
pub trait Variables {
    /// Number of variables.
    fn count(&self) -> usize;

    /// Variable `index`; `None` from [`count`](Self::count) on.
    fn variable(&self, index: usize) -> Option<Variable<'_>>;

    /// The elements of variable `index`, to be assigned.
    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>>;

    /// Training steps done so far (TensorFlow's `global_step`).
    fn global_step(&self) -> i64;

    /// Up to 255 bytes of the user's own that a checkpoint carries in its header, by default none
    /// ([`Annotated`](crate::checkpoint::Annotated) gives some to variables that have none).
    fn metadata(&self) -> &[u8] {
        &[]
    }

    /// A number that tells this model from others: by default the checksum of all names, types
    /// and shapes, so that a checkpoint of another model is never restored into this one.
    fn model_id(&self) -> u32 {
        let mut crc = Crc32c::new();
        for variable in (0..self.count()).filter_map(|index| self.variable(index)) {
            variable
                .name
                .pieces()
                .for_each(|piece| crc.update(piece.as_bytes()));
            crc.update(&[0, variable.view.dtype().number()]);
            variable
                .shape
                .dims()
                .iter()
                .for_each(|dim| crc.update(&dim.to_le_bytes()));
        }
        crc.value()
    }
}

/// Static storage of a variable: `[f32; N]` or, row-major, `[[f32; COLUMNS]; ROWS]`.
pub trait Storage: Zeroed {
    /// Shape of the variable.
    const SHAPE: Shape;
    /// All elements, row-major.
    fn elements(&self) -> &[f32];
    /// All elements, row-major, to be assigned.
    fn elements_mut(&mut self) -> &mut [f32];
    /// `len` elements from element `start` on, to be assigned; none where that is out of range.
    fn part_mut(&mut self, start: usize, len: usize) -> &mut [f32] {
        let rest = self.elements_mut().get_mut(start..);
        rest.and_then(|rest| rest.get_mut(..len))
            .unwrap_or_default()
    }
}

impl<const N: usize> Storage for [f32; N] {
    const SHAPE: Shape = Shape::vector(N);

    fn elements(&self) -> &[f32] {
        self
    }

    fn elements_mut(&mut self) -> &mut [f32] {
        self
    }
}

impl<const ROWS: usize, const COLUMNS: usize> Storage for [[f32; COLUMNS]; ROWS] {
    const SHAPE: Shape = Shape::matrix(ROWS, COLUMNS);

    fn elements(&self) -> &[f32] {
        self.as_flattened()
    }

    fn elements_mut(&mut self) -> &mut [f32] {
        self.as_flattened_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_name_is_its_parts_joined_by_slashes() {
        for (name, text) in [
            (Name::new("global_step"), "global_step"),
            (Name::scoped("head", "kernel"), "head/kernel"),
            (Name::slot("head", "kernel", "Adam_1"), "head/kernel/Adam_1"),
            (Name::slot("", "kernel", "Adam"), "kernel/Adam"),
        ] {
            assert_eq!(name.to_string(), text);
            assert_eq!(name.len(), text.len());
            assert!(name.is(text.as_bytes()));
            assert!(!name.is(&text.as_bytes()[1..]));
            assert!(!name.is(std::format!("{text}x").as_bytes()));
        }
    }
}
