//! A region in a copy of it, a dump that came off a device: what is where. Reads only.

use core::ops::Range;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use super::blocking::engine::media::Media;
use super::blocking::engine::{read, recovery};
use super::geometry::{Extent, Geometry};
use super::log::{Log, Region};
use super::marker::{MAGIC, MARKER, Marker, Parsed};
use super::options::{Claim, Start};
use super::outcome::Saved;
use super::record::{RECORD, Record};
use super::retention::Retention;
use super::slot::{Header, Slot};
use crate::Crc32c;
use crate::checkpoint::{self, Checkpoint, Info};

/// A sign of a region in a dump: a marker says where the region starts and what its sizes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Sighting {
    /// Where the region starts in the dump, in bytes.
    pub start: usize,
    /// Its sizes; of another version, they are not known.
    pub geometry: Option<Geometry>,
    /// Version of its layout.
    pub version: u8,
}

/// Every marker in a dump, wherever it is, with the region that it belongs to.
///
/// A region that was written with other sizes before may have left markers of those.
pub fn sightings(dump: &[u8]) -> impl Iterator<Item = Sighting> + use<'_> {
    let candidates = dump.windows(MAGIC.len()).enumerate();
    let candidates = candidates.filter(|(_, window)| *window == MAGIC);
    candidates.filter_map(|(at, _)| {
        let bytes = dump.get(at..at.checked_add(MARKER)?)?;
        match Marker::parse(bytes) {
            Parsed::Marker(marker) => Some(Sighting {
                start: at.checked_sub(marker.geometry.block_start(marker.block) as usize)?,
                geometry: Some(marker.geometry),
                version: super::VERSION,
            }),
            Parsed::Version { found } => Some(Sighting {
                start: at,
                geometry: None,
                version: found,
            }),
            Parsed::Foreign => None,
        }
    })
}

/// A checkpoint of a [`SmallManager`](super::SmallManager) in a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Recorded {
    /// Where its record starts in the dump, in bytes: the first one, unless that is damaged.
    pub record: usize,
    /// What the record says.
    pub saved: Saved,
    /// Where the checkpoint starts in the dump.
    pub start: usize,
    /// Whether all of the checkpoint is there, as it was written.
    pub is_whole: bool,
}

impl Recorded {
    fn at(dump: &[u8], at: usize, record: &Record) -> Self {
        let behind = |distance| dump.get(at.checked_add(distance)?..);
        // The unit is not known: a record takes 32 to 64 bytes.
        let sizes = RECORD..=Geometry::MAX_UNIT as usize;
        let size = sizes.into_iter().find(|&size| {
            let again = behind(size).and_then(Record::parse);
            again.as_ref() == Some(record)
        });
        let distance = size.map(|size| 2 * size).or_else(|| {
            // The other record is damaged, in front of this one or behind it.
            (RECORD..=2 * Geometry::MAX_UNIT as usize).find(|&distance| {
                behind(distance).is_some_and(|bytes| bytes.starts_with(&checkpoint::MAGIC))
            })
        });
        let distance = distance.unwrap_or(2 * RECORD);
        let bytes = behind(distance).and_then(|bytes| bytes.get(..record.length() as usize));
        let is_whole = bytes.is_some_and(|bytes| {
            let mut crc = Crc32c::new();
            crc.update(bytes);
            let parsed = Checkpoint::parse(bytes);
            crc.value() == record.crc32c() && parsed.is_ok_and(|whole| whole.len() == bytes.len())
        });
        Self {
            record: at,
            saved: record.saved(),
            start: at.saturating_add(distance),
            is_whole,
        }
    }

    /// Where the bytes of the checkpoint lie in the dump.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start.saturating_add(self.saved.length as usize)
    }
}

/// The checkpoints of a [`SmallManager`](super::SmallManager) in a dump, by their places: those that
/// a record tells of, wherever it is.
pub fn recorded(dump: &[u8]) -> impl Iterator<Item = Recorded> + use<'_> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let mut windows = dump.get(next..)?.windows(RECORD).zip(next..);
        let (record, at) = windows.find_map(|(bytes, at)| Some((Record::parse(bytes)?, at)))?;
        let found = Recorded::at(dump, at, &record);
        // What begins within a whole checkpoint is a value of its own.
        next = match found.is_whole {
            true => found.range().end,
            false => found.start,
        };
        Some(found)
    })
}

/// A region in a dump.
#[derive(Debug)]
pub struct Image<'a> {
    media: Media<Dump<'a>>,
    log: Option<Log>,
}

/// A block of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Block {
    /// Its number in the region.
    pub number: u32,
    /// What its start says, if that belongs there.
    pub marker: Option<Marker>,
    /// Whether it holds what counts; else it is free, whatever is in it.
    pub is_used: bool,
}

/// A checkpoint, or a part of one, in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Stored {
    /// The block that it starts in.
    pub block: u32,
    /// That block's sequence number.
    pub sequence: u32,
    /// Where it starts in the data of that block.
    pub offset: u32,
    /// What it says of itself in front of the checkpoint.
    pub header: Header,
    /// The space that it takes.
    pub extent: Extent,
    /// What has become of it.
    pub state: State,
    /// Step, time and model of the checkpoint, as far as it could be read.
    pub info: Info,
}

impl Stored {
    /// Whether all of the checkpoint is there, as it was written.
    pub fn is_whole(&self) -> bool {
        matches!(self.state, State::Live | State::GivenUp)
    }
}

