//! Saving: the counting pass, the plan, copies ahead, the checkpoint.

use super::draft::Draft;
use super::manager::CheckpointManager;
use super::media::{Chunk, Media};
use super::plan::{Plan, blocks_for, plan};
use super::read;
use super::walk::Walk;
use super::{NorFlash, either};
use crate::Variables;
use crate::checkpoint::{Encoder, Info};
use crate::manager::error::SaveError;
use crate::manager::geometry::{Extent, Geometry};
use crate::manager::log::{Log, Newest, Region};
use crate::manager::outcome::Saved;
use crate::manager::retention::{Retention, Standing};
use crate::manager::slot::Header;
use crate::manager::slot::Slot;

#[either]
impl<F: NorFlash> CheckpointManager<F> {
    /// Saves the variables as the newest checkpoint (`CheckpointManager.save`); `None` if
    /// [`checkpoint_interval`](super::Options::checkpoint_interval) says that it is too early.
    ///
    /// The checkpoint counts once all of it is written. Until then, and if power goes, an error
    /// is returned or the future is dropped, the one before is the newest.
    ///
    /// # Errors
    /// [`SaveError`]; the region stays as it was, and the next call tries anew.
    #[inline(never)]
    pub async fn save(
        &mut self,
        variables: &impl Variables,
    ) -> Result<Option<Saved>, SaveError<F::Error>> {
        let Some(request) = self.request(variables)? else {
            return Ok(None);
        };
        if let Region::Unclaimed(_) = self.region {
            self.empty().await?;
        }
        let mut order = self.plan(&request).await?;
        if order.moves() > 0 {
            self.make_room(&mut order).await?;
        }
        self.write(&order, variables).await.map(Some)
    }

    // The phases of a save, one after the other. They are apart so that a caller that does not wait
    // can give each a stack frame of its own.

    /// Sizes the checkpoint; `None` if it is too early.
    #[inline(never)]
    pub(super) fn request(
        &self,
        variables: &impl Variables,
    ) -> Result<Option<Request>, SaveError<F::Error>> {
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
        let length = self.encoder(&info).total_len(variables);
        let length = length.map_err(SaveError::Encode)?;
        Ok(Some(Request {
            length,
            extent: self.extent(length)?,
            info,
        }))
    }

    /// Decides what lives on, and what has to move.
    pub(super) async fn plan(&mut self, request: &Request) -> Result<Order, SaveError<F::Error>> {
        let Region::Log(log) = &self.region else {
            return Err(SaveError::Exhausted);
        };
        let Request {
            length,
            extent,
            info,
        } = *request;
        let newest = log.newest_header().map(Standing::of);
        let step = info.global_step.unwrap_or(0);
        let standing = Standing::after(newest, &self.options, step, info.time);
        let retention = Retention::new(&self.options, standing);
        let geometry = self.media.geometry;
        let plan = plan(&mut self.media, log, retention, &extent).await;
        Ok(Order {
            standing,
            length,
            extent,
            info,
            plan: plan.map_err(|needed| too_small(geometry, needed.blocks))?,
        })
    }

    /// Copies ahead what the plan says.
    pub(super) async fn make_room(&mut self, order: &mut Order) -> Result<(), SaveError<F::Error>> {
        let Region::Log(log) = &mut self.region else {
            return Err(SaveError::Exhausted);
        };
        log.open = false;
        let mut room = Room {
            media: &mut self.media,
            log,
            rest_of_tip: order.plan.rest_of_tip,
        };
        for _ in 0..order.plan.moves {
            room.move_group(&order.plan.retention).await?;
        }
        // The rest of a block that copies have begun.
        order.plan.rest_of_tip = room.rest_of_tip;
        Ok(())
    }

    /// Writes a checkpoint for which there is room.
    pub(super) async fn write(
        &mut self,
        order: &Order,
        variables: &impl Variables,
    ) -> Result<Saved, SaveError<F::Error>> {
        let encoder = self.encoder(&order.info);
        let Region::Log(log) = &mut self.region else {
            return Err(SaveError::Exhausted);
        };
        let newest = write(&mut self.media, log, order, encoder, variables).await?;
        self.last_step = order.info.global_step;
        Ok(Saved::new(&newest))
    }

