//! A checkpoint in flash: the header in front of it, the commit record behind it, and where it lies.

use core::fmt;

use super::geometry::{Extent, Geometry};
use crate::Crc32c;

/// Bytes of a header.
pub(super) const HEADER: usize = 32;
/// Bytes of a commit record.
pub(super) const COMMIT: usize = 8;

const KEPT: u32 = 1 << 24;
const COPY: u32 = 2 << 24;
const SETTLED: u32 = 4 << 24;
const HOURS: u32 = 8 << 24;
const EMPTY: u32 = 16 << 24;

/// What is written in front of a checkpoint.
///
/// Header and commit record are bound to the sequence number of the block they are in: neither is
/// valid anywhere else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// As they lie in flash, without the checksum: so a slot that is read and written on costs
    /// nothing in between.
    words: [u32; HEADER / 4 - 1],
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
    /// That of the record that says that there is no checkpoint; its tail is to be its own block.
    pub(super) const EMPTY: Self = Self {
        words: [EMPTY | SETTLED, 0, 0, 0, 0, 0, 0],
    };

    /// What stands before the first checkpoint, none of which was given up.
    pub(super) const NONE: Self = Self {
        words: [0x00ff_ffff, 0, 0, 0, 0, 0, 0],
    };

    /// How many of the newest checkpoints live on with this one, itself included, at most:
    /// [`Options::max_to_keep`](super::Options::max_to_keep), or fewer where the region is small.
    /// `u16::MAX` is no limit.
    pub const fn window(&self) -> u16 {
        self.words[0] as u16
    }

    /// The same for those that are kept beyond them: [`Options::max_kept`] at most; `u8::MAX` is
    /// no limit.
    ///
    /// [`Options::max_kept`]: super::Options::max_kept
    pub const fn kept_window(&self) -> u8 {
        (self.words[0] >> 16) as u8
    }

    /// Whether it is kept beyond the newest few.
    pub const fn is_kept(&self) -> bool {
        self.words[0] & KEPT != 0
    }

    /// Whether it was copied from another place of the ring, to make room there.
    pub const fn is_copy(&self) -> bool {
        self.words[0] & COPY != 0
    }

    /// Whether everything before block sequence [`tail`](Self::tail) is given up once this is
    /// committed. A copy that is not settled does not count while its original is there.
    pub const fn is_settled(&self) -> bool {
        self.words[0] & SETTLED != 0
    }

    /// Whether it is no checkpoint but says that there is none: the region was formatted.
    pub const fn is_empty(&self) -> bool {
        self.words[0] & EMPTY != 0
    }

    /// Number of the checkpoint, from 1 (TensorFlow's `save_counter`).
    pub const fn save_counter(&self) -> u32 {
        self.words[1]
    }

    /// Bytes of the checkpoint.
    pub const fn length(&self) -> u32 {
        self.words[2]
    }

    /// The least sequence number of a block that still counts.
    pub const fn tail(&self) -> u32 {
        self.words[3]
    }

    /// How many checkpoints were kept so far, this one included.
    pub const fn kept_count(&self) -> u32 {
        self.words[4]
    }

    /// What the last kept checkpoint was kept for; where the next interval starts.
    pub const fn kept_at(&self) -> KeptAt {
        let at = ((self.words[6] as u64) << 32 | self.words[5] as u64) as i64;
        if self.words[0] & HOURS == 0 {
            KeptAt::Step(at)
        } else {
            KeptAt::Time(at)
        }
    }

    /// The next checkpoint's, of `length` bytes: settled, no copy, with the windows and the kept
    /// ones of this one.
    pub(super) const fn next(&self, length: u32) -> Self {
        let mut next = *self;
        next.words[0] = next.words[0] & (HOURS | 0x00ff_ffff) | SETTLED;
        next.words[1] = next.words[1].saturating_add(1);
        next.words[2] = length;
        next
    }

    /// Keeps it beyond the newest few, and counts it.
    pub(super) const fn keep(&mut self) {
        self.words[0] |= KEPT;
        self.words[4] = self.words[4].saturating_add(1);
    }

    pub(super) const fn set_kept_at(&mut self, kept_at: KeptAt) {
        let (hours, at) = match kept_at {
            KeptAt::Step(at) => (0, at),
            KeptAt::Time(at) => (HOURS, at),
        };
        self.words[0] = self.words[0] & !HOURS | hours;
        self.words[5] = at as u32;
        self.words[6] = (at >> 32) as u32;
    }

    pub(super) const fn set_windows(&mut self, window: u16, kept_window: u8) {
        let flags = self.words[0] & 0xff00_0000;
        self.words[0] = flags | (kept_window as u32) << 16 | window as u32;
    }

    pub(super) const fn set_tail(&mut self, tail: u32) {
        self.words[3] = tail;
    }

    /// Makes it that of a copy.
    pub(super) const fn set_copy(&mut self, is_settled: bool) {
        let settled = if is_settled { SETTLED } else { 0 };
        self.words[0] = self.words[0] & !SETTLED | settled | COPY;
    }

    /// The header as it is written in a block of this sequence number.
    pub(super) fn record(&self, sequence: u32) -> [u32; HEADER / 4] {
        let [a, b, c, d, e, f, g] = self.words;
        [a, b, c, d, e, f, g, self.bound(sequence)]
    }

    /// The header at the start of `bytes`, in a block of this sequence number.
    pub fn parse(bytes: &[u8], sequence: u32) -> Option<Self> {
        let words: &[[u8; 4]; HEADER / 4] = bytes.as_chunks().0.first_chunk()?;
        let [a, b, c, d, e, f, g, checksum] = words.map(u32::from_le_bytes);
        let words = [a, b, c, d, e, f, g];
        let header = Self { words };
        (header.bound(sequence) == checksum).then_some(header)
    }

    /// What is written behind the checkpoint once all of it is there.
    pub(super) fn commit(&self, sequence: u32) -> [u32; COMMIT / 4] {
        // Without the header's checksum: a checksum over bytes and their own is always the same.
        let checksum = self.bound(!sequence);
        [checksum, !checksum]
    }

    /// Whether `bytes` are the commit record of this header in a block of this sequence number.
    pub fn is_committed_by(&self, bytes: &[u8], sequence: u32) -> bool {
        let words: Option<&[[u8; 4]; COMMIT / 4]> = bytes.as_chunks().0.first_chunk();
        words.is_some_and(|words| words.map(u32::from_le_bytes) == self.commit(sequence))
    }

    /// A checksum that binds the header to a number.
    #[inline(never)]
    fn bound(&self, number: u32) -> u32 {
        let mut crc = Crc32c::new();
        crc.update(&number.to_le_bytes());
        for word in self.words {
            crc.update(&word.to_le_bytes());
        }
        crc.value()
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("save_counter", &self.save_counter())
            .field("length", &self.length())
            .field("is_kept", &self.is_kept())
            .field("is_copy", &self.is_copy())
            .field("is_settled", &self.is_settled())
            .field("is_empty", &self.is_empty())
            .field("tail", &self.tail())
            .field("window", &self.window())
            .field("kept_window", &self.kept_window())
            .field("kept_count", &self.kept_count())
            .field("kept_at", &self.kept_at())
            .finish()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Header {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (counter, length) = (self.save_counter(), self.length());
        defmt::write!(f, "checkpoint {} of {} bytes", counter, length);
    }
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
    #[inline(never)]
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
    use std::vec::Vec;

    fn header() -> Header {
        let mut header = Header::NONE.next(1234);
        header.keep();
        header.set_kept_at(KeptAt::Time(-7));
        header.set_windows(3, 4);
        header.set_tail(5);
        header
    }

    fn bytes(record: &[u32]) -> Vec<u8> {
        record.iter().copied().flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn a_header_says_what_was_put_into_it() {
        let header = header();
        assert_eq!((header.save_counter(), header.length()), (1, 1234));
        assert_eq!((header.window(), header.kept_window()), (3, 4));
        assert_eq!((header.tail(), header.kept_count()), (5, 1));
        assert_eq!(header.kept_at(), KeptAt::Time(-7));
        assert!(header.is_kept() && header.is_settled());
        assert!(!header.is_copy() && !header.is_empty());

        let mut copy = header;
        copy.set_copy(false);
        assert!(copy.is_copy() && !copy.is_settled() && copy.is_kept());

        let mut next = copy.next(99);
        assert_eq!((next.save_counter(), next.length()), (2, 99));
        assert!(!next.is_kept() && next.is_settled() && !next.is_copy());
        assert_eq!(next.kept_at(), KeptAt::Time(-7));
        next.set_kept_at(KeptAt::Step(1 << 40));
        assert_eq!(next.kept_at(), KeptAt::Step(1 << 40));
        assert_eq!((next.window(), next.kept_count()), (3, 1));
    }

    #[test]
    fn a_header_reads_back_in_its_block_only() {
        let bytes = bytes(&header().record(11));
        assert_eq!(Header::parse(&bytes, 11), Some(header()));
        assert_eq!(Header::parse(&bytes, 12), None);
        assert_eq!(Header::parse(&bytes[1..], 11), None);
    }

    #[test]
    fn a_header_with_any_bit_flipped_is_none() {
        for bit in 0..8 * HEADER {
            let mut bytes = bytes(&header().record(11));
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(&bytes, 11), None, "bit {bit}");
        }
    }

    #[test]
    fn a_commit_record_fits_one_header_in_one_block() {
        let commit = bytes(&header().commit(11));
        assert!(header().is_committed_by(&commit, 11));
        assert!(!header().is_committed_by(&commit, 12));
        assert!(!header().is_committed_by(&[0xff; COMMIT], 11));
        let other = header().next(1234);
        assert!(!other.is_committed_by(&commit, 11));
        for bit in 0..8 * COMMIT {
            let mut bytes = commit.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!header().is_committed_by(&bytes, 11), "bit {bit}");
        }
    }
}
