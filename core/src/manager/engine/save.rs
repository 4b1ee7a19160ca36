//! Saving: the counting pass, the plan, copies ahead, the checkpoint.

use super::draft::Draft;
use super::manager::CheckpointManager;
use super::media::Media;
use super::plan::{Plan, blocks_for, plan};
use super::walk::Walk;
use super::{NorFlash, either, read};
use crate::Variables;
use crate::checkpoint::{Encoder, Info};
use crate::manager::error::SaveError;
use crate::manager::geometry::{Extent, Geometry};
use crate::manager::log::{Log, Newest, Region};
use crate::manager::outcome::Saved;
use crate::manager::retention::Retention;
use crate::manager::slot::{Header, Slot};

#[either]
impl<F: NorFlash> CheckpointManager<F> {
    /// Saves the variables as the newest checkpoint (`CheckpointManager.save`); `None` if
    /// [`checkpoint_interval`](crate::manager::Options::checkpoint_interval) says that it is too
    /// early.
    ///
    /// The checkpoint counts once all of it is written. Until then, and if power goes, an error
    /// is returned or a future of it is dropped, the one before is the newest.
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
        let length = self.length(&info, variables)?;
        let order = self.prepare(length, &info).await?;
        self.write(&order, info, variables).await?;
        Ok(self.region.newest().map(Saved::new))
    }

    // The phases of a save, one after the other, each with a stack frame of its own.

    /// Bytes of the checkpoint.
    #[inline(never)]
    fn length(&self, info: &Info, variables: &impl Variables) -> Result<u32, SaveError<F::Error>> {
        let length = self.encoder(info).total_len(variables);
        length.map_err(SaveError::Encode)
    }

    /// Decides what lives on beside a checkpoint of `length` bytes, and makes room for it.
    #[inline(never)]
    async fn prepare(&mut self, length: u32, info: &Info) -> Result<Order, SaveError<F::Error>> {
        // A region of this size has to hold it for ever, with as many of its size as are kept and
        // a spare.
        let geometry = self.media.geometry;
        let extent = geometry.extent(length);
        let kept = self.options.kept_bound();
        let needed = extent.map_or(u32::MAX, |extent| {
            blocks_for(geometry.block_data(), &extent, kept)
        });
        let Some(extent) = extent.filter(|_| needed <= geometry.blocks()) else {
            return Err(too_small(&geometry, needed));
        };
        if let Region::Unclaimed { .. } = self.region {
            self.empty().await?;
        }
        let is_exhausted = self.region.is_exhausted();
        let Region::Log(log) = &mut self.region else {
            return Err(SaveError::Exhausted);
        };
        if is_exhausted {
            return Err(SaveError::Exhausted);
        }
        let header = Header::after(log.newest_header(), &self.options, info, length);
        let retention = Retention::of(&header, &self.options);
        let plan = plan(&mut self.media, log, retention, &extent).await;
        let plan = plan.map_err(|needed| too_small(&geometry, needed.blocks))?;
        let mut order = Order {
            header,
            extent,
            plan,
        };
        order.plan.retention.record_in(&mut order.header);
        if order.plan.moves > 0 {
            log.open = false;
            let mut room = Room {
                media: &mut self.media,
                log,
                plan: &mut order.plan,
            };
            room.make().await?;
        }
        Ok(order)
    }

    /// Writes a checkpoint for which there is room; the log knows it once it is committed.
    #[inline(never)]
    async fn write(
        &mut self,
        order: &Order,
        info: Info,
        variables: &impl Variables,
    ) -> Result<(), SaveError<F::Error>> {
        let mut encoder = self.encoder(&info);
        let media = &mut self.media;
        let Region::Log(log) = &mut self.region else {
            return Err(SaveError::Exhausted);
        };
        // Block and sequence number of the oldest slot that lives on.
        let mut walk = Walk::of(log, &media.geometry);
        let mut tail = None;
        while let Some(slot) = walk.next(media).await {
            if order.plan.retention.retains(&slot.header) {
                tail = Some((slot.block, slot.sequence));
                break;
            }
        }
        log.open = false;
        let rest = order.plan.rest_of_tip;
        let first = tail.map(|(_, sequence)| sequence);
        let record = (&order.header, &order.extent);
        let mut draft = Draft::behind(log.tip);
        let begun = draft.begin(media, &mut log.next_sequence, rest, record, first);
        begun.await.map_err(SaveError::Flash)?;
        loop {
            let wants = draft.wants(media).await.map_err(SaveError::Flash)?;
            // Behind the last byte, one more is asked for, and must not come.
            let out = media.chunk(wants.max(1));
            let filled = encoder.fill(variables, out).map_err(SaveError::Encode)?;
            if filled != wants {
                return Err(SaveError::Changed);
            }
            if wants == 0 {
                break;
            }
            let pushed = draft.push(media, wants).await;
            pushed.map_err(SaveError::Flash)?;
        }
        draft.commit(media).await.map_err(SaveError::Flash)?;
        let slot = draft.slot;
        log.tip = draft.tip;
        (log.tail, log.tail_sequence) = tail.unwrap_or((slot.block, slot.sequence));
        log.open = true;
        log.newest = Some(Newest { slot, info });
        self.last_step = info.global_step;
        Ok(())
    }

    #[inline(never)]
    fn encoder(&self, info: &Info) -> Encoder {
        let mut encoder = Encoder::new();
        if let Some(time) = info.time {
            encoder = encoder.at_time(time);
        }
        #[cfg(feature = "encodings")]
        if let Some(choice) = self.options.encoding {
            encoder = encoder.choosing(choice);
        }
        encoder
    }
}

