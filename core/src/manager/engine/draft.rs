//! A slot being written.

use super::media::Media;
use super::{NorFlash, either};
use crate::manager::geometry::Extent;
use crate::manager::log::{Log, Tip};
use crate::manager::marker::Marker;
use crate::manager::slot::{Header, Slot};

/// A slot whose header is written; the checkpoint's bytes follow, then the commit record.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) slot: Slot,
    tip: Tip,
    /// The next byte, from the start of the slot.
    position: u32,
    /// How many blocks of it were started.
    started: u32,
}

#[either]
impl Draft {
    /// Starts a slot behind `tip`, in the rest of that block if `rest_of_tip` and if it fits.
    /// `tail` goes into its header: the slot's own block where there is none.
    #[inline(never)]
    pub(super) async fn begin<F: NorFlash>(
        media: &mut Media<F>,
        log: &mut Log,
        tip: Tip,
        rest_of_tip: bool,
        (header, extent): (&Header, Extent),
        tail: Option<u32>,
    ) -> Result<Self, F::Error> {
        let room = media.geometry.block_data().saturating_sub(tip.offset);
        let shares = rest_of_tip && extent.blocks == 1 && extent.end <= room;
        let (block, sequence, offset) = if shares {
            (tip.block, tip.sequence, tip.offset)
        } else {
            let block = media.geometry.wrapped(tip.block.wrapping_add(1));
            (block, log.take_sequences(extent.blocks), 0)
        };
        let mut draft = Self {
            slot: Slot {
                block,
                sequence,
                offset,
                header: *header,
                extent,
            },
            tip,
            position: extent.payload,
            started: shares.into(),
        };
        draft.slot.header.set_tail(tail.unwrap_or(sequence));
        let record = draft.slot.header.record(sequence);
        draft.put(media, 0, &record).await?;
        Ok(draft)
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

    /// The slot counts from now on; the tip behind it.
    pub(super) async fn commit<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
    ) -> Result<Tip, F::Error> {
        let record = self.slot.header.commit(self.slot.sequence);
        self.put(media, self.slot.extent.commit, &record).await?;
        Ok(self.end(media))
    }

    /// The tip behind the slot, whether or not that counts.
    pub(super) fn end<F>(&self, media: &Media<F>) -> Tip {
        let (sequence, offset) = self.slot.end(&media.geometry);
        let last = self.slot.block.wrapping_add(self.slot.extent.blocks - 1);
        Tip {
            block: media.geometry.wrapped(last),
            sequence,
            offset,
            erases: self.tip.erases,
        }
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
