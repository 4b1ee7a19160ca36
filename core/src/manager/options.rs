//! What the user decides.

#[cfg(feature = "encodings")]
use crate::{checkpoint::Choice, variable::Variable};

/// How checkpoints are kept; start from [`Options::DEFAULT`].
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many of the newest checkpoints are kept at most (`max_to_keep`); fewer where the
    /// region is small. 0 counts as 1: the newest is always there. `u32::MAX` keeps what fits.
    pub max_to_keep: u32,
    /// Which checkpoints are kept beyond those (`keep_checkpoint_every_n_hours`).
    pub keep: Keep,
    /// How many checkpoints `keep` keeps at most; the oldest of them gives way.
    pub max_kept: u32,
    /// Training steps that have to lie between two checkpoints for `save` to write the second
    /// (`checkpoint_interval`); 0 writes whenever it is called.
    pub checkpoint_interval: u32,
    /// How each variable's payload is stored; [`Choice::Smallest`], which is lossless, where
    /// there is none.
    #[cfg(feature = "encodings")]
    pub encoding: Option<fn(&Variable<'_>) -> Choice>,
    /// The time in seconds since 1970, for devices that know it.
    pub clock: Option<fn() -> i64>,
    /// Which regions may be taken.
    pub claim: Claim,
    /// What is known of the last time that power went.
    pub start: Start,
}

impl Options {
    /// TensorFlow's defaults where it has one: the five newest checkpoints, no others.
    pub const DEFAULT: Self = Self {
        max_to_keep: 5,
        keep: Keep::Never,
        max_kept: 8,
        checkpoint_interval: 0,
        #[cfg(feature = "encodings")]
        encoding: None,
        clock: None,
        claim: Claim::Blank,
        start: Start::PowerUp,
    };

    /// The most checkpoints that are kept for ever.
    pub(super) fn kept_bound(&self) -> u32 {
        match self.keep {
            Keep::Never => 0,
            Keep::EverySteps(_) | Keep::EveryHours(_) => self.max_kept,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which checkpoints are kept when newer ones push them out of the newest few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Keep {
    /// None.
    Never,
    /// The first one of at least so many training steps after the last that was kept.
    EverySteps(u32),
    /// The first one of at least so many hours after the last that was kept; none without a
    /// clock (`keep_checkpoint_every_n_hours`).
    EveryHours(u32),
}

/// Which regions the manager may take as its own.
///
/// Opening never writes. A region that may be taken is taken by the first save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Claim {
    /// Only a region that was formatted before.
    Formatted,
    /// Also a blank one: every byte reads as erased. Power that goes within the erase of the very
    /// first save may leave a region that is blank no longer: [`OpenError::Interrupted`] then
    /// asks for [`format`](super::CheckpointManager::format). Nothing can be lost by it: there
    /// was no checkpoint.
    ///
    /// [`OpenError::Interrupted`]: super::OpenError::Interrupted
    Blank,
    /// Also one that is blank but for its last block, which the very first save erases: whatever
    /// is there is taken for what a loss of power left. For regions that nobody else writes to.
    Interrupted,
    /// Any: what is not the manager's is erased.
    Anything,
}

/// What is known of the last time that the device stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Start {
    /// Nothing: power may have gone in the middle of a write that left no trace, and a unit that
    /// was tried must not be written again. The first save goes to a freshly erased block.
    PowerUp,
    /// It did not stop within a save: it slept, or was reset by its own program. The first save
    /// goes on where the last one ended. Never say so after a loss of power.
    Clean,
}
