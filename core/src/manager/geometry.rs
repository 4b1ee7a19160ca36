//! How a flash region divides into blocks, and a block into records.

use core::fmt;
use core::num::NonZeroU32;

use super::marker::MARKER;
use super::slot::{COMMIT, HEADER};

/// The sizes that fix where everything in a region lies.
///
/// A region is a ring of erase blocks. Each block starts with a marker and holds data behind it;
/// all records start at multiples of `unit`, so that no unit of the flash holds two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    // Non-zero by type, so that no division can panic.
    unit: NonZeroU32,
    erase_size: NonZeroU32,
    blocks: NonZeroU32,
    block_data: NonZeroU32,
}

impl Geometry {
    /// The largest unit, in bytes.
    pub const MAX_UNIT: u32 = 64;

    /// A region of `blocks` erase blocks of `erase_size` bytes; `unit` is the alignment, in
    /// bytes, that both reads and writes accept.
    ///
    /// # Errors
    /// [`GeometryError`] with what no region can have.
    pub fn new(unit: u32, erase_size: u32, blocks: u32) -> Result<Self, GeometryError> {
        let unit_error = GeometryError::Unit { found: unit };
        let unit = NonZeroU32::new(unit)
            .filter(|unit| unit.get() <= Self::MAX_UNIT)
            .ok_or(unit_error)?;
        let [marker, header, commit] = [MARKER, HEADER, COMMIT].map(|len| up(len as u32, unit));
        let size_error = GeometryError::EraseSize {
            least: marker + header + commit,
            unit: unit.get(),
            found: erase_size,
        };
        if erase_size < marker + header + commit || erase_size % unit != 0 {
            return Err(size_error);
        }
        let capacity = u64::from(erase_size) * u64::from(blocks);
        let bounds = 2..=u32::from(u16::MAX);
        let blocks = NonZeroU32::new(blocks)
            .filter(|blocks| bounds.contains(&blocks.get()) && capacity <= 1 << 32)
            .ok_or(GeometryError::Blocks { found: blocks })?;
        Ok(Self {
            unit,
            erase_size: NonZeroU32::new(erase_size).ok_or(size_error)?,
            blocks,
            block_data: NonZeroU32::new(erase_size - marker).ok_or(size_error)?,
        })
    }

    /// The sizes of a flash: its whole capacity, in at most 65,535 blocks.
    pub(super) fn of_flash(
        read_size: usize,
        write_size: usize,
        erase_size: usize,
        capacity: usize,
    ) -> Result<Self, GeometryError> {
        let unit = least_common_multiple(read_size, write_size);
        let unit = u32::try_from(unit).unwrap_or(u32::MAX);
        let blocks = capacity.checked_div(erase_size).unwrap_or(0);
        let blocks = blocks.min(usize::from(u16::MAX)) as u32;
        Self::new(unit, u32::try_from(erase_size).unwrap_or(u32::MAX), blocks)
    }

    /// Alignment of records in bytes.
    pub const fn unit(&self) -> u32 {
        self.unit.get()
    }

    /// Bytes of an erase block.
    pub const fn erase_size(&self) -> u32 {
        self.erase_size.get()
    }

    /// Number of erase blocks.
    pub const fn blocks(&self) -> u32 {
        self.blocks.get()
    }

    /// Bytes of a block behind its marker.
    pub const fn block_data(&self) -> u32 {
        self.block_data.get()
    }

    /// Where a block starts, in bytes from the start of the region; the ring closes behind the
    /// last one.
    pub fn block_start(&self, block: u32) -> u32 {
        self.wrapped(block).wrapping_mul(self.erase_size())
    }

    /// Where byte `position` of the data of consecutive blocks lies that start with `first`, in
    /// bytes from the start of the region.
    pub fn address(&self, first: u32, position: u32) -> u32 {
        let marker = self.erase_size() - self.block_data();
        self.block_start(first.wrapping_add(position / self.block_data))
            .wrapping_add(marker)
            .wrapping_add(position % self.block_data)
    }

    /// The space that a checkpoint of `length` bytes takes; `None` if no region could hold it.
    pub fn extent(&self, length: u32) -> Option<Extent> {
        let header = self.aligned(HEADER as u32);
        let commit_len = self.aligned(COMMIT as u32);
        let rest = length % self.unit;
        let padding = if rest == 0 { 0 } else { self.unit() - rest };
        let mut commit = length.checked_add(padding)?.checked_add(header)?;
        // The commit record lies in one block.
        let room = self.block_data() - commit % self.block_data;
        if room < commit_len {
            commit = commit.checked_add(room)?;
        }
        let end = commit.checked_add(commit_len)?;
        Some(Extent {
            payload: header,
            commit,
            end,
            blocks: (end - 1) / self.block_data + 1,
        })
    }

    /// How many saves of `length` bytes the region bears in all if a block bears `cycles` erases;
    /// 0 if such a checkpoint does not fit. An estimate: each restart may cost the rest of a
    /// block, and checkpoints that live on long are copied once a round.
    pub fn endurance(&self, length: u32, cycles: u32) -> u64 {
        let Some(extent) = self.extent(length) else {
            return 0;
        };
        let shared = self.block_data().checked_div(extent.end).unwrap_or(0);
        let erases = u64::from(self.blocks()) * u64::from(cycles);
        match erases.checked_div(extent.blocks.into()) {
            // A spare of its size has to be there.
            _ if extent.blocks > self.blocks() / 2 => 0,
            _ if shared > 0 => erases.saturating_mul(shared.into()),
            saves => saves.unwrap_or(0),
        }
    }

