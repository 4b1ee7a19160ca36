//! What is found in a region when it is opened. Nothing is written.

use super::media::Media;
use super::walk::{Rank, Walk};
use super::{NorFlash, either};
use crate::checkpoint::Info;
use crate::manager::error::OpenError;
use crate::manager::geometry::Geometry;
use crate::manager::log::{Log, Newest, Region, Tip};
use crate::manager::marker::Parsed;
use crate::manager::options::{Claim, Start};
use crate::manager::slot::{HEADER, Slot};

/// Finds the log, or decides whether the region may be taken. What the newest checkpoint says of
/// itself is not read yet.
#[either]
pub(in crate::manager) async fn open<F: NorFlash>(
    media: &mut Media<F>,
    claim: Claim,
    start: Start,
) -> Result<Region, OpenError> {
    let markers = Markers::of(media).await;
    // The last slot that settled what counts; where none is left, the last of all.
    let walk = Walk::everything(&media.geometry);
    if let Some(last) = walk.highest(media, Rank::Settled).await {
        return Ok(Region::Log(log_up_to(media, &last, &markers, start).await));
    }
    let next_sequence = markers.next_sequence;
    let unclaimed = Region::Unclaimed { next_sequence };
    if claim == Claim::Anything {
        return Ok(unclaimed);
    }
    match (Trace::of(media).await, markers.other) {
        (Trace::Nothing, _) if claim == Claim::Formatted => Err(OpenError::Unformatted),
        (Trace::Nothing, _) => Ok(unclaimed),
        _ if markers.own => Err(OpenError::Damaged),
        (_, Some(Other::Version(found))) => Err(OpenError::Version { found }),
        (_, Some(Other::Geometry(found))) => Err(OpenError::OtherGeometry {
            expected: media.geometry,
            found,
        }),
        (Trace::LastBlock { .. }, None) if claim == Claim::Interrupted => Ok(unclaimed),
        (Trace::LastBlock { offset }, None) => Err(OpenError::Interrupted { offset }),
        (Trace::Elsewhere { offset }, None) => Err(OpenError::Foreign { offset }),
    }
}

/// What is in a region without a log.
#[derive(Debug, Clone, Copy)]
enum Trace {
    /// Every byte reads as erased. Or, beyond doubt, a claim did not come to its end: the last
    /// block has a marker or the start of one, and behind it at most what a claim writes.
    Nothing,
    /// Something in the last block only: a claim that lost power within its erase, or not.
    LastBlock { offset: u32 },
    /// Something that no claim can leave.
    Elsewhere { offset: u32 },
}

#[either]
impl Trace {
    async fn of<F: NorFlash>(media: &mut Media<F>) -> Self {
        let geometry = media.geometry;
        let last = geometry.blocks() - 1;
        let start = geometry.block_start(last);
        if let Some(offset) = media.first_not_blank(0, start).await {
            return Self::Elsewhere { offset };
        }
        let Some(offset) = media.first_not_blank(start, geometry.erase_size()).await else {
            return Self::Nothing;
        };
        let behind = match media.marker(last).await {
            Some(marker) if marker.part == 0 => geometry.extent(0).map(|extent| extent.end),
            Some(_) => None,
            None => media.begins_marker(last).await.then_some(0),
        };
        if let Some(behind) = behind {
            let at = geometry.address(last, behind);
            let rest = geometry.block_data().saturating_sub(behind);
            if media.first_not_blank(at, rest).await.is_none() {
                return Self::Nothing;
            }
        }
        Self::LastBlock { offset }
    }
}

/// What the blocks' markers say.
struct Markers {
    own: bool,
    other: Option<Other>,
    next_sequence: u32,
}

/// A marker that this manager cannot use.
enum Other {
    Version(u8),
    Geometry(Geometry),
}

#[either]
impl Markers {
    async fn of<F: NorFlash>(media: &mut Media<F>) -> Self {
        let mut markers = Self {
            own: false,
            other: None,
            next_sequence: 1,
        };
        for block in 0..media.geometry.blocks() {
            match media.parse_marker(block).await {
                Parsed::Marker(marker) if marker.geometry != media.geometry => {
                    markers.other = Some(Other::Geometry(marker.geometry));
                }
                Parsed::Marker(marker) if marker.block == block => {
                    markers.own = true;
                    let next = marker.sequence.saturating_add(1);
                    markers.next_sequence = markers.next_sequence.max(next);
                }
                Parsed::Marker(_) | Parsed::Foreign => {}
                Parsed::Version { found } => markers.other = Some(Other::Version(found)),
            }
        }
        markers
    }
}

/// The log that ends with `last`.
#[either]
async fn log_up_to<F: NorFlash>(
    media: &mut Media<F>,
    last: &Slot,
    markers: &Markers,
    start: Start,
) -> Log {
    let tail_sequence = last.header.tail().min(last.sequence);
    let (mut tail, mut least) = (last.block, last.sequence);
    for block in 0..media.geometry.blocks() {
        if let Some(marker) = media.marker(block).await
            && marker.part == 0
            && (tail_sequence..least).contains(&marker.sequence)
        {
            (tail, least) = (block, marker.sequence);
        }
    }
    let (sequence, offset) = last.end(&media.geometry);
    let block = last.block.wrapping_add(last.extent.blocks - 1);
    let block = media.geometry.wrapped(block);
    let marker = media.marker(block).await;
    let mut log = Log {
        tail,
        tail_sequence,
        tip: Tip {
            block,
            sequence,
            offset,
            erases: marker.map_or(0, |marker| marker.erases),
        },
        open: false,
        next_sequence: markers.next_sequence,
        found: Some(last.order()),
        newest: None,
    };
    log.open = start == Start::Clean && rest_is_blank(media, &log.tip).await;
    let walk = Walk::of(&log, &media.geometry);
    let newest = walk.highest(media, Rank::Newest).await;
    let info = Info::default();
    log.newest = newest.map(|slot| Newest { slot, info });
    log
}

/// Whether no slot was begun behind the tip.
#[either]
async fn rest_is_blank<F: NorFlash>(media: &mut Media<F>, tip: &Tip) -> bool {
    let room = media.geometry.block_data().saturating_sub(tip.offset);
    let header = media.geometry.aligned(HEADER as u32);
    let at = media.geometry.address(tip.block, tip.offset);
    room >= header && media.first_not_blank(at, header).await.is_none()
}
