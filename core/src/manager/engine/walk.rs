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
    /// The block being gone through: number, sequence number, offset.
    within: Option<(u32, u32, u32)>,
    /// The last slot that was found.
    slot: Slot,
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
            within: None,
            slot: Slot::NONE,
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
            within: None,
            slot: Slot::NONE,
        }
    }

    /// The next committed slot.
    #[inline(never)]
    pub(super) async fn next<F: NorFlash>(&mut self, media: &mut Media<F>) -> Option<&Slot> {
        // Ends: each turn moves on by a slot or a block.
        loop {
            let Some((block, sequence, offset)) = self.within.take() else {
                self.left = self.left.checked_sub(1)?;
                let block = media.geometry.wrapped(self.block);
                self.block = block + 1;
                if let Some(marker) = media.marker(block).await
                    && marker.part == 0
                    && (self.first_sequence..=self.end.0).contains(&marker.sequence)
                {
                    self.within = Some((block, marker.sequence, 0));
                }
                continue;
            };
            let Some(slot) = media.slot(block, sequence, offset).await else {
                continue;
            };
            if slot.order() >= self.end {
                continue;
            }
            let (end, offset) = slot.end(&media.geometry);
            if end == sequence {
                self.within = Some((block, sequence, offset));
            }
            self.slot = slot;
            if self.trusted == Some(self.slot.order()) || media.is_committed(&self.slot).await {
                return Some(&self.slot);
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
        let (mut highest, mut slot) = (None, Slot::NONE);
        while self.next(media).await.is_some() {
            let found = rank.of(&self.slot);
            if found.is_some() && highest <= found {
                (highest, slot) = (found, self.slot);
            }
        }
        highest.map(|_| slot)
    }
}

/// What makes one slot be preferred to another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rank<'a> {
    /// That it settles what counts; of those, the place in the order of writing.
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
    fn of(self, slot: &Slot) -> Option<(bool, u32, u32)> {
        let header = &slot.header;
        let counter = header.save_counter();
        let (is_meant, rank) = match self {
            Self::Settled => {
                let (sequence, offset) = slot.order();
                return Some((header.is_settled(), sequence, offset));
            }
            Self::Newest => (!header.is_empty(), counter),
            Self::NewestOf { retention, most } => {
                (counter <= most && retention.retains(header), counter)
            }
            Self::OldestOf { retention, least } => {
                (counter >= least && retention.retains(header), !counter)
            }
        };
        is_meant.then_some((true, rank, 0))
    }
}
