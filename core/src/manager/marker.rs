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
    /// The marker as it is written.
    pub(super) fn record(&self) -> [u32; MARKER / 4] {
        let geometry = &self.geometry;
        let versions = u32::from(VERSION) | geometry.unit() << 8;
        let content = [
            u32::from_le_bytes(MAGIC),
            versions | u32::from(self.part) << 16,
            self.sequence,
            self.erases,
            geometry.erase_size(),
            geometry.blocks() | self.block << 16,
        ];
        let [a, b, c, d, e, f] = content;
        [a, b, c, d, e, f, checksum(&content)]
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
        let words: &[[u8; 4]; MARKER / 4] = bytes.as_chunks().0.first_chunk()?;
        let [magic, versions, sequence, erases, erase_size, blocks, found] =
            words.map(u32::from_le_bytes);
        let content = [magic, versions, sequence, erases, erase_size, blocks];
        if magic != u32::from_le_bytes(MAGIC) || found != checksum(&content) {
            return None;
        }
        let [version, unit, ..] = versions.to_le_bytes();
        if version != VERSION {
            return Some(Parsed::Version { found: version });
        }
        Some(Parsed::Marker(Self {
            part: (versions >> 16) as u16,
            sequence,
            erases,
            geometry: Geometry::new(unit.into(), erase_size, blocks & 0xffff).ok()?,
            block: blocks >> 16,
        }))
    }
}

fn checksum(content: &[u32; MARKER / 4 - 1]) -> u32 {
    let mut crc = Crc32c::new();
    for word in content {
        crc.update(&word.to_le_bytes());
    }
    crc.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn marker() -> Marker {
        Marker {
            block: 3,
            sequence: 0x0102_0304,
            part: 2,
            erases: 77,
            geometry: Geometry::new(8, 2048, 16).unwrap(),
        }
    }

    fn bytes(record: &[u32]) -> Vec<u8> {
        record.iter().copied().flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn a_marker_reads_back() {
        let bytes = bytes(&marker().record());
        assert_eq!(Marker::parse(&bytes), Parsed::Marker(marker()));
    }

    #[test]
    fn a_marker_with_any_bit_flipped_is_none() {
        for bit in 0..8 * MARKER {
            let mut bytes = bytes(&marker().record());
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Marker::parse(&bytes), Parsed::Foreign, "bit {bit}");
        }
        let bytes = bytes(&marker().record());
        for len in 0..MARKER {
            assert_eq!(Marker::parse(&bytes[..len]), Parsed::Foreign);
        }
    }

    #[test]
    fn a_later_version_is_told_apart_from_foreign_bytes() {
        let [a, b, c, d, e, f, _] = marker().record();
        let content = [a, b & !0xff | 9, c, d, e, f];
        let bytes = bytes(&[&content[..], &[checksum(&content)]].concat());
        assert_eq!(Marker::parse(&bytes), Parsed::Version { found: 9 });
    }
}
