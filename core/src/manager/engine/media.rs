//! The flash as the manager sees it: reads that may find nothing, and records.

use super::{NorFlash, either};
use crate::manager::geometry::{Geometry, GeometryError};
use crate::manager::marker::{MARKER, Marker, Parsed};
use crate::manager::slot::{COMMIT, HEADER, Header, Slot};

/// A flash, and the bytes that are read from it or written to it at once.
#[derive(Debug)]
pub(in crate::manager) struct Media<F> {
    pub(super) flash: F,
    pub(in crate::manager) geometry: Geometry,
    chunk: Chunk,
}

/// Aligned for drivers that move words.
#[derive(Debug)]
#[repr(align(4))]
struct Chunk([u8; CHUNK]);

const CHUNK: usize = Geometry::MAX_UNIT as usize;

#[either]
impl<F: NorFlash> Media<F> {
    pub(in crate::manager) const fn new(flash: F, geometry: Geometry) -> Self {
        Self {
            flash,
            geometry,
            chunk: Chunk([0; CHUNK]),
        }
    }

    /// The sizes of a flash's region.
    pub(super) fn geometry_of(flash: &F) -> Result<Geometry, GeometryError> {
        Geometry::of_flash(F::READ_SIZE, F::WRITE_SIZE, F::ERASE_SIZE, flash.capacity())
    }

    /// Bytes of a chunk that keeps to the unit.
    pub(super) fn chunk_len(&self) -> usize {
        let unit = self.geometry.unit() as usize;
        CHUNK.checked_div(unit).unwrap_or(1) * unit
    }

    /// The first `len` bytes of what is written next.
    pub(super) fn chunk(&mut self, len: usize) -> &mut [u8] {
        self.chunk.0.get_mut(..len).unwrap_or_default()
    }

    /// How many bytes of a slot's checkpoint from `position` on lie in one piece and fit a chunk; none
    /// at its end.
    #[inline(never)]
    pub(super) fn in_one_piece(&self, slot: &Slot, position: u32) -> usize {
        let data = self.geometry.block_data();
        let start = slot.extent.payload.wrapping_add(position);
        let within = slot.offset.wrapping_add(start);
        let room = data - within.checked_rem(data).unwrap_or(0);
        let missing = slot.header.length().saturating_sub(position).min(room);
        self.chunk_len().min(missing as usize)
    }

    /// Reads `len` bytes at `at`, a multiple of the unit; `None` where the flash cannot read,
    /// which is what a torn unit may answer.
    #[inline(never)]
    pub(super) async fn read(&mut self, at: u32, len: usize) -> Option<&[u8]> {
        let read = len.checked_next_multiple_of(F::READ_SIZE)?;
        let bytes = self.chunk.0.get_mut(..read)?;
        self.flash.read(at, bytes).await.ok()?;
        bytes.get(..len)
    }

    /// Writes the first `len` bytes of the chunk at `at`, a multiple of the unit, and fills the
    /// last write unit with ones.
    #[inline(never)]
    pub(super) async fn write(&mut self, at: u32, len: usize) -> Result<(), F::Error> {
        let padded = len.checked_next_multiple_of(F::WRITE_SIZE).unwrap_or(len);
        let padding = self.chunk.0.get_mut(len..padded).unwrap_or_default();
        padding.fill(0xff);
        let bytes = self.chunk.0.get(..padded).unwrap_or_default();
        self.flash.write(at, bytes).await
    }

    /// Writes a record of at most a chunk.
    #[inline(never)]
    pub(super) async fn write_record(&mut self, at: u32, record: &[u32]) -> Result<(), F::Error> {
        for (slot, word) in self.chunk.0.as_chunks_mut().0.iter_mut().zip(record) {
            *slot = word.to_le_bytes();
        }
        self.write(at, size_of_val(record)).await
    }

    /// Erases a block.
    #[inline(never)]
    pub(super) async fn erase(&mut self, block: u32) -> Result<(), F::Error> {
        let start = self.geometry.block_start(block);
        let end = start.wrapping_add(self.geometry.erase_size());
        self.flash.erase(start, end).await
    }

    /// Erases all blocks.
    pub(super) async fn erase_all(&mut self) -> Result<(), F::Error> {
        for block in 0..self.geometry.blocks() {
            self.erase(block).await?;
        }
        Ok(())
    }

    /// What the start of a block says.
    #[inline(never)]
    pub(super) async fn parse_marker(&mut self, block: u32) -> Parsed {
        let at = self.geometry.block_start(block);
        match self.read(at, MARKER).await {
            Some(bytes) => Marker::parse(bytes),
            None => Parsed::Foreign,
        }
    }

    /// Whether a block starts as a marker does that may have been cut short.
    pub(super) async fn begins_marker(&mut self, block: u32) -> bool {
        let at = self.geometry.block_start(block);
        let bytes = self.read(at, size_of::<u32>()).await;
        bytes.is_some_and(Marker::is_begun)
    }

    /// The marker of a block, if it belongs there.
    #[inline(never)]
    pub(in crate::manager) async fn marker(&mut self, block: u32) -> Option<Marker> {
        match self.parse_marker(block).await {
            Parsed::Marker(marker)
                if marker.geometry == self.geometry
                    && marker.block == self.geometry.wrapped(block) =>
            {
                Some(marker)
            }
            _ => None,
        }
    }

    /// Reads the header of the slot in the place that `slot` says; whether there is one, committed
    /// or not.
    #[inline(never)]
    pub(in crate::manager) async fn find(&mut self, slot: &mut Slot) -> bool {
        let room = self.geometry.block_data().saturating_sub(slot.offset);
        if room < self.geometry.aligned((HEADER + COMMIT) as u32) {
            return false;
        }
        let at = self.geometry.address(slot.block, slot.offset);
        let Some(bytes) = self.read(at, HEADER).await else {
            return false;
        };
        let Some(header) = Header::parse(bytes, slot.sequence) else {
            return false;
        };
        slot.header = header;
        let Some(extent) = self.geometry.extent(header.length()) else {
            return false;
        };
        slot.extent = extent;
        match extent.blocks {
            1 => extent.end <= room,
            blocks => slot.offset == 0 && blocks <= self.geometry.blocks(),
        }
    }

    /// Whether all of a slot was written.
    #[inline(never)]
    pub(in crate::manager) async fn is_committed(&mut self, slot: &Slot) -> bool {
        for part in 1..slot.extent.blocks {
            let marker = self.marker(slot.block.wrapping_add(part)).await;
            let continues = marker.is_some_and(|marker| {
                u32::from(marker.part) == part
                    && Some(marker.sequence) == slot.sequence.checked_add(part)
            });
            if !continues {
                return false;
            }
        }
        let at = slot.address(&self.geometry, slot.extent.commit);
        match self.read(at, COMMIT).await {
            Some(bytes) => slot.header.is_committed_by(bytes, slot.sequence),
            None => false,
        }
    }

    /// The first of `len` bytes from `at` on, a multiple of the unit, that does not read as
    /// erased; of bytes that cannot be read, the first.
    #[inline(never)]
    pub(super) async fn first_not_blank(&mut self, at: u32, len: u32) -> Option<u32> {
        let step = self.chunk_len() as u32;
        let mut done = 0;
        while done < len {
            let part = step.min(len - done);
            let start = at.wrapping_add(done);
            let position = match self.read(start, part as usize).await {
                Some(bytes) => bytes.iter().position(|&byte| byte != 0xff),
                None => Some(0),
            };
            if let Some(position) = position {
                return Some(start.wrapping_add(position as u32));
            }
            done += part;
        }
        None
    }
}