/// What has become of a checkpoint in flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum State {
    /// It lives on: the manager would find it.
    Live,
    /// It was given up, and is still whole.
    GivenUp,
    /// It was never completed.
    Torn,
    /// It was completed, and is not what was written any more.
    Damaged,
}

impl<'a> Image<'a> {
    /// The region of these sizes at the start of `dump`.
    ///
    /// What a dump does not hold of the region cannot be read, and nothing else is wrong with it.
    pub fn new(dump: &'a [u8], geometry: Geometry) -> Self {
        let flash = Dump { bytes: dump };
        let mut media = Media::new(flash, geometry);
        let region = recovery::open(&mut media, Claim::Formatted, Start::PowerUp);
        let log = match region {
            Ok(Region::Log(log)) => Some(log),
            _ => None,
        };
        Self { media, log }
    }

    /// The sizes of the region.
    pub fn geometry(&self) -> Geometry {
        self.media.geometry
    }

    /// How many blocks are free, whatever is in them; `None` if the manager could not open the
    /// region.
    pub fn free_blocks(&self) -> Option<u32> {
        let geometry = &self.media.geometry;
        let log = self.log.as_ref()?;
        Some(geometry.blocks().saturating_sub(log.span(geometry)))
    }

    /// The block that was written last; `None` if the manager could not open the region.
    pub fn last_block(&self) -> Option<u32> {
        self.log.map(|log| log.tip.block)
    }

    /// Block `number` of the region.
    pub fn block(&mut self, number: u32) -> Block {
        let geometry = self.media.geometry;
        let is_used = self
            .log
            .is_some_and(|log| log.distance(&geometry, number) < log.span(&geometry));
        Block {
            number,
            marker: self.media.marker(number),
            is_used,
        }
    }

    /// Everything that begins as a checkpoint does, block by block.
    pub fn checkpoints(&mut self) -> impl Iterator<Item = Stored> + use<'a, '_> {
        // The block being gone through, and where in its data.
        let mut block = 0;
        let mut within: Option<(u32, u32)> = None;
        core::iter::from_fn(move || {
            // Ends: each turn moves on by a slot or a block.
            while block < self.media.geometry.blocks() {
                let Some((sequence, offset)) = within else {
                    let marker = self.media.marker(block);
                    let starts = marker.filter(|marker| marker.part == 0);
                    within = starts.map(|marker| (marker.sequence, 0));
                    if within.is_none() {
                        block += 1;
                    }
                    continue;
                };
                let mut slot = Slot {
                    block,
                    sequence,
                    offset,
                    ..Slot::NONE
                };
                let slot = self.media.find(&mut slot).then_some(slot);
                let next = slot.map(|slot| slot.end(&self.media.geometry));
                within = next
                    .filter(|&(end, _)| end == sequence)
                    .map(|(_, offset)| (sequence, offset));
                if within.is_none() {
                    block += 1;
                }
                if let Some(slot) = slot.filter(|slot| !slot.header.is_empty()) {
                    return Some(self.stored(&slot));
                }
            }
            None
        })
    }

    /// Where the bytes of a checkpoint lie in the dump, in order.
    pub fn pieces(&self, stored: &Stored) -> impl Iterator<Item = Range<usize>> + use<> {
        let geometry = self.media.geometry;
        let stored = *stored;
        let mut position = 0;
        core::iter::from_fn(move || {
            let left = stored.header.length().checked_sub(position)?;
            let within = stored
                .offset
                .wrapping_add(stored.extent.payload)
                .wrapping_add(position);
            let data = geometry.block_data();
            let room = data - within.checked_rem(data).unwrap_or(0);
            let len = left.min(room);
            position = position.saturating_add(len);
            let start = geometry.address(stored.block, within) as usize;
            (len > 0).then(|| start..start.saturating_add(len as usize))
        })
    }

    fn stored(&mut self, slot: &Slot) -> Stored {
        let committed = self.media.is_committed(slot);
        let state = if !committed {
            State::Torn
        } else if !read::is_whole(&mut self.media, slot) {
            State::Damaged
        } else if self.log.is_some_and(|log| lives(&log, slot)) {
            State::Live
        } else {
            State::GivenUp
        };
        Stored {
            block: slot.block,
            sequence: slot.sequence,
            offset: slot.offset,
            header: slot.header,
            extent: slot.extent,
            state,
            info: read::info(&mut self.media, slot),
        }
    }
}

/// Whether the newest checkpoint says that this one lives on.
fn lives(log: &Log, slot: &Slot) -> bool {
    let Some(newest) = log.newest_header() else {
        return false;
    };
    let end = (log.tip.sequence, log.tip.offset);
    let counts = slot.sequence >= log.tail_sequence && slot.order() < end;
    counts && Retention::recorded(newest).retains(&slot.header)
}

/// Bytes as a flash that can only be read.
#[derive(Debug)]
struct Dump<'a> {
    bytes: &'a [u8],
}

/// What a dump does not do.
#[derive(Debug)]
struct NotThere;

impl NorFlashError for NotThere {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for Dump<'_> {
    type Error = NotThere;
}

impl ReadNorFlash for Dump<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NotThere> {
        let content = self.bytes.get(offset as usize..).ok_or(NotThere)?;
        let content = content.get(..bytes.len()).ok_or(NotThere)?;
        for (byte, &content) in bytes.iter_mut().zip(content) {
            *byte = content;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Dump<'_> {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = 1;

    fn erase(&mut self, _: u32, _: u32) -> Result<(), NotThere> {
        Err(NotThere)
    }

    fn write(&mut self, _: u32, _: &[u8]) -> Result<(), NotThere> {
        Err(NotThere)
    }
}
