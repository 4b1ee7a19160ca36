//! Assigning variables by name.

use core::fmt;

use super::Variables;
use crate::Real;
use crate::tensor::{DType, ViewMut};

/// `tf.compat.v1.assign`: gives variable `name` the elements `value`, row-major.
///
/// ```
/// use gradlet::variable::{assign, assign_sub};
/// use gradlet::{Adam, Head};
/// # fn main() -> Result<(), gradlet::variable::AssignError> {
/// let mut head: Head<4, 3, Adam> = Head::new(Adam::new(0.01));
/// assign(&mut head, "head/bias", &[1.0, 2.0, 3.0])?;
/// assign_sub(&mut head, "head/bias", &[1.0, 1.0, 1.0])?;
/// assert_eq!(head.bias(), &[0.0, 1.0, 2.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`AssignError`]; nothing is changed then.
pub fn assign(
    variables: &mut impl Variables,
    name: &str,
    value: &[f32],
) -> Result<(), AssignError> {
    combine(variables, name, value, |_, new| new)
}

/// `tf.compat.v1.assign_add`: v ← v + `value`, element by element.
///
/// # Errors
/// [`AssignError`]; nothing is changed then.
pub fn assign_add(
    variables: &mut impl Variables,
    name: &str,
    value: &[f32],
) -> Result<(), AssignError> {
    combine(variables, name, value, sum)
}

/// `tf.compat.v1.assign_sub`: v ← v − `value`, element by element.
///
/// # Errors
/// [`AssignError`]; nothing is changed then.
pub fn assign_sub(
    variables: &mut impl Variables,
    name: &str,
    value: &[f32],
) -> Result<(), AssignError> {
    combine(variables, name, value, |v, x| sum(v, -x))
}

fn sum(a: f32, b: f32) -> f32 {
    (Real::new(a) + Real::new(b)).get()
}

fn combine(
    variables: &mut impl Variables,
    name: &str,
    value: &[f32],
    combine: impl Fn(f32, f32) -> f32,
) -> Result<(), AssignError> {
    let is_named = |index: &usize| {
        let variable = variables.variable(*index);
        variable.is_some_and(|variable| variable.name.is(name.as_bytes()))
    };
    let index = (0..variables.count()).find(is_named);
    let view = index.and_then(|index| variables.variable_mut(index));
    match view.ok_or(AssignError::NoVariable)? {
        ViewMut::F32(elements) if elements.len() == value.len() => {
            for (element, x) in elements.iter_mut().zip(value) {
                *element = combine(*element, *x);
            }
            Ok(())
        }
        ViewMut::F32(elements) => Err(AssignError::Length {
            expected: elements.len(),
            found: value.len(),
        }),
        other => Err(AssignError::DType {
            expected: other.view().dtype(),
        }),
    }
}

/// Why a variable was not assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AssignError {
    /// No variable has that name, or it is only lent.
    NoVariable,
    /// The variable has another number of elements.
    Length {
        /// Elements of the variable.
        expected: usize,
        /// Elements that were given.
        found: usize,
    },
    /// The variable's elements are not `f32`.
    DType {
        /// What they are.
        expected: DType,
    },
}

impl fmt::Display for AssignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVariable => f.write_str("there is no variable of that name to be assigned"),
            Self::Length { expected, found } => {
                write!(
                    f,
                    "the variable has {expected} elements, {found} were given"
                )
            }
            Self::DType { expected } => {
                write!(f, "the variable's elements are {expected:?}, not F32")
            }
        }
    }
}

impl core::error::Error for AssignError {}

/// A list of variables names one that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoVariable {
    /// Its position in the list, from 0.
    pub position: usize,
}

impl fmt::Display for NoVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = self.position;
        write!(
            f,
            "name {position} of the list is that of no trainable variable"
        )
    }
}

impl core::error::Error for NoVariable {}
