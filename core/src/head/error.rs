//! Why something was refused.

use core::fmt;

/// Why a sample or a batch was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeadError {
    /// The label is not a class of the head.
    Label {
        /// Number of classes; labels count from 0.
        classes: usize,
        /// The label that was given.
        found: usize,
    },
    /// The batch holds its capacity already.
    BatchFull {
        /// Most samples it can hold.
        capacity: usize,
    },
    /// The batch holds no sample.
    EmptyBatch,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label { classes, found } => {
                write!(
                    f,
                    "label {found} is not one of the head's {classes} classes"
                )
            }
            Self::BatchFull { capacity } => write!(f, "the batch holds {capacity} samples already"),
            Self::EmptyBatch => f.write_str("the batch holds no sample"),
        }
    }
}

impl core::error::Error for HeadError {}
