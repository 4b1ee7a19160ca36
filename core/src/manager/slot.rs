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
    /// What stands before the first checkpoint, none of which was given up.
    pub(super) const NONE: Self = Self {
        window: u16::MAX,
        kept_window: u8::MAX,
        ..Self::EMPTY
    };

    /// That of the record that says that there is no checkpoint; its tail is to be its own block.
    pub(super) const EMPTY: Self = Self {
        window: 0,
        kept_window: 0,
        save_counter: 0,
        length: 0,
        kept: false,
        copy: false,
        settled: true,
        empty: true,
        tail: 0,
        kept_count: 0,
        kept_at: KeptAt::Step(0),
    };

    /// The header as it is written in a block of this sequence number.
    pub(super) fn record(&self, sequence: u32) -> [[u8; 4]; HEADER / 4] {
        let content = self.content();
        let checksum = bound(&content, sequence).to_le_bytes();
        let [a, b, c, d, e, f, g] = content;
        [a, b, c, d, e, f, g, checksum]
    }

    /// All but the checksum.
    fn content(&self) -> [[u8; 4]; HEADER / 4 - 1] {
        let (hours, kept_at) = match self.kept_at {
            KeptAt::Step(step) => (false, step),
            KeptAt::Time(time) => (true, time),
        };
        let flags = [
            (self.kept, KEPT),
            (self.copy, COPY),
            (self.settled, SETTLED),
            (self.empty, EMPTY),
            (hours, HOURS),
        ];
        let flags = flags.map(|(set, flag)| u32::from(set) * u32::from(flag));
        [
            u32::from(self.window)
                | u32::from(self.kept_window) << 16
                | flags.iter().sum::<u32>() << 24,
            self.save_counter,
            self.length,
            self.tail,
            self.kept_count,
            kept_at as u32,
            (kept_at >> 32) as u32,
        ]
        .map(u32::to_le_bytes)
    }

    /// The header at the start of `bytes`, in a block of this sequence number.
    pub fn parse(bytes: &[u8], sequence: u32) -> Option<Self> {
        let words: &[[u8; 4]; HEADER / 4] = bytes.as_chunks().0.first_chunk()?;
        let (content, checksum) = words.split_first_chunk()?;
        if *checksum != [bound(content, sequence).to_le_bytes()] {
            return None;
        }
        let [first, save_counter, length, tail, kept_count, kept_at @ ..] = *content;
        let [w0, w1, kept_window, flags] = first;
        let kept_at = i64::from_le_bytes(*kept_at.as_flattened().first_chunk()?);
        Some(Self {
            window: u16::from_le_bytes([w0, w1]),
            kept_window,
            save_counter: u32::from_le_bytes(save_counter),
            length: u32::from_le_bytes(length),
            kept: flags & KEPT != 0,
            copy: flags & COPY != 0,
            settled: flags & SETTLED != 0,
            empty: flags & EMPTY != 0,
            tail: u32::from_le_bytes(tail),
            kept_count: u32::from_le_bytes(kept_count),
            kept_at: if flags & HOURS == 0 {
                KeptAt::Step(kept_at)
            } else {
                KeptAt::Time(kept_at)
            },
        })
    }

    /// What is written behind the checkpoint once all of it is there.
    pub(super) fn commit(&self, sequence: u32) -> [[u8; 4]; COMMIT / 4] {
        // Without the header's checksum: a checksum over bytes and their own is always the same.
        let checksum = bound(&self.content(), !sequence);
        [checksum.to_le_bytes(), (!checksum).to_le_bytes()]
    }

    /// Whether `bytes` are the commit record of this header in a block of this sequence number.
    pub fn is_committed_by(&self, bytes: &[u8], sequence: u32) -> bool {
        bytes.get(..COMMIT) == Some(self.commit(sequence).as_flattened())
    }
}

#[inline(never)]
fn bound(content: &[[u8; 4]; HEADER / 4 - 1], sequence: u32) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(&sequence.to_le_bytes());
    crc.update(content.as_flattened());
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
    /// What stands where no slot was found yet.
    pub(super) const NONE: Self = Self {
        block: 0,
        sequence: 0,
        offset: 0,
        header: Header::EMPTY,
        extent: Extent::NONE,
    };

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
        let record = header().record(11);
        let bytes = record.as_flattened();
        assert_eq!(Header::parse(bytes, 11), Some(header()));
        assert_eq!(Header::parse(bytes, 12), None);
    }

    #[test]
    fn a_header_with_any_bit_flipped_is_none() {
        for bit in 0..8 * HEADER {
            let mut record = header().record(11);
            record.as_flattened_mut()[bit / 8] ^= 1 << (bit % 8);
            let bytes = record.as_flattened();
            assert_eq!(Header::parse(bytes, 11), None, "bit {bit}");
        }
    }

    #[test]
    fn a_commit_record_fits_one_header_in_one_block() {
        let record = header().commit(11);
        let commit = record.as_flattened();
        assert!(header().is_committed_by(commit, 11));
        assert!(!header().is_committed_by(commit, 12));
        assert!(!header().is_committed_by(&[0xff; COMMIT], 11));
        let other = Header {
            save_counter: 10,
            ..header()
        };
        assert!(!other.is_committed_by(commit, 11));
        for bit in 0..8 * COMMIT {
            let mut record = record;
            record.as_flattened_mut()[bit / 8] ^= 1 << (bit % 8);
            let bytes = record.as_flattened();
            assert!(!header().is_committed_by(bytes, 11), "bit {bit}");
        }
    }
}
