//! The wire format, as far as a table of fields needs it.

use super::TextError;
use super::schema::Message;

/// One field of an encoded message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'b> {
    Varint(u64),
    Fixed32([u8; 4]),
    Fixed64([u8; 8]),
    Bytes(&'b [u8]),
}

/// Walks the fields of an encoded message.
pub(super) struct Fields<'b> {
    message: &'static Message,
    whole: usize,
    rest: &'b [u8],
}

impl<'b> Fields<'b> {
    pub(super) fn new(message: &'static Message, bytes: &'b [u8]) -> Fields<'b> {
        Fields {
            message,
            whole: bytes.len(),
            rest: bytes,
        }
    }

    /// The next field's number and value; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'b>)>, TextError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let fault = |reason| self.fault(reason);
        let (tag, rest) = varint(self.rest).ok_or_else(|| fault("a field tag is cut short"))?;
        let number = u32::try_from(tag >> 3).map_err(|_| fault("a field number is too large"))?;
        let ends = || fault("a field ends beyond its message");
        let (value, rest) = match tag & 7 {
            0 => varint(rest)
                .map(|(value, rest)| (Value::Varint(value), rest))
                .ok_or_else(ends)?,
            1 => split_array(rest)
                .map(|(v, rest)| (Value::Fixed64(v), rest))
                .ok_or_else(ends)?,
            2 => {
                let (length, rest) = varint(rest).ok_or_else(ends)?;
                let length = usize::try_from(length).map_err(|_| ends())?;
                let (bytes, rest) = rest.split_at_checked(length).ok_or_else(ends)?;
                (Value::Bytes(bytes), rest)
            }
            5 => split_array(rest)
                .map(|(v, rest)| (Value::Fixed32(v), rest))
                .ok_or_else(ends)?,
            _ => return Err(fault("an unknown wire type")),
        };
        self.rest = rest;
        Ok(Some((number, value)))
    }

    pub(super) fn fault(&self, reason: &'static str) -> TextError {
        let offset = self.whole - self.rest.len();
        TextError::BadWire {
            offset,
            message: self.message.name,
            reason,
        }
    }
}

fn split_array<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    bytes
        .split_first_chunk()
        .map(|(array, rest)| (*array, rest))
}

/// A varint at the start of `bytes`, and what follows it.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (i, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return bytes.get(i + 1..).map(|rest| (value, rest));
        }
    }
    None
}

/// Appends a varint.
pub(super) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field tag.
pub(super) fn put_tag(number: u32, wire_type: u8, out: &mut Vec<u8>) {
    put_varint(u64::from(number) << 3 | u64::from(wire_type), out);
}

/// Appends a length-delimited field.
pub(super) fn put_bytes(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    put_tag(number, 2, out);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}
