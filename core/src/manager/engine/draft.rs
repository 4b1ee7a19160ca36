//! A slot being written.

use super::media::{Chunk, Media};
use super::{NorFlash, either};
use crate::manager::error::SaveError;
use crate::manager::geometry::Extent;
use crate::manager::log::{Log, Tip};
use crate::manager::marker::Marker;
use crate::manager::slot::Header;
use crate::manager::slot::Slot;

/// A slot whose header is written; the checkpoint's bytes follow, then the commit record.
#[derive(Debug)]
pub(super) struct Draft {
    slot: Slot,
    tip: Tip,
    /// The next byte, from the start of the slot.
    position: u32,
    /// How many blocks of it were started.
    started: u32,
}

#[either]
impl Draft {
    /// Starts a slot behind `tip`, in the rest of that block if `rest_of_tip` and if it fits.
    #[inline(never)]
    pub(super) async fn begin<F: NorFlash>(
        media: &mut Media<F>,
        log: &mut Log,
        tip: Tip,
        rest_of_tip: bool,
        extent: Extent,
        header: impl FnOnce(u32) -> Header,
    ) -> Result<Self, SaveError<F::Error>> {
        let room = media.geometry.block_data().saturating_sub(tip.offset);
        let shares = rest_of_tip && extent.blocks == 1 && extent.end <= room;
        let (block, sequence, offset) = if shares {
            (tip.block, tip.sequence, tip.offset)
        } else {
            let sequence = log.take_sequences(extent.blocks);
            let block = media.geometry.wrapped(tip.block.wrapping_add(1));
            (block, sequence.ok_or(SaveError::Exhausted)?, 0)
        };
        let header = header(sequence);
        let mut draft = Self {
            slot: Slot {
                block,
                sequence,
                offset,
                header,
                extent,
            },
            tip,
            position: extent.payload,
            started: shares.into(),
        };
        draft.start_blocks(media, 0).await?;
        let at = draft.slot.address(&media.geometry, 0);
        let record = header.bytes(sequence);
        media
            .write_record(at, &record)
            .await
            .map_err(SaveError::Flash)?;
        Ok(draft)
    }

    /// How many bytes the next [`push`](Self::push) takes; 0 when the checkpoint is complete.
    pub(super) fn wants<F: NorFlash>(&self, media: &Media<F>) -> usize {
        let end = self
            .slot
            .extent
            .payload
            .saturating_add(self.slot.header.length);
        let data = media.geometry.block_data();
        let within = self.slot.offset.wrapping_add(self.position);
        let room = data - within.checked_rem(data).unwrap_or(0);
        let missing = end.saturating_sub(self.position).min(room);
        media.chunk_len().min(missing as usize)
    }

    /// Writes the next `len` bytes of the checkpoint, as many as it wants.
    pub(super) async fn push<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
        len: usize,
        chunk: &mut Chunk,
    ) -> Result<(), SaveError<F::Error>> {
        self.start_blocks(media, self.position).await?;
        let at = self.slot.address(&media.geometry, self.position);
        media
            .write(at, len, chunk)
            .await
            .map_err(SaveError::Flash)?;
        self.position = self.position.saturating_add(len as u32);
        Ok(())
    }

    /// The slot counts from now on.
    pub(super) async fn commit<F: NorFlash>(
        mut self,
        media: &mut Media<F>,
    ) -> Result<(Slot, Tip), SaveError<F::Error>> {
        self.start_blocks(media, self.slot.extent.commit).await?;
        let at = self.slot.address(&media.geometry, self.slot.extent.commit);
        let record = self.slot.header.commit(self.slot.sequence);
        media
            .write_record(at, &record)
            .await
            .map_err(SaveError::Flash)?;
        Ok((self.slot, self.abandon(media)))
    }

    /// The slot does not count; the tip behind it.
    pub(super) fn abandon<F>(self, media: &Media<F>) -> Tip {
        let (sequence, offset) = self.slot.end(&media.geometry);
        let last = self.slot.block.wrapping_add(self.slot.extent.blocks - 1);
        Tip {
            block: media.geometry.wrapped(last),
            sequence,
            offset,
            erases: self.tip.erases,
        }
    }

    /// Erases and marks blocks up to the one that byte `position` of the slot lies in.
    async fn start_blocks<F: NorFlash>(
        &mut self,
        media: &mut Media<F>,
        position: u32,
    ) -> Result<(), SaveError<F::Error>> {
        let data = media.geometry.block_data();
        let within = self.slot.offset.wrapping_add(position);
        let needed = within.checked_div(data).unwrap_or(0) + 1;
        while self.started < needed {
            let part = self.started;
            let sequence = self.slot.sequence.wrapping_add(part);
            let block = media.geometry.wrapped(self.slot.block.wrapping_add(part));
            let erases = start_block(media, block, part as u16, sequence, self.tip.erases).await;
            self.tip.erases = erases.map_err(SaveError::Flash)?;
            self.started += 1;
        }
        Ok(())
    }
}

/// Erases a block and marks it; returns how often it was erased. `assumed` is taken where the
/// block does not say, which is when an erase of it was cut or it was never used.
#[either]
pub(super) async fn start_block<F: NorFlash>(
    media: &mut Media<F>,
    block: u32,
    part: u16,
    sequence: u32,
    assumed: u32,
) -> Result<u32, F::Error> {
    let known = media.marker(block).await;
    let erases = known
        .map_or(assumed, |marker| marker.erases.saturating_add(1))
        .max(1);
    media.erase(block).await?;
    let marker = Marker {
        block,
        sequence,
        part,
        erases,
        geometry: media.geometry,
    };
    let at = media.geometry.block_start(block);
    media.write_record(at, &marker.bytes()).await?;
    Ok(erases)
}
