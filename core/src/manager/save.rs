//! Saving: the counting pass, the plan, copies ahead, the checkpoint.

use embedded_storage_async::nor_flash::NorFlash;

use super::asynchronous::{AsyncCheckpointManager, Saved};
use super::claim::claim;
use super::draft::Draft;
use super::error::SaveError;
use super::geometry::Extent;
use super::log::{Log, Newest};
use super::media::{Chunk, Media};
use super::plan::{Plan, blocks_for, plan};
use super::read;
use super::recovery::Region;
use super::retention::{Retention, Standing};
use super::slot::Header;
use super::walk::Slot;
use crate::Variables;
use crate::checkpoint::{Encoder, Info};

impl<F: NorFlash> AsyncCheckpointManager<F> {
    /// Saves the variables as the newest checkpoint (`CheckpointManager.save`); `None` if
    /// [`checkpoint_interval`](super::Options::checkpoint_interval) says that it is too early.
    ///
    /// The checkpoint counts once all of it is written. Until then, and if power goes, an error
    /// is returned or the future is dropped, the one before is the newest.
    ///
    /// # Errors
    /// [`SaveError`]; the region stays as it was, and the next call tries anew.
    pub async fn save(
        &mut self,
        variables: &impl Variables,
    ) -> Result<Option<Saved>, SaveError<F::Error>> {
        let step = variables.global_step();
        if !self.is_due(step) {
            return Ok(None);
        }
        if let Some(reason) = self.misfit(variables) {
            return Err(SaveError::Incompatible(reason));
        }
        let info = Info {
            global_step: Some(step),
            time: self.options.clock.map(|clock| clock()),
            model_id: Some(variables.model_id()),
        };
        let mut encoder = Encoder::new();
        if let Some(time) = info.time {
            encoder = encoder.at_time(time);
        }
        if let Some(choice) = self.options.encoding {
            encoder = encoder.choosing(choice);
        }
        let length = encoder.total_len(variables).map_err(SaveError::Encode)?;
        let extent = self.extent(length)?;
        if let Region::Unclaimed(unclaimed) = self.region {
            self.region = Region::Log(claim(&mut self.media, unclaimed).await?);
        }
        let Region::Log(log) = &mut self.region else {
            return Err(SaveError::Exhausted);
        };
        let newest = log.newest_header().map(Standing::of);
        let standing = Standing::after(newest, &self.options, step, info.time);
        let retention = Retention::new(&self.options, standing);
        let found = self.media.geometry;
        let plan = plan(&mut self.media, log, retention, &extent).await;
        let plan = plan.map_err(|needed| too_small(found, needed.blocks))?;
        let mut save = Save {
            media: &mut self.media,
            log,
            rest_of_tip: plan.rest_of_tip,
        };
        save.make_room(&plan).await?;
        let checkpoint = Checkpoint {
            standing,
            length,
            extent,
            info,
        };
        let newest = save.write(&plan, &checkpoint, encoder, variables).await?;
        self.last_step = Some(step);
        Ok(Some(Saved::new(&newest)))
    }

    /// The space of a checkpoint, if a region of this size can hold it for ever, with as many
    /// of its size as are kept and a spare.
    fn extent(&self, length: u32) -> Result<Extent, SaveError<F::Error>> {
        let geometry = self.media.geometry;
        let extent = geometry.extent(length);
        let extent = extent.ok_or_else(|| too_small(geometry, u32::MAX))?;
        let needed = blocks_for(geometry.block_data(), &extent, self.options.kept_bound());
        if needed > geometry.blocks() {
            return Err(too_small(geometry, needed));
        }
        Ok(extent)
    }
}

fn too_small<E>(geometry: super::Geometry, blocks: u32) -> SaveError<E> {
    let bytes = |blocks: u32| u64::from(blocks) * u64::from(geometry.erase_size());
    SaveError::RegionTooSmall {
        needed: bytes(blocks),
        found: bytes(geometry.blocks()),
    }
}

/// What is known of a checkpoint before it is written.
struct Checkpoint {
    standing: Standing,
    length: u32,
    extent: Extent,
    info: Info,
}

/// A save that changes the flash. `log` never says more than what is in flash: a save that ends
/// early leaves it true.
struct Save<'a, F> {
    media: &'a mut Media<F>,
    log: &'a mut Log,
    /// Whether the next slot may use the rest of the tip.
    rest_of_tip: bool,
}

