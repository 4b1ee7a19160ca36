//! Which variable a tensor belongs to, and whether it fits.

use super::Restore;
use super::error::RestoreError;
use crate::Variables;
use crate::checkpoint::encoder::is_saved;
use crate::checkpoint::frame::TensorInfo;
use crate::tensor::DType;
use crate::variable::Variable;

/// The variable that a tensor is assigned to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) index: usize,
    /// Element type of the tensor, and of the variable.
    pub(super) from: DType,
    pub(super) to: DType,
    /// Elements before the next piece.
    pub(super) at: usize,
}

impl Restore<'_> {
    /// Whether the variable is to be restored.
    pub(super) fn wants(&self, variable: &Variable<'_>) -> bool {
        match self.only {
            None => is_saved(variable),
            Some(names) => names.iter().any(|name| variable.name.is(name.as_bytes())),
        }
    }

    /// The variable that `tensor` is for, if there is one and it is to be restored.
    pub(super) fn target(
        &self,
        variables: &impl Variables,
        tensor: &TensorInfo<'_>,
    ) -> Result<Option<Target>, RestoreError> {
        let found = (0..variables.count())
            .filter_map(|index| Some((index, variables.variable(index)?)))
            .find(|(_, variable)| variable.name.is(tensor.name.as_bytes()) && self.wants(variable));
        let Some((index, variable)) = found else {
            return Ok(None);
        };
        let (expected, found) = (variable.view.dtype(), tensor.dtype);
        let converts = |convert: super::convert::Convert| (convert.is_possible)(found, expected);
        if expected != found && !self.convert.is_some_and(converts) {
            return Err(RestoreError::DType {
                index,
                expected,
                found,
            });
        }
        let (to, from) = (expected, found);
        let (expected, found) = (variable.shape, tensor.shape);
        let fits = variable.view.len() == tensor.elements as usize;
        if !fits || (expected != found && !self.reshape) {
            return Err(RestoreError::Shape {
                index,
                expected,
                found,
            });
        }
        Ok(Some(Target {
            index,
            from,
            to,
            at: 0,
        }))
    }
}
