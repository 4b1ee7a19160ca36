//! From a checkpoint into variables, all or nothing.

use core::fmt;

use super::in_memory::Checkpoint;
use crate::Variables;
use crate::tensor::{DType, Shape};

/// What a restore did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Restored {
    /// Variables that were assigned: all of them.
    pub variables: usize,
    /// Tensors of the checkpoint that no variable asked for.
    pub unused: usize,
}

/// Assigns every variable from the tensor of its name (`Saver.restore`).
///
/// The checkpoint is verified already; all names, types and shapes are compared before the first
/// variable is assigned, so that a restore that fails has changed nothing.
///
/// # Errors
/// [`RestoreError`] with the index of the first variable that cannot be restored.
pub fn restore(
    variables: &mut impl Variables,
    checkpoint: &Checkpoint<'_>,
) -> Result<Restored, RestoreError> {
    let count = variables.count();
    for index in 0..count {
        let Some(variable) = variables.variable(index) else {
            continue;
        };
        let tensor = checkpoint
            .tensors()
            .find(|tensor| variable.name.is(tensor.info.name.as_bytes()))
            .ok_or(RestoreError::Missing { index })?;
        let (expected, found) = (variable.view.dtype(), tensor.info.dtype);
        if expected != found {
            return Err(RestoreError::DType {
                index,
                expected,
                found,
            });
        }
        let (expected, found) = (variable.shape, tensor.info.shape);
        if expected != found {
            return Err(RestoreError::Shape {
                index,
                expected,
                found,
            });
        }
    }
    for index in 0..count {
        let data = variables.variable(index).and_then(|variable| {
            let mut tensors = checkpoint.tensors();
            tensors.find(|tensor| variable.name.is(tensor.info.name.as_bytes()))
        });
        if let (Some(tensor), Some(mut view)) = (data, variables.variable_mut(index)) {
            view.assign_le(0, tensor.data);
        }
    }
    let tensors = checkpoint.tensors().count();
    Ok(Restored {
        variables: count,
        unused: tensors.saturating_sub(count),
    })
}

/// Why a checkpoint does not fit the variables. Nothing was assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RestoreError {
    /// The checkpoint has no tensor of this variable's name.
    Missing {
        /// Index of the variable.
        index: usize,
    },
    /// The element types differ.
    DType {
        /// Index of the variable.
        index: usize,
        /// The variable's type.
        expected: DType,
        /// The tensor's type.
        found: DType,
    },
    /// The shapes differ.
    Shape {
        /// Index of the variable.
        index: usize,
        /// The variable's shape.
        expected: Shape,
        /// The tensor's shape.
        found: Shape,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { index } => write!(f, "variable {index} is not in the checkpoint"),
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
        }
    }
}

impl core::error::Error for RestoreError {}
