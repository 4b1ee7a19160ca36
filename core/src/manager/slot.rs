//! A checkpoint in flash: the header in front of it, the commit record behind it, and where it lies.

use super::geometry::{Extent, Geometry};
use crate::Crc32c;

/// Bytes of a header.
pub(super) const HEADER: usize = 32;
/// Bytes of a commit record.
pub(super) const COMMIT: usize = 8;

const KEPT: u8 = 1;
const COPY: u8 = 2;
const SETTLED: u8 = 4;
const HOURS: u8 = 8;
const EMPTY: u8 = 16;

/// What is written in front of a checkpoint.
///
/// Header and commit record are bound to the sequence number of the block they are in: neither is
/// valid anywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Header {
    /// How many of the newest checkpoints live on with this one, itself included, at most:
    /// [`Options::max_to_keep`](super::Options::max_to_keep), or fewer where the region is small.
    /// `u16::MAX` is no limit.
    pub window: u16,
    /// The same for those that are kept beyond them: [`Options::max_kept`] at most; `u8::MAX` is
    /// no limit.
    ///
    /// [`Options::max_kept`]: super::Options::max_kept
    pub kept_window: u8,
    /// Number of the checkpoint, from 1 (TensorFlow's `save_counter`).
    pub save_counter: u32,
    /// Bytes of the checkpoint.
    pub length: u32,
    /// Whether it is kept beyond the newest few.
    pub kept: bool,
    /// Whether it was copied from another place of the ring, to make room there.
    pub copy: bool,
    /// Whether everything before block sequence `tail` is given up once this is committed. A
    /// copy that is not settled does not count while its original is there.
    pub settled: bool,
    /// Whether it is no checkpoint but says that there is none: the region was formatted.
    pub empty: bool,
    /// The least sequence number of a block that still counts.
    pub tail: u32,
    /// How many checkpoints were kept so far, this one included.
    pub kept_count: u32,
    /// What the last kept checkpoint was kept for; where the next interval starts.
    pub kept_at: KeptAt,
}

/// Where an interval between kept checkpoints starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum KeptAt {
    /// A global step.
    Step(i64),
    /// A time in seconds since 1970.
    Time(i64),
}

impl Header {
    pub(super) fn bytes(&self, sequence: u32) -> [u8; HEADER] {
        let (hours, kept_at) = match self.kept_at {
            KeptAt::Step(step) => (0, step),
            KeptAt::Time(time) => (HOURS, time),
        };
        let flags = [
            (self.kept, KEPT),
            (self.copy, COPY),
            (self.settled, SETTLED),
            (self.empty, EMPTY),
        ];
        let flags = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag);
        let mut bytes = [0; HEADER];
        let fields: [&[u8]; 7] = [
            &self.window.to_le_bytes(),
            &[self.kept_window, flags.sum::<u8>() | hours],
            &self.save_counter.to_le_bytes(),
            &self.length.to_le_bytes(),
            &self.tail.to_le_bytes(),
            &self.kept_count.to_le_bytes(),
            &kept_at.to_le_bytes(),
        ];
        for (slot, &byte) in bytes.iter_mut().zip(fields.iter().copied().flatten()) {
            *slot = byte;
        }
        if let Some((content, checksum)) = bytes.split_last_chunk_mut::<4>() {
            *checksum = bound(content, sequence).to_le_bytes();
        }
        bytes
    }

    /// The header at the start of `bytes`, in a block of this sequence number.
    pub fn parse(bytes: &[u8], sequence: u32) -> Option<Self> {
        let (content, &checksum) = bytes.get(..HEADER)?.split_last_chunk::<4>()?;
        let &[w0, w1, kept_window, flags] = content.first_chunk()?;
        if u32::from_le_bytes(checksum) != bound(content, sequence) {
            return None;
        }
        let number = |at: usize| {
            let bytes = content.get(at..)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes))
        };
        let kept_at = i64::from_le_bytes(*content.get(20..)?.first_chunk()?);
        Some(Self {
            window: u16::from_le_bytes([w0, w1]),
            kept_window,
            save_counter: number(4)?,
            length: number(8)?,
            kept: flags & KEPT != 0,
            copy: flags & COPY != 0,
            settled: flags & SETTLED != 0,
            empty: flags & EMPTY != 0,
            tail: number(12)?,
            kept_count: number(16)?,
            kept_at: if flags & HOURS == 0 {
                KeptAt::Step(kept_at)
            } else {
                KeptAt::Time(kept_at)
            },
        })
    }

    /// What is written behind the checkpoint once all of it is there.
    pub(super) fn commit(&self, sequence: u32) -> [u8; COMMIT] {
        // Without the header's checksum: a checksum over bytes and their own is always the same.
        let header = self.bytes(sequence);
        let content = header.get(..HEADER - 4).unwrap_or_default();
        let checksum = bound(content, !sequence);
        let mut bytes = [0; COMMIT];
        let words = [checksum.to_le_bytes(), (!checksum).to_le_bytes()];
        for (slot, &byte) in bytes.iter_mut().zip(words.as_flattened()) {
            *slot = byte;
        }
        bytes
    }

    /// Whether `bytes` are the commit record of this header in a block of this sequence number.
    pub fn is_committed_by(&self, bytes: &[u8], sequence: u32) -> bool {
        bytes.get(..COMMIT) == Some(&self.commit(sequence))
    }
}