    fn encoder(&self, info: &Info) -> Encoder {
        let mut encoder = Encoder::new();
        if let Some(time) = info.time {
            encoder = encoder.at_time(time);
        }
        if let Some(choice) = self.options.encoding {
            encoder = encoder.choosing(choice);
        }
        encoder
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

fn too_small<E>(geometry: Geometry, blocks: u32) -> SaveError<E> {
    let bytes = |blocks: u32| u64::from(blocks) * u64::from(geometry.erase_size());
    SaveError::RegionTooSmall {
        needed: bytes(blocks),
        found: bytes(geometry.blocks()),
    }
}

/// A checkpoint that is to be saved.
#[derive(Debug)]
pub(super) struct Request {
    length: u32,
    extent: Extent,
    info: Info,
}

/// A checkpoint, and what is done for it.
#[derive(Debug)]
pub(super) struct Order {
    standing: Standing,
    length: u32,
    extent: Extent,
    info: Info,
    plan: Plan,
}

impl Order {
    /// How many groups have to be copied ahead before it is written.
    pub(super) fn moves(&self) -> u32 {
        self.plan.moves
    }
}

/// Copies that make room. `log` never says more than what is in flash: a save that ends early leaves
/// it true.
struct Room<'a, F> {
    media: &'a mut Media<F>,
    log: &'a mut Log,
    /// Whether the next slot may use the rest of the tip.
    rest_of_tip: bool,
}

#[either]
impl<F: NorFlash> Room<'_, F> {
    /// Copies what lives on of the log's first group ahead of the tip, and gives the group up.
    #[inline(never)]
    async fn move_group(&mut self, retention: &Retention) -> Result<(), SaveError<F::Error>> {
        let start = Walk::of(self.log, &self.media.geometry);
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
}

/// Writes the checkpoint; `log` knows it once it is committed.
#[either]
#[inline(never)]
async fn write<F: NorFlash>(
    media: &mut Media<F>,
    log: &mut Log,
    order: &Order,
    mut encoder: Encoder,
    variables: &impl Variables,
) -> Result<Newest, SaveError<F::Error>> {
    let tail = first_that_lives_on(media, log, &order.plan.retention).await;
    let standing = &order.standing;
    let retention = &order.plan.retention;
    let header = |sequence| Header {
        window: u16::try_from(retention.window).unwrap_or(u16::MAX),
        kept_window: u8::try_from(retention.max_kept).unwrap_or(u8::MAX),
        save_counter: standing.save_counter,
        length: order.length,
        kept: standing.kept,
        copy: false,
        settled: true,
        empty: false,
        tail: tail.map_or(sequence, |(_, first)| first),
        kept_count: standing.kept_count,
        kept_at: standing.kept_at,
    };
    log.open = false;
    let (tip, rest) = (log.tip, order.plan.rest_of_tip);
    let mut draft = Draft::begin(media, log, tip, rest, order.extent, header).await?;
    let mut chunk = Chunk::ERASED;
    loop {
        let wants = draft.wants(media);
        if wants == 0 {
            break;
        }
        let out = chunk.0.get_mut(..wants).unwrap_or_default();
        let filled = encoder.fill(variables, out).map_err(SaveError::Encode)?;
        if filled != wants {
            return Err(SaveError::Changed);
        }
        draft.push(media, wants, &mut chunk).await?;
    }
    if encoder
        .fill(variables, &mut [0])
        .map_err(SaveError::Encode)?
        != 0
    {
        return Err(SaveError::Changed);
    }
    let (slot, tip) = draft.commit(media).await?;
    let (tail, tail_sequence) = tail.unwrap_or((slot.block, slot.sequence));
    let newest = Newest {
        slot,
        info: order.info,
    };
    log.tail = tail;
    log.tail_sequence = tail_sequence;
    log.tip = tip;
    log.open = true;
    log.newest = Some(newest);
    Ok(newest)
}

/// Block and sequence number of the oldest slot that lives on.
#[either]
#[inline(never)]
async fn first_that_lives_on<F: NorFlash>(
    media: &mut Media<F>,
    log: &Log,
    retention: &Retention,
) -> Option<(u32, u32)> {
    let mut walk = Walk::of(log, &media.geometry);
    while let Some(slot) = walk.next(media).await {
        if retention.retains(&slot.header) {
            return Some((slot.block, slot.sequence));
        }
    }
    None
}