    /// `len` rounded up to the unit.
    pub(super) fn aligned(&self, len: u32) -> u32 {
        up(len, self.unit)
    }

    /// The number of a block from its distance from block 0 around the ring.
    pub(super) fn wrapped(&self, block: u32) -> u32 {
        block % self.blocks
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Geometry {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (unit, erase_size, blocks) = (self.unit(), self.erase_size(), self.blocks());
        defmt::write!(
            f,
            "{} blocks of {} bytes, unit {}",
            blocks,
            erase_size,
            unit
        );
    }
}

/// A small `len` rounded up to `unit`.
fn up(len: u32, unit: NonZeroU32) -> u32 {
    match len % unit {
        0 => len,
        rest => len + (unit.get() - rest),
    }
}

/// The space of a slot, in bytes from its start within the data of consecutive blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Extent {
    /// Where the checkpoint starts.
    pub payload: u32,
    /// Where the commit record starts.
    pub commit: u32,
    /// Behind the commit record.
    pub end: u32,
    /// Blocks that it needs: 1 means that it can share a block with others, more that it has
    /// its blocks to itself.
    pub blocks: u32,
}

impl Extent {
    pub(super) const NONE: Self = Self {
        payload: 0,
        commit: 0,
        end: 0,
        blocks: 0,
    };
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a.checked_div(divisor).unwrap_or(0).saturating_mul(b)
}

/// Why a flash cannot hold a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum GeometryError {
    /// No alignment of at most [`Geometry::MAX_UNIT`] bytes suits both reads and writes.
    Unit {
        /// The least common multiple of the read and the write size.
        found: u32,
    },
    /// An erase block is too small or no multiple of the unit.
    EraseSize {
        /// The least number of bytes.
        least: u32,
        /// What it has to be a multiple of.
        unit: u32,
        /// Bytes of an erase block.
        found: u32,
    },
    /// A region has 2 to 65,535 blocks and at most 4 GiB.
    Blocks {
        /// Number of erase blocks.
        found: u32,
    },
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit { found } => write!(
                f,
                "reads and writes are aligned to {found} bytes, expected 1 to {}",
                Geometry::MAX_UNIT
            ),
            Self::EraseSize { least, unit, found } => write!(
                f,
                "an erase block has {found} bytes, expected at least {least} and a multiple of {unit}"
            ),
            Self::Blocks { found } => write!(
                f,
                "the region has {found} erase blocks, expected 2 to 65,535 and at most 4 GiB"
            ),
        }
    }
}

impl core::error::Error for GeometryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_record_never_straddles_blocks() {
        for unit in [1, 2, 3, 4, 8, 16, 24, 32, 64] {
            let geometry = Geometry::new(unit, unit * 40, 9).unwrap_or_else(|_| {
                Geometry::new(unit, unit * 400, 9).expect("400 units hold every record")
            });
            let (data, commit) = (geometry.block_data(), geometry.aligned(COMMIT as u32));
            for length in 0..3 * geometry.erase_size() {
                let extent = geometry.extent(length).unwrap();
                assert_eq!(extent.commit % unit, 0, "unit {unit}, length {length}");
                assert!(
                    extent.commit % data + commit <= data,
                    "unit {unit}, length {length}: the commit record straddles"
                );
                assert!(extent.commit >= extent.payload + length);
                assert_eq!(extent.blocks, extent.end.div_ceil(data));
            }
        }
    }

    #[test]
    fn the_unit_suits_reads_and_writes() {
        for (read, write, unit) in [(1, 1, 1), (4, 4, 4), (1, 32, 32), (8, 4, 8), (6, 4, 12)] {
            let geometry = Geometry::of_flash(read, write, 1536, 15_360).unwrap();
            assert_eq!((geometry.unit(), geometry.blocks()), (unit, 10));
        }
        for (read, write) in [(0, 4), (4, 0), (128, 4), (31, 32)] {
            assert!(matches!(
                Geometry::of_flash(read, write, 1536, 15_360),
                Err(GeometryError::Unit { .. })
            ));
        }
        assert_eq!(
            Geometry::of_flash(4, 4, 0, 0),
            Err(GeometryError::EraseSize {
                least: 68,
                unit: 4,
                found: 0
            })
        );
    }

    #[test]
    fn lengths_beyond_any_flash_have_no_extent() {
        let geometry = Geometry::new(8, 2048, 4).unwrap();
        for length in [u32::MAX, u32::MAX - 7, u32::MAX - 40] {
            assert_eq!(geometry.extent(length), None);
        }
        assert_eq!(geometry.endurance(u32::MAX, 100), 0);
        assert_eq!(geometry.endurance(3000, 100), 200);
        assert_eq!(geometry.endurance(5000, 100), 0, "three of four blocks");
        assert_eq!(geometry.endurance(100, 10), 10 * 4 * (2016 / 144));
    }
}
