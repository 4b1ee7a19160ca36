//! A slot being written.

use super::media::Media;
use super::{NorFlash, either};
use crate::manager::geometry::{Extent, Geometry};
use crate::manager::log::Tip;
use crate::manager::marker::Marker;
use crate::manager::slot::{Header, Slot};

/// Slots being written one behind the other: each a header, the checkpoint's bytes, the commit record.
#[derive(Debug)]
pub(super) struct Draft {
    /// Where the next slot starts.
    pub(super) tip: Tip,
    pub(super) slot: Slot,
    /// The next byte, from the start of the slot.
    position: u32,
    /// How many blocks of it were started.
    started: u32,
}

#[either]
impl Draft {
    pub(super) const fn behind(tip: Tip) -> Self {
        Self {
            tip,
            slot: Slot::NONE,
            position: 0,
            started: 0,
        }
    }

    /// Starts a slot, in the rest of the tip if `rest_of_tip` and if it fits. `tail` goes into its
    /// header: the slot's own block where there is none.
    #[inline(never)]
    pub(super) async fn begin<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
        next_sequence: &mut u32,
        rest_of_tip: bool,
        (header, extent): (&Header, &Extent),
        tail: Option<u32>,
    ) -> Result<(), F::Error> {
        let room = media.geometry.block_data().saturating_sub(self.tip.offset);
        let shares = rest_of_tip && extent.blocks == 1 && extent.end <= room;
        let slot = &mut self.slot;
        if shares {
            slot.block = self.tip.block;
            slot.sequence = self.tip.sequence;
            slot.offset = self.tip.offset;
        } else {
            slot.block = media.geometry.wrapped(self.tip.block.wrapping_add(1));
            slot.sequence = *next_sequence;
            slot.offset = 0;
            *next_sequence = next_sequence.saturating_add(extent.blocks);
        }
        slot.header = *header;
        slot.header.set_tail(tail.unwrap_or(slot.sequence));
        slot.extent = *extent;
        self.position = extent.payload;
        self.started = shares.into();
        let record = slot.header.record(slot.sequence);
        self.put(media, 0, &record).await
    }

    /// Makes ready for the next [`push`](Self::push); how many bytes that takes, 0 when the checkpoint
    /// is complete. They go to the start of the [chunk](Media::chunk).
    #[inline(never)]
    pub(super) async fn wants<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
    ) -> Result<usize, F::Error> {
        let written = self.position.wrapping_sub(self.slot.extent.payload);
        let len = media.in_one_piece(&self.slot, written);
        if len > 0 {
            self.reach(media, self.position).await?;
        }
        Ok(len)
    }

    /// Writes `len` bytes of the checkpoint, as many as it wants or less.
    pub(super) async fn push<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
        len: usize,
    ) -> Result<(), F::Error> {
        let at = self.slot.address(&media.geometry, self.position);
        self.position = self.position.saturating_add(len as u32);
        media.write(at, len).await
    }

    /// The slot counts from now on; the next one starts behind it.
    #[inline(never)]
    pub(super) async fn commit<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
    ) -> Result<(), F::Error> {
        let record = self.slot.header.commit(self.slot.sequence);
        self.put(media, self.slot.extent.commit, &record).await?;
        self.end(&media.geometry);
        Ok(())
    }

    /// The next slot starts behind this one, whether or not that counts.
    #[inline(never)]
    pub(super) fn end(&mut self, geometry: &Geometry) {
        let last = self.slot.block.wrapping_add(self.slot.extent.blocks - 1);
        self.tip.block = geometry.wrapped(last);
        (self.tip.sequence, self.tip.offset) = self.slot.end(geometry);
    }

    /// Writes a record at byte `position` of the slot.
    #[inline(never)]
    async fn put<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
        position: u32,
        record: &[u32],
    ) -> Result<(), F::Error> {
        self.reach(media, position).await?;
        let at = self.slot.address(&media.geometry, position);
        media.write_record(at, record).await
    }

    /// Erases and marks the blocks up to that of byte `position` of the slot.
    #[inline(never)]
    async fn reach<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
        position: u32,
    ) -> Result<(), F::Error> {
        let data = media.geometry.block_data();
        let within = self.slot.offset.wrapping_add(position);
        let needed = within.checked_div(data).unwrap_or(0) + 1;
        while self.started < needed {
            let part = self.started;
            let sequence = self.slot.sequence.wrapping_add(part);
            let block = media.geometry.wrapped(self.slot.block.wrapping_add(part));
            start_block(media, block, part as u16, sequence, &mut self.tip.erases).await?;
            self.started += 1;
        }
        Ok(())
    }
}

/// Erases a block and marks it. `erases` becomes how often it was erased; what it was is taken
/// where the block does not say, which is when an erase of it was cut or it was never used.
#[either]
#[inline(never)]
pub(super) async fn start_block<F: NorFlash>(
    media: &mut Media<F>,
    block: u32,
    part: u16,
    sequence: u32,
    erases: &mut u32,
) -> Result<(), F::Error> {
    if let Some(marker) = media.marker(block).await {
        *erases = marker.erases.saturating_add(1);
    }
    *erases = (*erases).max(1);
    media.erase(block).await?;
    let marker = Marker {
        block,
        sequence,
        part,
        erases: *erases,
        geometry: media.geometry,
    };
    let at = media.geometry.block_start(block);
    media.write_record(at, &marker.record()).await
}
