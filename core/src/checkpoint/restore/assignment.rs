//! The second pass: everything fits, so it is assigned.

use super::error::RestoreError;
use super::matching::Target;
use super::status::Status;
use super::{Element, Rules, elements};
use crate::Variables;
use crate::checkpoint::decoder::Event;
use crate::tensor::ViewMut;

/// The second pass of a restore, without I/O: assigns what a [`Decoder`](super::super::Decoder)
/// reports of the checkpoint that was verified.
#[derive(Debug, Clone)]
pub struct Assignment<R> {
    rules: R,
    target: Option<Target>,
    status: Status,
}

impl<R: Rules> Assignment<R> {
    pub(super) const fn new(rules: R, status: Status) -> Self {
        Self {
            rules,
            target: None,
            status,
        }
    }

    /// For a source that cannot be read twice: assigns tensor by tensor, before the rest is known.
    pub const fn unverified(rules: R) -> Self {
        Self::new(rules, Status::NOTHING)
    }

    /// Takes in the decoder's next event.
    ///
    /// # Errors
    /// [`RestoreError`] if this is not the checkpoint that was verified. What came before it is
    /// assigned.
    pub fn take(
        &mut self,
        event: Event<'_>,
        variables: &mut impl Variables,
    ) -> Result<(), RestoreError> {
        match event {
            Event::Tensor(tensor) => {
                self.target = self.rules.restore().target(variables, &tensor)?
            }
            Event::Data(bytes) => self.assign(bytes, variables)?,
            Event::Repeated { element, count } => {
                // Many at a time; at most the variable's elements, whatever the checkpoint says.
                let mut bytes = [0; 64];
                let size = element.len().max(1);
                for (slot, byte) in bytes.iter_mut().zip(element.iter().cycle()) {
                    *slot = *byte;
                }
                let mut left = count as usize;
                while left > 0 && self.target.is_some() {
                    let some = left.min((bytes.len() / size).max(1));
                    self.assign(bytes.get(..some * size).unwrap_or_default(), variables)?;
                    left -= some;
                }
            }
            Event::TensorEnd => self.target = None,
            _ => {}
        }
        Ok(())
    }

    /// All events were taken in, up to [`Event::End`].
    pub const fn finish(self) -> Status {
        self.status
    }

    /// Assigns whole elements.
    fn assign(&mut self, bytes: &[u8], variables: &mut impl Variables) -> Result<(), RestoreError> {
        let Some(target) = &mut self.target else {
            return Ok(());
        };
        let mut view = variables
            .variable_mut(target.index)
            .filter(|view| view.view().dtype() == target.to)
            .ok_or(RestoreError::Changed)?;
        let convert = self.rules.restore().convert;
        if convert.is_none() || target.from == target.to {
            return target.put(&mut view, bytes);
        }
        let convert = convert.ok_or(RestoreError::Changed)?;
        for element in elements(target.from, bytes) {
            let (index, at) = (target.index, target.at);
            let converted: Element = (convert.element)(target.from, target.to, element)
                .ok_or(RestoreError::OutOfRange { index, element: at })?;
            let converted = converted.get(..target.to.size()).unwrap_or_default();
            target.put(&mut view, converted)?;
        }
        Ok(())
    }
}

impl Target {
    /// Assigns elements of the variable's own type.
    fn put(&mut self, view: &mut ViewMut<'_>, bytes: &[u8]) -> Result<(), RestoreError> {
        let used = view.assign_le(self.at, bytes);
        self.at += used / self.to.size().max(1);
        if used == bytes.len() {
            Ok(())
        } else {
            Err(RestoreError::Changed)
        }
    }
}
