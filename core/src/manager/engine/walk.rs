//! The slots of a part of the ring, in the order they were written.

use super::media::Media;
use super::{NorFlash, either};
use crate::manager::geometry::Geometry;
use crate::manager::log::Log;
use crate::manager::retention::Retention;
use crate::manager::slot::Slot;

/// Goes through the committed slots of consecutive blocks. Holds no reference to the flash.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// The next block, and how many are left with it.
    block: u32,
    left: u32,
    /// Blocks and slots beyond these are not of the log.
    first_sequence: u32,
    end: (u32, u32),
    /// A slot that was found to be committed, and may read otherwise now.
    trusted: Option<(u32, u32)>,
    /// The last slot that was found, and whether its block is being gone through.
    slot: Slot,
    within: bool,
}

#[either]
impl Walk {
    /// What counts.
    #[inline(never)]
    pub(super) fn of(log: &Log, geometry: &Geometry) -> Self {
        Self {
            block: log.tail,
            left: log.span(geometry),
            first_sequence: log.tail_sequence,
            end: (log.tip.sequence, log.tip.offset),
            trusted: log.found,
            slot: Slot::NONE,
            within: false,
        }
    }

    /// Every block of the region.
    pub(super) fn everything(geometry: &Geometry) -> Self {
        Self {
            block: 0,
            left: geometry.blocks(),
            first_sequence: 0,
            end: (u32::MAX, u32::MAX),
            trusted: None,
            slot: Slot::NONE,
            within: false,
        }
    }

    /// The next committed slot.
    #[inline(never)]
    pub(super) async fn next<F: NorFlash>(&mut self, media: &mut Media<F>) -> Option<&Slot> {
        let slot = &mut self.slot;
        // Ends: each turn moves on by a slot or a block.
        loop {
            if self.within {
                let (end, offset) = slot.end(&media.geometry);
                self.within = end == slot.sequence;
                slot.offset = offset;
            }
            if !self.within {
                self.left = self.left.checked_sub(1)?;
                slot.block = media.geometry.wrapped(self.block);
                self.block = slot.block + 1;
                let Some(marker) = media.marker(slot.block).await else {
                    continue;
                };
                slot.sequence = marker.sequence;
                slot.offset = 0;
                let expected = self.first_sequence..=self.end.0;
                if marker.part != 0 || !expected.contains(&marker.sequence) {
                    continue;
                }
            }
            self.within = media.find(slot).await && slot.order() < self.end;
            if self.within && (self.trusted == Some(slot.order()) || media.is_committed(slot).await)
            {
                return Some(slot);
            }
        }
    }

    /// Of the slots that are left, the last of the highest rank.
    #[inline(never)]
    pub(super) async fn highest<F: NorFlash>(
        mut self,
        media: &mut Media<F>,
        rank: Rank<'_>,
    ) -> Option<Slot> {
        let (mut highest, mut slot) = (0, Slot::NONE);
        let mut found = false;
        while self.next(media).await.is_some() {
            if let Some(rank) = rank.of(&self.slot)
                && rank >= highest
            {
                (highest, slot, found) = (rank, self.slot, true);
            }
        }
        found.then_some(slot)
    }
}

/// What makes one slot be preferred to another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rank<'a> {
    /// That it settles what counts; of those that do alike, the place in the order of writing.
    Settled,
    /// The number of its checkpoint.
    Newest,
    /// The number, of those that live on and whose number is `most` at most.
    NewestOf { retention: &'a Retention, most: u32 },
    /// How low the number is, of those that live on and whose number is `least` at least.
    OldestOf {
        retention: &'a Retention,
        least: u32,
    },
}

impl Rank<'_> {
    /// `None` for a slot that is not meant at all.
    fn of(self, slot: &Slot) -> Option<u64> {
        let header = &slot.header;
        let counter = header.save_counter();
        let (is_meant, rank) = match self {
            Self::Settled => {
                // Two slots of a block lie apart by more than a bit.
                let (sequence, offset) = slot.order();
                let order = u64::from(sequence) << 31 | u64::from(offset >> 1);
                return Some(u64::from(header.is_settled()) << 63 | order);
            }
            Self::Newest => (!header.is_empty(), counter),
            Self::NewestOf { retention, most } => {
                (counter <= most && retention.retains(header), counter)
            }
            Self::OldestOf { retention, least } => {
                (counter >= least && retention.retains(header), !counter)
            }
        };
        is_meant.then_some(rank.into())
    }
}
