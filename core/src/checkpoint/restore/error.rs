//! Why variables were not restored.

use core::fmt;

use crate::tensor::{DType, Shape};

/// Why a checkpoint does not fit the variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RestoreError {
    /// Less matches than was required.
    Unmatched(Unmatched),
    /// The element types differ, and no conversion was asked for or none is possible.
    DType {
        /// Index of the variable.
        index: usize,
        /// The variable's type.
        expected: DType,
        /// The tensor's type.
        found: DType,
    },
    /// The shapes differ, or with [`Restore::reshape`](super::Restore::reshape) the number of
    /// elements.
    Shape {
        /// Index of the variable.
        index: usize,
        /// The variable's shape.
        expected: Shape,
        /// The tensor's shape.
        found: Shape,
    },
    /// An element does not fit the variable's type.
    OutOfRange {
        /// Index of the variable.
        index: usize,
        /// Index of the element, row-major.
        element: usize,
    },
    /// The checkpoint has two tensors of this variable's name.
    Duplicate {
        /// Index of the variable.
        index: usize,
    },
    /// A name that was asked for is not one of the variables'.
    NoSuchVariable {
        /// Its position in the list of names.
        position: usize,
    },
    /// More variables than a restore can keep track of.
    TooMany {
        /// Most variables.
        most: usize,
        /// Number of variables.
        found: usize,
    },
    /// The variables and the checkpoint are not those that were verified.
    Changed,
}

/// What of variables and checkpoint does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Unmatched {
    /// No variable is in the checkpoint.
    Everything,
    /// Variables are not in the checkpoint.
    Variable {
        /// Index of the first.
        index: usize,
        /// How many.
        count: usize,
    },
    /// Tensors of the checkpoint were not used.
    Tensor {
        /// Position of the first in the checkpoint, from 0.
        position: usize,
        /// How many.
        count: usize,
    },
}

impl From<Unmatched> for RestoreError {
    fn from(unmatched: Unmatched) -> Self {
        Self::Unmatched(unmatched)
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("no variable is in the checkpoint"),
            Self::Variable { index, count } => write!(
                f,
                "{count} variables are not in the checkpoint, variable {index} is the first"
            ),
            Self::Tensor { position, count } => write!(
                f,
                "{count} tensors of the checkpoint were not used, tensor {position} is the first"
            ),
        }
    }
}

impl core::error::Error for Unmatched {}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmatched(unmatched) => unmatched.fmt(f),
            Self::DType {
                index,
                expected,
                found,
            } => write!(
                f,
                "variable {index} has type {expected:?}, its tensor has type {found:?}"
            ),
            Self::Shape {
                index,
                expected,
                found,
            } => write!(
                f,
                "variable {index} has shape {:?}, its tensor has shape {:?}",
                expected.dims(),
                found.dims()
            ),
            Self::OutOfRange { index, element } => write!(
                f,
                "element {element} of variable {index} does not fit its type"
            ),
            Self::Duplicate { index } => {
                write!(f, "the checkpoint has two tensors for variable {index}")
            }
            Self::NoSuchVariable { position } => {
                write!(f, "name {position} of the list is not one of a variable")
            }
            Self::TooMany { most, found } => {
                write!(f, "{found} variables, at most {most} can be restored")
            }
            Self::Changed => {
                f.write_str("variables or checkpoint are not those that were verified")
            }
        }
    }
}

impl core::error::Error for RestoreError {}
