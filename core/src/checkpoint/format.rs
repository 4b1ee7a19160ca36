//! The numbers of the layout: `FORMAT.md` describes it, encoder and decoder follow it.

/// Version of the format that this crate reads and writes. It is frozen.
pub const VERSION: u8 = 1;

pub(crate) const MAGIC: [u8; 4] = [0x89, b'G', b'C', b'K'];
/// Magic, version, flags, length of the fields.
pub(crate) const PREAMBLE: usize = 8;
/// A header field's tag and length.
pub(super) const FIELD: usize = 2;
/// Kind, length of the head, type, encoding and rank, stored length.
pub(super) const FRAME: usize = 8;
/// The checksum of a record's decoded payload.
pub(super) const TRAILER: usize = 4;
/// Frame of the end record and the checksum of the structure.
pub(crate) const END: usize = FRAME + 4;
/// Everything starts at a multiple of this, so that payloads can be used where they lie.
pub(super) const ALIGNMENT: usize = 4;

pub(super) const KIND_TENSOR: u8 = 1;
pub(super) const KIND_END: u8 = 0xff;

pub(super) const FIELD_PADDING: u8 = 0;
pub(super) const FIELD_GLOBAL_STEP: u8 = 1;
pub(super) const FIELD_TIME: u8 = 2;
pub(super) const FIELD_MODEL_ID: u8 = 3;
pub(super) const FIELD_METADATA: u8 = 4;

/// Zero bytes that follow `len` bytes so that the next part starts aligned.
pub(super) const fn padding(len: usize) -> usize {
    len.wrapping_neg() % ALIGNMENT
}

/// Bytes behind a payload of `len` bytes: padding and checksum.
pub(crate) const fn trailer_len(len: usize) -> usize {
    padding(len) + TRAILER
}

/// Bytes of the header's fields, which follow a preamble that is known to be right.
pub(crate) const fn fields_len(preamble: &[u8; PREAMBLE]) -> u16 {
    let [.., low, high] = preamble;
    u16::from_le_bytes([*low, *high])
}

/// `value` as a varint: the bytes and how many of them count.
pub(super) fn varint(mut value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    let mut len = 0;
    for byte in &mut bytes {
        len += 1;
        *byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            break;
        }
        *byte |= 0x80;
    }
    (bytes, len)
}

/// A varint of at most 32 bits at the start of `bytes`, and what follows it.
#[inline(never)]
pub(super) fn read_varint(mut bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (mut value, mut shift) = (0, 0);
    while let Some((&byte, rest)) = bytes.split_first() {
        let bits = u32::from(byte & 0x7f);
        if shift > 28 || bits << shift >> shift != bits {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
        shift += 7;
        bytes = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_read_back() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, u32::MAX - 1, u32::MAX] {
            let (bytes, len) = varint(value);
            assert_eq!(read_varint(&bytes[..len]), Some((value, &[][..])));
            assert_eq!(read_varint(&bytes[..len - 1]), None, "{value} cut short");
        }
        assert_eq!(read_varint(&[0xff; 9]), None, "a varint without an end");
    }
}
