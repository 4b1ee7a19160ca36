//! Named variables, and how a checkpoint, a restore or an average goes through them.
//!
//! Variables are enumerated by index, never iterated: nothing stays borrowed between two calls,
//! so an async writer can wait for its UART between two variables of a head that trains on.

mod assign;
mod name;
mod named;
mod selection;
mod storage;
mod together;

pub use assign::{AssignError, NoVariable, assign, assign_add, assign_sub};
pub use name::Name;
pub use named::Named;
pub use selection::Selection;
pub use storage::{Buffer, Storage};

use crate::Crc32c;
use crate::tensor::{Shape, View, ViewMut};

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
            for piece in variable.name.pieces() {
                crc.update(piece.as_bytes());
            }
            crc.update(&[0, variable.view.dtype().number()]);
            for dim in variable.shape.dims() {
                crc.update(&dim.to_le_bytes());
            }
        }
        crc.value()
    }
}
