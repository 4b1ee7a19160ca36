//! What the manager's calls come to.

use super::error::Incompatible;
use super::log::Newest;
use crate::checkpoint::Info;

/// A checkpoint in flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Saved {
    /// Its number, from 1; each save has the next (`save_counter`).
    pub save_counter: u32,
    /// What it says of itself.
    pub info: Info,
    /// Bytes of the checkpoint.
    pub length: u32,
    /// Whether [`Options::keep`](super::Options::keep) keeps it.
    pub kept: bool,
}

impl Saved {
    pub(super) fn new(newest: &Newest) -> Self {
        let header = newest.slot.header;
        Self {
            save_counter: header.save_counter(),
            info: newest.info,
            length: header.length(),
            kept: header.is_kept(),
        }
    }
}

/// What [`restore_or_initialize`](super::CheckpointManager::restore_or_initialize) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Restoration {
    /// All variables have the values of a checkpoint.
    Restored {
        /// Its global step.
        step: i64,
        /// Its number.
        save_counter: u32,
    },
    /// There is no checkpoint; the variables are as they were.
    Initialized,
    /// The newest checkpoint is of another model; the variables are as they were, and nothing is
    /// saved to the region until it is formatted.
    Incompatible(Incompatible),
}
