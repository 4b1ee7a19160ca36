use core::fmt;

use gradlet::HeadError;
use gradlet::manager::{Incompatible, RestoreError, SaveError};

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// No checkpoint could be read.
    Restore(RestoreError),
    /// The checkpoints are of another model.
    Incompatible(Incompatible),
    /// A checkpoint could not be saved.
    Save(SaveError<E>),
    /// The source has no sample of this number.
    Sample {
        /// Its number.
        cursor: i64,
    },
    /// A sample is of a class that the head does not have.
    Head(HeadError),
}

impl<E> Error<E> {
    /// The error in a few words that need no formatting.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Restore(_) => "no checkpoint can be read",
            Self::Incompatible(_) => "the checkpoints are of another model",
            Self::Save(SaveError::RegionTooSmall { .. }) => {
                "the flash is too small for the checkpoint"
            }
            Self::Save(_) => "the flash took no checkpoint",
            Self::Sample { .. } => "the source has no such sample",
            Self::Head(_) => "a sample is of no class of the head",
        }
    }
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restore(error) => error.fmt(f),
            Self::Incompatible(reason) => reason.fmt(f),
            Self::Save(error) => error.fmt(f),
            Self::Sample { cursor } => write!(f, "there is no sample {cursor}"),
            Self::Head(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}