fn bound(content: &[u8], sequence: u32) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(&sequence.to_le_bytes());
    crc.update(content);
    crc.value()
}

/// A checkpoint in flash: where it lies and what its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// The block it starts in.
    pub(super) block: u32,
    /// That block's sequence number.
    pub(super) sequence: u32,
    /// Where it starts in the data of that block.
    pub(super) offset: u32,
    pub(super) header: Header,
    pub(super) extent: Extent,
}

impl Slot {
    /// Where byte `position` of the slot lies in the region.
    pub(super) fn address(&self, geometry: &Geometry, position: u32) -> u32 {
        geometry.address(self.block, self.offset.wrapping_add(position))
    }

    /// Its place in the order of writing.
    pub(super) fn order(&self) -> (u32, u32) {
        (self.sequence, self.offset)
    }

    /// Where the next slot could start: sequence number of the last block, offset in its data.
    pub(super) fn end(&self, geometry: &Geometry) -> (u32, u32) {
        match self.extent.blocks {
            1 => (self.sequence, self.offset.saturating_add(self.extent.end)),
            blocks => (
                self.sequence.saturating_add(blocks - 1),
                geometry.block_data(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            window: 3,
            kept_window: 4,
            save_counter: 9,
            length: 1234,
            kept: true,
            copy: false,
            settled: true,
            empty: false,
            tail: 5,
            kept_count: 2,
            kept_at: KeptAt::Time(-7),
        }
    }

    #[test]
    fn a_header_reads_back_in_its_block_only() {
        let bytes = header().bytes(11);
        assert_eq!(Header::parse(&bytes, 11), Some(header()));
        assert_eq!(Header::parse(&bytes, 12), None);
    }

    #[test]
    fn a_header_with_any_bit_flipped_is_none() {
        for bit in 0..8 * HEADER {
            let mut bytes = header().bytes(11);
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(&bytes, 11), None, "bit {bit}");
        }
    }

    #[test]
    fn a_commit_record_fits_one_header_in_one_block() {
        let commit = header().commit(11);
        assert!(header().is_committed_by(&commit, 11));
        assert!(!header().is_committed_by(&commit, 12));
        assert!(!header().is_committed_by(&[0xff; COMMIT], 11));
        let other = Header {
            save_counter: 10,
            ..header()
        };
        assert!(!other.is_committed_by(&commit, 11));
        for bit in 0..8 * COMMIT {
            let mut bytes = commit;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!header().is_committed_by(&bytes, 11), "bit {bit}");
        }
    }
}
