//! The slots of a part of the ring, in the order they were written.

use super::media::Media;
use super::{NorFlash, either};
use crate::manager::geometry::Geometry;
use crate::manager::log::Log;
use crate::manager::slot::Slot;

/// Goes through the committed slots of consecutive blocks. Holds no reference to the flash.
#[derive(Debug, Clone, Copy)]
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
}

#[either]
impl Walk {
    /// What counts.
    pub(super) fn of(log: &Log, geometry: &Geometry) -> Self {
        let end = (log.tip.sequence, log.tip.offset);
        let span = log.span(geometry);
        Self::new(log.tail, span, log.tail_sequence, end).trusting(log.found)
    }

    /// Every block of the region.
    pub(super) fn everything(geometry: &Geometry) -> Self {
        Self::new(0, geometry.blocks(), 0, (u32::MAX, u32::MAX))
    }

    /// `blocks` blocks from `block` on with sequence numbers from `first_sequence` on, up to
    /// `end` (a sequence number and an offset in that block's data).
    pub(super) fn new(block: u32, blocks: u32, first_sequence: u32, end: (u32, u32)) -> Self {
        Self {
            block,
            left: blocks,
            first_sequence,
            end,
            trusted: None,
            within: None,
        }
    }

    /// The same, taking the slot of this order for committed.
    pub(super) fn trusting(mut self, order: Option<(u32, u32)>) -> Self {
        self.trusted = order;
        self
    }

    /// The next committed slot.
    pub(super) async fn next<F: NorFlash>(&mut self, media: &mut Media<F>) -> Option<Slot> {
        // Ends: each turn moves on by a slot or a block.
        loop {
            let Some((block, sequence, offset)) = self.within else {
                self.left = self.left.checked_sub(1)?;
                let block = media.geometry.wrapped(self.block);
                self.block = block + 1;
                let marker = media.marker(block).await;
                let range = self.first_sequence..=self.end.0;
                self.within = marker
                    .filter(|marker| marker.part == 0 && range.contains(&marker.sequence))
                    .map(|marker| (block, marker.sequence, 0));
                continue;
            };
            let slot = media.slot(block, sequence, offset).await;
            let slot = slot.filter(|slot| slot.order() < self.end);
            let next = slot.map(|slot| slot.end(&media.geometry));
            self.within = next
                .filter(|&(end, _)| end == sequence)
                .map(|(_, offset)| (block, sequence, offset));
            if let Some(slot) = slot
                && (self.trusted == Some(slot.order()) || media.is_committed(&slot).await)
            {
                return Some(slot);
            }
        }
    }
}
