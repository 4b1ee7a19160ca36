//! The slots of a part of the ring, in the order they were written.

use embedded_storage_async::nor_flash::NorFlash;

use super::geometry::{Extent, Geometry};
use super::media::Media;
use super::slot::Header;

/// A checkpoint in flash: where it lies and what its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// The block it starts in.
    pub(super) block: u32,
    /// That block's sequence number.
    pub(super) sequence: u32,
    /// Where it starts in the data of that block.
    pub(super) offset: u32,
    pub(super) header: Header,
    pub(super) extent: Extent,
}

impl Slot {
    /// Where byte `position` of the slot lies in the region.
    pub(super) fn address(&self, geometry: &Geometry, position: u32) -> u32 {
        geometry.address(self.block, self.offset.wrapping_add(position))
    }

    /// Its place in the order of writing.
    pub(super) fn order(&self) -> (u32, u32) {
        (self.sequence, self.offset)
    }

    /// Where the next slot could start: sequence number of the last block, offset in its data.
    pub(super) fn end(&self, geometry: &Geometry) -> (u32, u32) {
        match self.extent.blocks {
            1 => (self.sequence, self.offset.saturating_add(self.extent.end)),
            blocks => (
                self.sequence.saturating_add(blocks - 1),
                geometry.block_data(),
            ),
        }
    }
}

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

impl Walk {
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
