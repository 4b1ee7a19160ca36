//! Where the next checkpoint goes, and what has to move or be given up for it.
//!
//! The ring is written in one direction only, so that all blocks wear alike. Checkpoints that
//! live on are copied ahead, group by group (a block with the slots in it, or the blocks of one
//! large slot), when the ring comes round to them. One rule makes that possible for ever:
//! **whenever a save ends, as many blocks are free as the largest checkpoint needs.** A group
//! that is copied into free blocks then never takes more of them than it leaves, and a save or
//! a copy that was cut can be begun again in the same free blocks.

use super::media::Media;
use super::walk::Walk;
use super::{NorFlash, either};
use crate::manager::geometry::Extent;
use crate::manager::log::Log;
use crate::manager::retention::Retention;
use crate::manager::slot::Slot;

/// What a save does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Whether the rest of the tip is used first.
    pub(super) rest_of_tip: bool,
    /// How many groups are copied ahead.
    pub(super) moves: u32,
    /// What lives on.
    pub(super) retention: Retention,
}

/// The region has fewer blocks than it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSmall {
    pub(super) blocks: u32,
}

/// Plans to save a checkpoint of this extent; `retention` says what should live on with it.
///
/// Gives up the oldest recent checkpoints, a group at a time, as far as the region is too small
/// for all; never those that are kept for ever, nor the newest before the next is complete.
#[either]
pub(super) async fn plan<F: NorFlash>(
    media: &mut Media<F>,
    log: &Log,
    mut retention: Retention,
    extent: &Extent,
) -> Result<Plan, TooSmall> {
    let blocks = media.geometry.blocks();
    // Ends: the window shrinks on each turn.
    loop {
        let survey = Survey::of(media, log, &retention, extent).await;
        let needed = survey.packed.saturating_add(survey.reserve);
        // With the rest of the tip first, if there is one, then without.
        let mut rest_of_tip = log.open;
        let mut fits = needed <= blocks;
        while fits {
            let trial = Trial::new(media, log, &retention, extent, survey.reserve, rest_of_tip);
            if let Some(moves) = trial.run(media).await {
                return Ok(Plan {
                    rest_of_tip,
                    moves,
                    retention,
                });
            }
            fits = core::mem::take(&mut rest_of_tip);
        }
        retention.window = survey.smaller_window.ok_or(TooSmall {
            blocks: needed.max(blocks.saturating_add(1)),
        })?;
    }
}

/// Blocks that `count` checkpoints and the next one need at least.
pub(super) fn blocks_for(data: u32, extent: &Extent, count: u32) -> u32 {
    let all = count.saturating_add(1);
    let shared = data.checked_div(extent.end).unwrap_or(0).max(1);
    let packed = match extent.blocks {
        1 => all.div_ceil(shared),
        blocks => all.saturating_mul(blocks),
    };
    packed.saturating_add(extent.blocks)
}

/// A place in the ring: how many blocks ahead of the tip, and where in that block's data.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    ahead: u32,
    offset: u32,
    data: u32,
}

impl Cursor {
    /// Puts a slot here; the block it starts in, as blocks ahead of the tip.
    #[inline(never)]
    fn place(&mut self, extent: &Extent) -> u32 {
        if extent.blocks == 1 && extent.end <= self.data.saturating_sub(self.offset) {
            self.offset += extent.end;
            return self.ahead;
        }
        let first = self.ahead.saturating_add(1);
        self.ahead = self.ahead.saturating_add(extent.blocks);
        self.offset = match extent.blocks {
            1 => extent.end,
            _ => self.data,
        };
        first
    }
}

/// What would be there after all that lives on were written once more.
struct Survey {
    /// Blocks of all that lives on with the next checkpoint.
    packed: u32,
    /// Blocks of the largest checkpoint.
    reserve: u32,
    /// The window that gives up the recent checkpoints of the oldest group that has any.
    smaller_window: Option<u32>,
}

#[either]
impl Survey {
    #[inline(never)]
    async fn of<F: NorFlash>(
        media: &mut Media<F>,
        log: &Log,
        retention: &Retention,
        extent: &Extent,
    ) -> Self {
        let data = media.geometry.block_data();
        let mut cursor = Cursor {
            ahead: 0,
            offset: data,
            data,
        };
        let newest = log.newest_header().map(|header| header.save_counter());
        let mut reserve = extent.blocks;
        let mut oldest: Option<(u32, u32)> = None;
        let mut walk = Walk::of(log, &media.geometry);
        while let Some(slot) = walk.next(media).await {
            let counter = slot.header.save_counter();
            if Some(counter) == newest || retention.retains(&slot.header) {
                reserve = reserve.max(slot.extent.blocks);
            }
            if retention.retains(&slot.header) {
                cursor.place(&slot.extent);
            }
            if retention.is_recent(&slot.header) && Some(counter) != newest {
                match &mut oldest {
                    Some((block, last)) if *block == slot.block => *last = counter.max(*last),
                    Some(_) => {}
                    None => oldest = Some((slot.block, counter)),
                }
            }
        }
        cursor.place(extent);
        let last = oldest.map(|(_, last)| last).or(newest);
        let window = last.map(|last| retention.save_counter.saturating_sub(last));
        Self {
            packed: cursor.ahead,
            reserve,
            smaller_window: window.filter(|&window| (1..retention.window).contains(&window)),
        }
    }
}

