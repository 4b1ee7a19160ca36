//! What became of a restore.

use crate::management::ManagementError;

/// At most so many are named in an error.
const SHOWN: usize = 10;

/// Tells how far a checkpoint and a program fitted (`CheckpointLoadStatus`). Restoring takes what
/// fits; these checks say whether that was enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "restoring takes what fits: assert_consumed tells whether everything did"]
pub struct LoadStatus {
    /// Values of the checkpoint that no variable took.
    pub(super) unresolved: Vec<String>,
    /// Variables that the checkpoint has no value for.
    pub(super) unbound: Vec<String>,
    /// Number of objects that were found in both.
    pub(super) matched: usize,
}

impl LoadStatus {
    /// Values of the checkpoint that no variable took, as `(root).optimizer.beta1_power`.
    pub fn unresolved(&self) -> &[String] {
        &self.unresolved
    }

    /// Variables that the checkpoint has no value for.
    pub fn unbound(&self) -> &[String] {
        &self.unbound
    }

    /// Fails unless every value of the checkpoint was taken and every variable has one.
    ///
    /// # Errors
    /// [`ManagementError::NotMatched`], an `AssertionError` in TensorFlow.
    pub fn assert_consumed(&self) -> Result<&LoadStatus, ManagementError> {
        self.assert_existing_objects_matched()?;
        match self.unresolved.first() {
            None => Ok(self),
            Some(first) => {
                let others = match self.unresolved.len() - 1 {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                Err(ManagementError::NotMatched(format!(
                    "Unresolved object in checkpoint {first}{others}"
                )))
            }
        }
    }

    /// Fails unless every variable has a value in the checkpoint.
    ///
    /// # Errors
    /// [`ManagementError::NotMatched`], an `AssertionError` in TensorFlow.
    pub fn assert_existing_objects_matched(&self) -> Result<&LoadStatus, ManagementError> {
        if self.unbound.is_empty() {
            return Ok(self);
        }
        let count = self.unbound.len();
        let shown: Vec<&str> = self
            .unbound
            .iter()
            .take(SHOWN)
            .map(String::as_str)
            .collect();
        Err(ManagementError::NotMatched(format!(
            "Found {count} variables that were not bound to checkpointed values, likely due to \
             changes in the program. Showing {} of {count} unmatched: {}",
            shown.len(),
            shown.join(", ")
        )))
    }

    /// Fails if nothing but the root was found in both.
    ///
    /// # Errors
    /// [`ManagementError::NotMatched`], an `AssertionError` in TensorFlow.
    pub fn assert_nontrivial_match(&self) -> Result<&LoadStatus, ManagementError> {
        if self.matched > 1 {
            return Ok(self);
        }
        let reason = if self.unbound.is_empty() {
            "Nothing to load. There are no variables yet.".to_owned()
        } else {
            format!(
                "Nothing except the root object matched a checkpointed value. Typically this means \
                 that the checkpoint does not match the program. The following have no matching \
                 checkpointed value: {}",
                self.unbound.join(", ")
            )
        };
        Err(ManagementError::NotMatched(reason))
    }

    /// Says that values which nobody took are no surprise.
    pub fn expect_partial(&self) -> &LoadStatus {
        self
    }
}
