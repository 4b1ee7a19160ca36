//! String tensors: all lengths, a checksum over the lengths, then all bytes.

use super::header::Endianness;
use crate::crc;
use crate::strings::Strings;
use crate::varint;

/// What precedes the bytes of the strings, the varint lengths and their checksum; and the entry's
/// checksum, which covers the lengths in another form.
pub(super) struct Encoded {
    pub(super) head: Vec<u8>,
    pub(super) crc32c: u32,
}

/// Encodes the lengths of `strings`; their bytes follow as they are.
pub(super) fn encode(strings: &Strings, endianness: Endianness) -> Encoded {
    let mut head = Vec::with_capacity(strings.len() * 2 + 4);
    let mut lengths = 0;
    for string in strings.iter() {
        varint::put(&mut head, string.len() as u64);
        lengths = extend_by_length(lengths, string.len() as u64, endianness);
    }
    let stored = stored_checksum(lengths, endianness);
    head.extend_from_slice(&stored);
    let crc32c = crc::extend(crc::extend(lengths, &stored), strings.concatenated());
    Encoded { head, crc32c }
}

/// Decodes a tensor of `count` strings whose bytes have been checked.
pub(super) fn decode(bytes: &[u8], count: u64) -> Option<Strings> {
    if bytes.is_empty() && count == 0 {
        return Some(Strings::new());
    }
    let count = usize::try_from(count)
        .ok()
        .filter(|&count| count <= bytes.len())?;
    let mut rest = bytes;
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        lengths.push(usize::try_from(varint::take(&mut rest)?).ok()?);
    }
    let (_checksum, mut rest) = rest.split_at_checked(4)?;
    let mut strings = Strings::with_capacity(count, rest.len());
    for length in lengths {
        let (string, after) = rest.split_at_checked(length)?;
        strings.push(string);
        rest = after;
    }
    rest.is_empty().then_some(strings)
}

/// Adds a length to the checksum over the lengths: as 4 bytes, or as 8 where it takes more.
pub(super) fn extend_by_length(crc: u32, length: u64, endianness: Endianness) -> u32 {
    match (u32::try_from(length), endianness) {
        (Ok(length), Endianness::Little) => crc::extend(crc, &length.to_le_bytes()),
        (Ok(length), Endianness::Big) => crc::extend(crc, &length.to_be_bytes()),
        (Err(_), Endianness::Little) => crc::extend(crc, &length.to_le_bytes()),
        (Err(_), Endianness::Big) => crc::extend(crc, &length.to_be_bytes()),
    }
}

/// The checksum over the lengths as it is stored.
pub(super) fn stored_checksum(crc: u32, endianness: Endianness) -> [u8; 4] {
    match endianness {
        Endianness::Little => crc::mask(crc).to_le_bytes(),
        Endianness::Big => crc::mask(crc).to_be_bytes(),
    }
}