/// Slots of one block, or one slot of several, tried as copies.
#[derive(Debug, Clone, Copy)]
struct Group {
    block: u32,
    blocks: u32,
    /// Whether any of its slots lives on.
    lives_on: bool,
    has_newest: bool,
    /// Where copies of those that do end, and where the first of all copies went.
    cursor: Cursor,
    first_copy: Option<u32>,
}

/// A save tried on paper.
struct Trial<'a> {
    log: &'a Log,
    retention: &'a Retention,
    extent: &'a Extent,
    /// Blocks that have to be free in the end.
    reserve: u32,
    rest_of_tip: bool,
    blocks: u32,
    span: u32,
    cursor: Cursor,
}

#[either]
impl<'a> Trial<'a> {
    fn new<F>(
        media: &Media<F>,
        log: &'a Log,
        retention: &'a Retention,
        extent: &'a Extent,
        reserve: u32,
        rest_of_tip: bool,
    ) -> Self {
        let data = media.geometry.block_data();
        let offset = if rest_of_tip { log.tip.offset } else { data };
        Self {
            log,
            retention,
            extent,
            reserve,
            rest_of_tip,
            blocks: media.geometry.blocks(),
            span: log.span(&media.geometry),
            cursor: Cursor {
                ahead: 0,
                offset,
                data,
            },
        }
    }

    /// How many groups have to be copied ahead; `None` if it does not work out.
    ///
    /// Distances are in blocks from the log's tail.
    #[inline(never)]
    async fn run<F: NorFlash>(mut self, media: &mut Media<F>) -> Option<u32> {
        let newest = self.log.newest.as_ref().map(|newest| &newest.slot);
        let newest_moves = newest.is_some_and(|slot| self.retention.retains(&slot.header));
        let newest = newest.map(Slot::order);
        let mut moves = 0;
        // Where the first copy went, and where the checkpoint did once that is settled.
        let mut first_copy = None;
        let mut settled = None;
        let mut walk = Walk::of(self.log, &media.geometry);
        let mut group: Option<Group> = None;
        loop {
            let slot = walk.next(media).await;
            if let Some(Group { block, .. }) = group
                && slot.is_none_or(|slot| slot.block != block)
                && let Some(whole) = group.take()
                && (whole.lives_on || whole.has_newest)
            {
                let distance = self.log.distance(&media.geometry, block);
                let ahead = match settled {
                    Some(ahead) => Some(ahead),
                    None => self.ahead_if_free(distance),
                };
                if let Some(ahead) = ahead
                    && whole.lives_on
                    && self.leaves_reserve(ahead, distance)
                {
                    return Some(moves);
                }
                if ahead.is_some() && !whole.lives_on {
                    settled = ahead;
                } else {
                    let holds_tip = distance.saturating_add(whole.blocks) >= self.span;
                    let stays = whole.has_newest && !newest_moves;
                    if settled.is_some()
                        || stays
                        || (self.rest_of_tip && holds_tip)
                        || !self.is_free(whole.cursor.ahead, distance)
                    {
                        return None;
                    }
                    (self.cursor, first_copy) = (whole.cursor, whole.first_copy);
                    moves += 1;
                }
            }
            let Some(slot) = slot else {
                break;
            };
            let group = group.get_or_insert(Group {
                block: slot.block,
                blocks: 0,
                lives_on: false,
                has_newest: false,
                cursor: self.cursor,
                first_copy,
            });
            group.blocks = slot.extent.blocks;
            group.has_newest |= Some(slot.order()) == newest;
            if self.retention.retains(&slot.header) {
                group.lives_on = true;
                let placed = group.cursor.place(&slot.extent);
                group.first_copy.get_or_insert(placed);
            }
        }
        // Nothing before the tip has to stay once the checkpoint is complete.
        let mut cursor = self.cursor;
        let own = cursor.place(self.extent);
        let distance = (self.span - 1).saturating_add(first_copy.unwrap_or(own));
        if settled.is_none() {
            let limit = if newest.is_some() { distance } else { 0 };
            if !self.is_free(cursor.ahead, limit) {
                return None;
            }
        }
        self.leaves_reserve(cursor.ahead, distance).then_some(moves)
    }

    /// Where the checkpoint ends if all blocks before `distance` may be used.
    fn ahead_if_free(&self, distance: u32) -> Option<u32> {
        let mut cursor = self.cursor;
        cursor.place(self.extent);
        self.is_free(cursor.ahead, distance).then_some(cursor.ahead)
    }

    /// Whether `ahead` blocks behind the tip end before the block at `distance`.
    fn is_free(&self, ahead: u32, distance: u32) -> bool {
        self.span.saturating_add(ahead) <= self.blocks.saturating_add(distance)
    }

    /// The same with the reserve between.
    fn leaves_reserve(&self, ahead: u32, distance: u32) -> bool {
        self.is_free(ahead.saturating_add(self.reserve), distance)
    }
}