impl<F: NorFlash> Save<'_, F> {
    /// Copies ahead what the plan says.
    async fn make_room(&mut self, plan: &Plan) -> Result<(), SaveError<F::Error>> {
        self.log.open = false;
        for _ in 0..plan.moves {
            self.move_group(&plan.retention).await?;
        }
        Ok(())
    }

    /// Copies what lives on of the log's first group ahead of the tip, and gives the group up.
    async fn move_group(&mut self, retention: &Retention) -> Result<(), SaveError<F::Error>> {
        let start = self.log.walk(&self.media.geometry);
        let mut walk = start;
        let mut group: Option<Slot> = None;
        let mut last_whole = None;
        while let Some(slot) = walk.next(self.media).await {
            if !retention.retains(&slot.header) {
                continue;
            }
            if group.get_or_insert(slot).block != slot.block {
                break;
            }
            if read::is_whole(self.media, &slot).await {
                last_whole = Some(slot.order());
            }
        }
        let Some(group) = group else {
            return Ok(());
        };
        let next_block = group.block.wrapping_add(group.extent.blocks);
        let next_sequence = group.sequence.saturating_add(group.extent.blocks);
        let mut newest = self.log.newest;
        let mut tip = self.log.tip;
        let mut walk = start;
        while let Some(slot) = walk.next(self.media).await {
            if Some(slot.order()) > last_whole {
                break;
            }
            if !retention.retains(&slot.header) {
                continue;
            }
            let settled = Some(slot.order()) == last_whole;
            let header = Header {
                copy: true,
                settled,
                tail: next_sequence,
                ..slot.header
            };
            let rest = core::mem::replace(&mut self.rest_of_tip, true);
            let draft =
                Draft::begin(self.media, self.log, tip, rest, slot.extent, |_| header).await?;
            let (draft, whole) = self.copy(draft, &slot).await?;
            if !whole {
                if settled {
                    return Err(SaveError::Unreadable {
                        save_counter: slot.header.save_counter,
                    });
                }
                tip = draft.abandon(self.media);
                continue;
            }
            let copied;
            (copied, tip) = draft.commit(self.media).await?;
            if let Some(newest) = &mut newest
                && newest.slot.order() == slot.order()
            {
                newest.slot = copied;
            }
        }
        // Settled, or nothing in it was whole.
        self.log.newest = newest;
        self.log.tip = tip;
        self.log.tail = self.media.geometry.wrapped(next_block);
        self.log.tail_sequence = next_sequence;
        Ok(())
    }

    /// Copies a checkpoint's bytes; whether all of them could be read.
    async fn copy(
        &mut self,
        mut draft: Draft,
        from: &Slot,
    ) -> Result<(Draft, bool), SaveError<F::Error>> {
        let mut chunk = Chunk::ERASED;
        let mut position = 0;
        loop {
            let wants = draft.wants(self.media);
            if wants == 0 {
                return Ok((draft, true));
            }
            // Both lie alike in their blocks or in one piece, so that a chunk of one is at most
            // cut by the end of the other's block.
            let Some(bytes) = read::payload(self.media, from, position, &mut chunk).await else {
                return Ok((draft, false));
            };
            let len = bytes.len().min(wants);
            draft.push(self.media, len, &mut chunk).await?;
            position = position.saturating_add(len as u32);
        }
    }

    /// Writes the checkpoint.
    async fn write(
        &mut self,
        plan: &Plan,
        checkpoint: &Checkpoint,
        mut encoder: Encoder,
        variables: &impl Variables,
    ) -> Result<Newest, SaveError<F::Error>> {
        let mut walk = self.log.walk(&self.media.geometry);
        let mut tail = None;
        while let (None, Some(slot)) = (tail, walk.next(self.media).await) {
            if plan.retention.retains(&slot.header) {
                tail = Some((slot.block, slot.sequence));
            }
        }
        let standing = checkpoint.standing;
        let header = |sequence| Header {
            window: u16::try_from(plan.retention.window).unwrap_or(u16::MAX),
            kept_window: u8::try_from(plan.retention.max_kept).unwrap_or(u8::MAX),
            save_counter: standing.save_counter,
            length: checkpoint.length,
            kept: standing.kept,
            copy: false,
            settled: true,
            empty: false,
            tail: tail.map_or(sequence, |(_, first)| first),
            kept_count: standing.kept_count,
            kept_at: standing.kept_at,
        };
        let (tip, rest) = (self.log.tip, self.rest_of_tip);
        let extent = checkpoint.extent;
        let mut draft = Draft::begin(self.media, self.log, tip, rest, extent, header).await?;
        let mut chunk = Chunk::ERASED;
        loop {
            let wants = draft.wants(self.media);
            if wants == 0 {
                break;
            }
            let out = chunk.0.get_mut(..wants).unwrap_or_default();
            let filled = encoder.fill(variables, out).map_err(SaveError::Encode)?;
            if filled != wants {
                return Err(SaveError::Changed);
            }
            draft.push(self.media, wants, &mut chunk).await?;
        }
        if encoder
            .fill(variables, &mut [0])
            .map_err(SaveError::Encode)?
            != 0
        {
            return Err(SaveError::Changed);
        }
        let (slot, tip) = draft.commit(self.media).await?;
        let (tail, tail_sequence) = tail.unwrap_or((slot.block, slot.sequence));
        let newest = Newest {
            slot,
            info: checkpoint.info,
        };
        self.log.tail = tail;
        self.log.tail_sequence = tail_sequence;
        self.log.tip = tip;
        self.log.open = true;
        self.log.newest = Some(newest);
        Ok(newest)
    }
}