fn too_small<E>(geometry: &Geometry, blocks: u32) -> SaveError<E> {
    let bytes = |blocks: u32| u64::from(blocks) * u64::from(geometry.erase_size());
    SaveError::RegionTooSmall {
        needed: bytes(blocks),
        found: bytes(geometry.blocks()),
    }
}

/// A checkpoint that is to be saved, and what is done for it.
#[derive(Debug)]
struct Order {
    header: Header,
    extent: Extent,
    plan: Plan,
}

/// Copies that make room. `log` never says more than what is in flash: a save that ends early leaves
/// it true.
struct Room<'a, F> {
    media: &'a mut Media<F>,
    log: &'a mut Log,
    plan: &'a mut Plan,
}

#[either]
impl<F: NorFlash> Room<'_, F> {
    /// Copies ahead what the plan says.
    #[inline(never)]
    async fn make(&mut self) -> Result<(), SaveError<F::Error>> {
        for _ in 0..self.plan.moves {
            self.move_group().await?;
        }
        Ok(())
    }

    /// Copies what lives on of the log's first group ahead of the tip, and gives the group up.
    async fn move_group(&mut self) -> Result<(), SaveError<F::Error>> {
        let mut walk = Walk::of(self.log, &self.media.geometry);
        let mut group = None;
        let mut last_whole = None;
        while let Some(slot) = walk.next(self.media).await {
            if !self.plan.retention.retains(&slot.header) {
                continue;
            }
            let first = (slot.block, slot.sequence, slot.extent.blocks);
            if group.get_or_insert(first).0 != slot.block {
                break;
            }
            if read::is_whole(self.media, slot).await {
                last_whole = Some(slot.order());
            }
        }
        let Some((block, sequence, blocks)) = group else {
            return Ok(());
        };
        let next_sequence = sequence.saturating_add(blocks);
        let newest = self.log.newest.as_ref().map(|newest| newest.slot.order());
        let mut copied_newest = None;
        let mut draft = Draft::behind(self.log.tip);
        let mut walk = Walk::of(self.log, &self.media.geometry);
        while let Some(slot) = walk.next(self.media).await {
            let order = Some(slot.order());
            if order > last_whole {
                break;
            }
            if !self.plan.retention.retains(&slot.header) {
                continue;
            }
            let settled = order == last_whole;
            let mut header = slot.header;
            header.set_copy(settled);
            let rest = core::mem::replace(&mut self.plan.rest_of_tip, true);
            let record = (&header, &slot.extent);
            let tail = Some(next_sequence);
            let begun = draft.begin(self.media, &mut self.log.next_sequence, rest, record, tail);
            begun.await.map_err(SaveError::Flash)?;
            let copied = copy(self.media, slot, &mut draft).await;
            if copied.map_err(SaveError::Flash)? {
                let committed = draft.commit(self.media).await;
                committed.map_err(SaveError::Flash)?;
                if order == newest {
                    copied_newest = Some(draft.slot);
                }
            } else if settled {
                let save_counter = header.save_counter();
                return Err(SaveError::Unreadable { save_counter });
            } else {
                draft.end(&self.media.geometry);
            }
        }
        // Settled, or nothing in it was whole.
        if let Some(newest) = &mut self.log.newest
            && let Some(slot) = copied_newest
        {
            newest.slot = slot;
        }
        self.log.tip = draft.tip;
        self.log.tail = self.media.geometry.wrapped(block.wrapping_add(blocks));
        self.log.tail_sequence = next_sequence;
        Ok(())
    }
}

/// Copies a checkpoint's bytes; whether all of them could be read.
#[either]
#[inline(never)]
async fn copy<F: NorFlash>(
    media: &mut Media<F>,
    from: &Slot,
    draft: &mut Draft,
) -> Result<bool, F::Error> {
    let mut position = 0;
    loop {
        let wants = draft.wants(media).await?;
        if wants == 0 {
            return Ok(true);
        }
        // Both lie alike in their blocks or in one piece, so that a chunk of one is at most cut by
        // the end of the other's block.
        let Some(len) = read::payload(media, from, position).await else {
            return Ok(false);
        };
        let len = len.min(wants);
        draft.push(media, len).await?;
        position = position.saturating_add(len as u32);
    }
}
