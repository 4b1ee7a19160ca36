//! The manager's own state: which part of the ring counts, and where the next slot goes.

use super::geometry::Geometry;
use super::slot::{Header, Slot};
use crate::checkpoint::Info;

/// What a region is to the manager.
#[derive(Debug, Clone, Copy)]
pub(super) enum Region {
    /// Its own.
    Log(Log),
    /// Free to be taken by the first save.
    Unclaimed { next_sequence: u32 },
}

impl Region {
    /// What is known of a region that was never looked at.
    pub(super) const NEW: Self = Self::Unclaimed { next_sequence: 1 };

    /// Whether there might be too few sequence numbers left for what one call does: it starts each
    /// block twice at most, once for copies and once for what comes behind them.
    pub(super) fn is_exhausted(&self) -> bool {
        let (Self::Log(Log { next_sequence, .. }) | Self::Unclaimed { next_sequence }) = self;
        *next_sequence > u32::MAX - 2 * u32::from(u16::MAX)
    }

    pub(super) fn newest(&self) -> Option<&Newest> {
        match self {
            Self::Log(log) => log.newest.as_ref(),
            Self::Unclaimed { .. } => None,
        }
    }
}

/// The block that was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) block: u32,
    pub(super) sequence: u32,
    /// Behind the last slot in its data.
    pub(super) offset: u32,
    /// How often it was erased; what is assumed of blocks that do not say.
    pub(super) erases: u32,
}

/// The newest checkpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) slot: Slot,
    pub(super) info: Info,
}

/// The blocks from `tail` to `tip` hold what counts; those behind the tip, up to the tail, are
/// free, whatever is in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    pub(super) tail: u32,
    /// Slots in blocks of lower sequence numbers do not count.
    pub(super) tail_sequence: u32,
    pub(super) tip: Tip,
    /// Whether the rest of the tip is known to be erased and never tried since.
    pub(super) open: bool,
    pub(super) next_sequence: u32,
    /// The slot that said so when the region was opened: what was read once is relied on, also
    /// if its commit record is weak and reads otherwise later.
    pub(super) found: Option<(u32, u32)>,
    pub(super) newest: Option<Newest>,
}

impl Log {
    /// Number of blocks that count.
    pub(super) fn span(&self, geometry: &Geometry) -> u32 {
        self.distance(geometry, self.tip.block) + 1
    }

    /// How many blocks behind the tail a block is.
    pub(super) fn distance(&self, geometry: &Geometry, block: u32) -> u32 {
        let ahead = geometry.wrapped(block).wrapping_add(geometry.blocks());
        geometry.wrapped(ahead.wrapping_sub(geometry.wrapped(self.tail)))
    }

    pub(super) fn newest_header(&self) -> Option<&Header> {
        self.newest.as_ref().map(|newest| &newest.slot.header)
    }
}
