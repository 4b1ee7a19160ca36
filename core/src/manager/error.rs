//! What can go wrong, one enum an operation.

use core::fmt;

use super::geometry::{Geometry, GeometryError};
use crate::checkpoint::{self, EncodeError};

/// Why a region was not opened. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum OpenError {
    /// The flash cannot hold a region.
    Geometry(GeometryError),
    /// The region was written with other sizes: it was moved, resized, or its driver changed.
    OtherGeometry {
        /// The sizes of the flash.
        expected: Geometry,
        /// The sizes that the region was written with.
        found: Geometry,
    },
    /// The region was written by another version of the manager.
    Version {
        /// The version it says.
        found: u8,
    },
    /// The region is blank, and [`Claim::Formatted`](super::Claim::Formatted) does not take it.
    Unformatted,
    /// The region holds something that the manager did not write.
    Foreign {
        /// Offset of the first byte that is not blank.
        offset: u32,
    },
    /// The region is blank but for its last block. Either power went within the erase of the
    /// very first save, before there was any checkpoint, or somebody else's data are there: no
    /// manager can tell. Format the region, or open it with
    /// [`Claim::Interrupted`](super::Claim::Interrupted).
    Interrupted {
        /// Offset of the first byte that is not blank.
        offset: u32,
    },
    /// The manager wrote to the region, but no checkpoint can be found and it was not formatted.
    Damaged,
    /// [`SmallManager`](super::SmallManager) cannot make so many slots of the region.
    Slots {
        /// Erase blocks of the region; at least 3 slots are needed.
        most: u32,
        /// Slots that were asked for.
        found: u32,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Geometry(error) => error.fmt(f),
            Self::OtherGeometry { expected, found } => write!(
                f,
                "the region was written as {} blocks of {} bytes, unit {}, and is opened as {} blocks of {} bytes, unit {}",
                found.blocks(),
                found.erase_size(),
                found.unit(),
                expected.blocks(),
                expected.erase_size(),
                expected.unit()
            ),
            Self::Version { found } => write!(
                f,
                "the region is of version {found}, this manager knows version {}",
                super::marker::VERSION
            ),
            Self::Unformatted => f.write_str("the region is blank and was never formatted"),
            Self::Foreign { offset } => write!(
                f,
                "the region holds something else from byte {offset} on; format it to give that up"
            ),
            Self::Interrupted { offset } => write!(
                f,
                "the region is blank up to byte {offset} in its last block: a first save lost power, or something else is there; format it to give that up"
            ),
            Self::Slots { most, found } => write!(
                f,
                "{found} slots of whole erase blocks, expected 3 to {most}"
            ),
            Self::Damaged => f.write_str(
                "the region is the manager's, but no checkpoint is found in it; format it to start anew",
            ),
        }
    }
}

impl core::error::Error for OpenError {}

/// Why a region was not formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FormatError<E> {
    /// The flash cannot hold a region.
    Geometry(GeometryError),
    /// The flash failed.
    Flash(E),
}

impl<E: fmt::Debug> fmt::Display for FormatError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Geometry(error) => error.fmt(f),
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for FormatError<E> {}

/// Why nothing was saved. The checkpoints before are untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SaveError<E> {
    /// The variables fit in no checkpoint.
    Encode(EncodeError),
    /// The variables changed while they were written.
    Changed,
    /// The region has no room for the checkpoint beside the newest one and those that are kept
    /// for ever, and a spare.
    RegionTooSmall {
        /// Bytes that the region needs, in whole blocks.
        needed: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// The region holds checkpoints of another model; format it to give them up.
    Incompatible(Incompatible),
    /// All sequence numbers are used up, after some 4 billion erases; format the region.
    Exhausted,
    /// A checkpoint that has to be moved reads differently from one moment to the next.
    Unreadable {
        /// Its number.
        save_counter: u32,
    },
    /// The flash failed.
    Flash(E),
}

impl<E: fmt::Debug> fmt::Display for SaveError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Changed => f.write_str("the variables changed while they were saved"),
            Self::RegionTooSmall { needed, found } => write!(
                f,
                "the region has {found} bytes and needs {needed} for this checkpoint, those that stay and a spare"
            ),
            Self::Incompatible(reason) => {
                write!(f, "the region's checkpoints are of another model: {reason}")
            }
            Self::Exhausted => f.write_str("the region's sequence numbers are used up"),
            Self::Unreadable { save_counter } => {
                write!(f, "checkpoint {save_counter} cannot be read reliably")
            }
            Self::Flash(error) => write!(f, "the flash failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for SaveError<E> {}

/// Why a checkpoint does not belong to the variables. None of them was assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Incompatible {
    /// The model ids differ.
    Model {
        /// That of the variables.
        expected: u32,
        /// That of the checkpoint.
        found: u32,
    },
    /// Names, types or shapes do not match.
    Variables(checkpoint::RestoreError),
}

impl fmt::Display for Incompatible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { expected, found } => {
                write!(f, "model {found:#010x}, expected {expected:#010x}")
            }
            Self::Variables(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Incompatible {}

/// Why no checkpoint was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RestoreError {
    /// There is no checkpoint of that number.
    NotFound {
        /// The number asked for.
        save_counter: u32,
    },
    /// There are checkpoints, but none can be read as it was written. The variables are as they
    /// were, unless the flash read differently from one moment to the next.
    Damaged,
    /// The checkpoint is of another model.
    Incompatible(Incompatible),
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { save_counter } => write!(f, "there is no checkpoint {save_counter}"),
            Self::Damaged => f.write_str("no checkpoint can be read as it was written"),
            Self::Incompatible(reason) => {
                write!(f, "the checkpoint is of another model: {reason}")
            }
        }
    }
}

impl core::error::Error for RestoreError {}
