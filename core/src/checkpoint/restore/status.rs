//! What a restore did.

use super::error::Unmatched;

/// What a restore did, with the checks of `tf.train.Checkpoint.restore`'s status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Status {
    /// Variables that were assigned.
    pub matched: usize,
    /// Variables that were to be restored and that the checkpoint does not have.
    pub missing: usize,
    /// Index of the first of them.
    pub first_missing: Option<usize>,
    /// Tensors of the checkpoint that were not used.
    pub unused: usize,
    /// Position of the first of them among the checkpoint's tensors, from 0.
    pub first_unused: Option<usize>,
}

/// How much of variables and checkpoint has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Match {
    /// At least one variable.
    Nontrivial,
    /// Every variable; the checkpoint may have more.
    Existing,
    /// Every variable and every tensor of the checkpoint.
    Consumed,
}

impl Status {
    pub(super) const NOTHING: Self = Self {
        matched: 0,
        missing: 0,
        first_missing: None,
        unused: 0,
        first_unused: None,
    };

    /// Whether so much matched.
    ///
    /// # Errors
    /// [`Unmatched`] says what did not.
    pub const fn check(self, required: Match) -> Result<Self, Unmatched> {
        if self.matched == 0 {
            return Err(Unmatched::Everything);
        }
        match (required, self.first_missing, self.first_unused) {
            (Match::Existing | Match::Consumed, Some(index), _) => Err(Unmatched::Variable {
                index,
                count: self.missing,
            }),
            (Match::Consumed, None, Some(position)) => Err(Unmatched::Tensor {
                position,
                count: self.unused,
            }),
            _ => Ok(self),
        }
    }

    /// Every variable was in the checkpoint, and every tensor was used.
    ///
    /// # Errors
    /// [`Unmatched`] says what was not.
    pub const fn assert_consumed(self) -> Result<Self, Unmatched> {
        self.check(Match::Consumed)
    }

    /// Every variable was in the checkpoint.
    ///
    /// # Errors
    /// [`Unmatched`] says which was not.
    pub const fn assert_existing_objects_matched(self) -> Result<Self, Unmatched> {
        self.check(Match::Existing)
    }

    /// At least one variable was in the checkpoint.
    ///
    /// # Errors
    /// [`Unmatched::Everything`].
    pub const fn assert_nontrivial_match(self) -> Result<Self, Unmatched> {
        self.check(Match::Nontrivial)
    }

    /// Says that the rest is meant to be left alone.
    pub const fn expect_partial(self) -> Self {
        self
    }
}
