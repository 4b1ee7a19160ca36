//! The first pass: does everything fit?

use super::assignment::Assignment;
use super::error::RestoreError;
use super::matching::Target;
use super::status::Status;
use super::{Rules, elements};
use crate::Variables;
use crate::checkpoint::decoder::Event;

/// Most variables of which a restore keeps track: a bit each.
const MOST: usize = 512;

/// The first pass of a restore, without I/O: compares what a [`Decoder`](super::super::Decoder)
/// reports with the variables, and changes nothing.
#[derive(Debug, Clone)]
pub struct Verification<R> {
    rules: R,
    found: [u32; MOST / 32],
    target: Option<Target>,
    tensors: usize,
    status: Status,
}

impl<R: Rules> Verification<R> {
    /// Before the first event.
    ///
    /// # Errors
    /// [`RestoreError::NoSuchVariable`] for a name in [`Restore::only`](super::Restore::only) that no variable has,
    /// [`RestoreError::TooMany`] above 512 variables.
    pub fn new(rules: R, variables: &impl Variables) -> Result<Self, RestoreError> {
        let found = variables.count();
        if found > MOST {
            return Err(RestoreError::TooMany { most: MOST, found });
        }
        let has = |name: &&str| {
            (0..variables.count())
                .filter_map(|index| variables.variable(index))
                .any(|variable| variable.name.is(name.as_bytes()))
        };
        let names = rules.restore().only.unwrap_or_default();
        if let Some(position) = names.iter().position(|name| !has(name)) {
            return Err(RestoreError::NoSuchVariable { position });
        }
        Ok(Self {
            rules,
            found: [0; MOST / 32],
            target: None,
            tensors: 0,
            status: Status::default(),
        })
    }

    /// Takes in the decoder's next event.
    ///
    /// # Errors
    /// [`RestoreError`] for the first tensor that does not fit its variable.
    pub fn take(
        &mut self,
        event: Event<'_>,
        variables: &impl Variables,
    ) -> Result<(), RestoreError> {
        match event {
            Event::Tensor(tensor) => {
                self.target = self.rules.restore().target(variables, &tensor)?;
                match self.target {
                    Some(Target { index, .. }) => self.mark(index)?,
                    None => {
                        self.status.unused += 1;
                        self.status.first_unused.get_or_insert(self.tensors);
                    }
                }
                self.tensors += 1;
            }
            Event::Data(bytes) => self.check(bytes, 1)?,
            Event::Repeated { element, count } => self.check(element, count)?,
            _ => {}
        }
        Ok(())
    }

    /// All events were taken in, up to [`Event::End`].
    ///
    /// # Errors
    /// [`RestoreError::Unmatched`] if less matches than [`Restore::require`](super::Restore::require) asks for.
    pub fn finish(mut self, variables: &impl Variables) -> Result<Assignment<R>, RestoreError> {
        for index in 0..variables.count() {
            let variable = variables.variable(index);
            let wanted = variable.is_some_and(|variable| self.rules.restore().wants(&variable));
            if wanted && !self.is_marked(index) {
                self.status.missing += 1;
                self.status.first_missing.get_or_insert(index);
            }
        }
        if let Some(required) = self.rules.restore().require {
            self.status.check(required)?;
        }
        Ok(Assignment::new(self.rules, self.status))
    }

    /// Whether elements can be converted, where they must be.
    fn check(&mut self, bytes: &[u8], count: u32) -> Result<(), RestoreError> {
        let (Some(target), Some(convert)) = (&mut self.target, self.rules.restore().convert) else {
            return Ok(());
        };
        if target.from == target.to {
            return Ok(());
        }
        for element in elements(target.from, bytes) {
            if (convert.element)(target.from, target.to, element).is_none() {
                return Err(RestoreError::OutOfRange {
                    index: target.index,
                    element: target.at,
                });
            }
            target.at = target.at.saturating_add(count as usize);
        }
        Ok(())
    }

    /// Variable `index` has its tensor.
    fn mark(&mut self, index: usize) -> Result<(), RestoreError> {
        if self.is_marked(index) {
            return Err(RestoreError::Duplicate { index });
        }
        if let Some(word) = self.found.get_mut(index / 32) {
            *word |= 1 << (index % 32);
        }
        self.status.matched += 1;
        Ok(())
    }

    fn is_marked(&self, index: usize) -> bool {
        let word = self.found.get(index / 32);
        word.is_some_and(|word| word >> (index % 32) & 1 == 1)
    }
}
