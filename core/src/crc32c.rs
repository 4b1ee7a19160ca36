//! CRC-32C (Castagnoli), the checksum of TensorFlow's bundles and of device checkpoints.
//!
//! Four ways to compute it, by the flash they take; features choose, and the largest table wins:
//!
//! | feature | table | bytes at once |
//! |---|---|---|
//! | none of them | none | an eighth |
//! | `crc32c-table-64` (default) | 64 bytes | half of one |
//! | `crc32c-table-1k` | 1 KiB | 1 |
//! | `crc32c-table-4k` | 4 KiB | 4 |
//!
//! `cargo xtask bench device` counts their instructions. The small table is the default because a
//! checkpoint mostly waits for a line or for flash, which are slower than any of them.

use crate::kernel;

/// Reflected polynomial.
pub(crate) const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The remainder of each value of `BITS` bits with `behind` zero bits behind it.
const fn table<const BITS: u32, const VALUES: usize>(behind: u32) -> [u32; VALUES] {
    let mut table = [0; VALUES];
    let mut value = 0;
    while value < VALUES {
        table[value] = shifted(value as u32, BITS + behind);
        value += 1;
    }
    table
}

/// What remains of `state` after `bits` zero bits.
const fn shifted(mut state: u32, bits: u32) -> u32 {
    let mut bit = 0;
    while bit < bits {
        state = (state >> 1) ^ (POLYNOMIAL * (state & 1));
        bit += 1;
    }
    state
}

fn by_bits(state: u32, bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(state, |state, &byte| shifted(state ^ u32::from(byte), 8))
}

fn by_nibbles(mut state: u32, bytes: &[u8]) -> u32 {
    static TABLE: [u32; 16] = table::<4, 16>(0);
    for &byte in bytes {
        state ^= u32::from(byte);
        state = (state >> 4) ^ TABLE[(state & 15) as usize];
        state = (state >> 4) ^ TABLE[(state & 15) as usize];
    }
    state
}

/// Of a byte, and of one that one, two and three more follow.
static BYTES: [u32; 256] = table::<8, 256>(0);
static BYTES_1: [u32; 256] = table::<8, 256>(8);
static BYTES_2: [u32; 256] = table::<8, 256>(16);
static BYTES_3: [u32; 256] = table::<8, 256>(24);

fn by_bytes(mut state: u32, bytes: &[u8]) -> u32 {
    for &byte in bytes {
        state = (state >> 8) ^ BYTES[usize::from(state as u8 ^ byte)];
    }
    state
}

fn by_words(state: u32, bytes: &[u8]) -> u32 {
    let (before, words, behind) = kernel::words(bytes);
    let mut state = by_bytes(state, before);
    let (fours, rest) = words.as_chunks::<4>();
    for &[a, b, c, d] in fours {
        state = by_word(by_word(by_word(by_word(state, a), b), c), d);
    }
    for &word in rest {
        state = by_word(state, word);
    }
    by_bytes(state, behind)
}

#[inline(always)]
fn by_word(state: u32, word: u32) -> u32 {
    // Shifts, not an array of bytes: that would lie in memory when optimized for size.
    let state = state ^ u32::from_le(word);
    BYTES_3[usize::from(state as u8)]
        ^ BYTES_2[usize::from((state >> 8) as u8)]
        ^ BYTES_1[usize::from((state >> 16) as u8)]
        ^ BYTES[(state >> 24) as usize]
}

/// A running CRC-32C.
///
/// ```
/// let mut crc = gradlet::Crc32c::new();
/// crc.update(b"123456789");
/// assert_eq!(crc.value(), 0xe306_9283);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Crc32c(u32);

impl Crc32c {
    /// The checksum of nothing.
    pub const fn new() -> Self {
        Self(!0)
    }

    /// A checksum that goes on from a [`value`](Self::value).
    #[cfg(feature = "encodings")]
    pub(crate) const fn from_value(value: u32) -> Self {
        Self(!value)
    }

    /// Extends the checksum by `bytes`.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        self.0 = if cfg!(feature = "crc32c-table-4k") {
            by_words(self.0, bytes)
        } else if cfg!(feature = "crc32c-table-1k") {
            by_bytes(self.0, bytes)
        } else if cfg!(feature = "crc32c-table-64") {
            by_nibbles(self.0, bytes)
        } else {
            by_bits(self.0, bytes)
        };
    }

    /// The checksum of all bytes so far (not masked as TensorFlow's files store it).
    pub const fn value(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32c {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_checksum_of_the_whole() {
        let bytes: std::vec::Vec<u8> = (0..=255).collect();
        let mut whole = Crc32c::new();
        whole.update(&bytes);
        for cut in 0..bytes.len() {
            let mut pieces = Crc32c::new();
            pieces.update(&bytes[..cut]);
            pieces.update(&bytes[cut..]);
            assert_eq!(pieces.value(), whole.value(), "cut at {cut}");
        }
    }

    #[test]
    fn every_table_gives_the_same_checksum_wherever_the_bytes_lie() {
        let bytes: std::vec::Vec<u8> = (0..100u8).map(|n| n.wrapping_mul(37) ^ n >> 3).collect();
        for start in 0..8 {
            for end in start..bytes.len() {
                let part = &bytes[start..end];
                let expected = by_bits(0x1234_5678, part);
                assert_eq!(by_nibbles(0x1234_5678, part), expected, "{start}..{end}");
                assert_eq!(by_bytes(0x1234_5678, part), expected, "{start}..{end}");
                assert_eq!(by_words(0x1234_5678, part), expected, "{start}..{end}");
            }
        }
    }

    #[test]
    fn known_values_of_rfc_3720() {
        for (bytes, expected) in [([0u8; 32], 0x8a91_36aa), ([0xff; 32], 0x62a8_ab43)] {
            let mut crc = Crc32c::new();
            crc.update(&bytes);
            assert_eq!(crc.value(), expected);
        }
    }
}
