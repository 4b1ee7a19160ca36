//! The marker at the start of a block: proof that the block was erased, and what it belongs to.

use super::geometry::Geometry;
use crate::Crc32c;

/// Bytes of a marker.
pub(super) const MARKER: usize = 28;

/// Version of the region's layout that this crate reads and writes. It is frozen.
pub const VERSION: u8 = 1;

pub(super) const MAGIC: [u8; 4] = *b"GCKR";

/// What the start of a block says. It is written after the block's erase is complete, so that a
/// block without a marker is not known to be erased, whatever it reads as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Marker {
    /// Number of the block in the region.
    pub block: u32,
    /// When the block was started: each start has a larger number than all before it.
    pub sequence: u32,
    /// 0 for a block in which slots start; else this block continues a slot, and is its block
    /// number `part`.
    pub part: u16,
    /// How often the block was erased, as far as is known.
    pub erases: u32,
    /// The region's sizes.
    pub geometry: Geometry,
}

/// What bytes at the start of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Parsed {
    /// A marker.
    Marker(Marker),
    /// A whole marker of a version that this crate does not know.
    Version {
        /// The version it says.
        found: u8,
    },
    /// Something else.
    Foreign,
}

impl Marker {
    pub(super) fn bytes(&self) -> [u8; MARKER] {
        let mut bytes = [0; MARKER];
        let geometry = &self.geometry;
        let fields: [&[u8]; 8] = [
            &MAGIC,
            &[VERSION, geometry.unit() as u8],
            &self.part.to_le_bytes(),
            &self.sequence.to_le_bytes(),
            &self.erases.to_le_bytes(),
            &geometry.erase_size().to_le_bytes(),
            &(geometry.blocks() as u16).to_le_bytes(),
            &(self.block as u16).to_le_bytes(),
        ];
        let content = fields.iter().copied().flatten();
        for (slot, &byte) in bytes.iter_mut().zip(content) {
            *slot = byte;
        }
        if let Some((content, checksum)) = bytes.split_last_chunk_mut::<4>() {
            *checksum = crc(content).to_le_bytes();
        }
        bytes
    }

    /// Reads the start of a block.
    pub fn parse(bytes: &[u8]) -> Parsed {
        Self::parse_checked(bytes).unwrap_or(Parsed::Foreign)
    }

    /// Whether the start of a block begins as a marker does.
    pub(super) fn is_begun(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }

    fn parse_checked(bytes: &[u8]) -> Option<Parsed> {
        let (content, &checksum) = bytes.get(..MARKER)?.split_last_chunk::<4>()?;
        if content.get(..4)? != MAGIC || u32::from_le_bytes(checksum) != crc(content) {
            return None;
        }
        let number = |at: usize| {
            let bytes = content.get(at..)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes))
        };
        let short = |at: usize| {
            let bytes = content.get(at..)?.first_chunk()?;
            Some(u16::from_le_bytes(*bytes))
        };
        let &[version, unit] = content.get(4..6)? else {
            return None;
        };
        if version != VERSION {
            return Some(Parsed::Version { found: version });
        }
        Some(Parsed::Marker(Self {
            part: short(6)?,
            sequence: number(8)?,
            erases: number(12)?,
            geometry: Geometry::new(unit.into(), number(16)?, short(20)?.into()).ok()?,
            block: short(22)?.into(),
        }))
    }
}

fn crc(content: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(content);
    crc.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker() -> Marker {
        Marker {
            block: 3,
            sequence: 0x0102_0304,
            part: 2,
            erases: 77,
            geometry: Geometry::new(8, 2048, 16).unwrap(),
        }
    }

    #[test]
    fn a_marker_reads_back() {
        assert_eq!(Marker::parse(&marker().bytes()), Parsed::Marker(marker()));
    }

    #[test]
    fn a_marker_with_any_bit_flipped_is_none() {
        for bit in 0..8 * MARKER {
            let mut bytes = marker().bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Marker::parse(&bytes), Parsed::Foreign, "bit {bit}");
        }
        for len in 0..MARKER {
            assert_eq!(Marker::parse(&marker().bytes()[..len]), Parsed::Foreign);
        }
    }

    #[test]
    fn a_later_version_is_told_apart_from_foreign_bytes() {
        let mut bytes = marker().bytes();
        bytes[4] = 9;
        let (content, checksum) = bytes.split_last_chunk_mut::<4>().unwrap();
        *checksum = crc(content).to_le_bytes();
        assert_eq!(Marker::parse(&bytes), Parsed::Version { found: 9 });
    }
}
