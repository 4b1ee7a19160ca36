//! The layout, in one place: `FORMAT.md` describes it, encoder and decoder follow it.

use super::fault::Fault;
use super::in_memory::Tensor;
use crate::tensor::{DType, Shape};
use crate::variable::Variable;

/// Version of the format that this crate writes. Version 0 is not frozen.
pub const VERSION: u8 = 0;

pub(super) const MAGIC: [u8; 4] = [0x89, b'G', b'C', b'K'];
/// Magic, version, flags, length of the fields.
pub(super) const PREAMBLE: usize = 8;
/// Kind, length of the head, type, encoding and rank, stored length.
pub(super) const FRAME: usize = 8;
/// The checksum of a record's decoded payload.
pub(super) const TRAILER: usize = 4;
/// Frame of the end record and the checksum of the structure.
pub(super) const END: usize = FRAME + 4;
/// Everything starts at a multiple of this, so that payloads can be used where they lie.
pub(super) const ALIGNMENT: usize = 4;

pub(super) const KIND_TENSOR: u8 = 1;
pub(super) const KIND_END: u8 = 0xff;

pub(super) const FIELD_PADDING: u8 = 0;
pub(super) const FIELD_GLOBAL_STEP: u8 = 1;
pub(super) const FIELD_TIME: u8 = 2;
pub(super) const FIELD_MODEL_ID: u8 = 3;

/// Zero bytes that follow `len` bytes so that the next part starts aligned.
pub(super) const fn padding(len: usize) -> usize {
    len.wrapping_neg() % ALIGNMENT
}

/// How a tensor's payload is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Encoding {
    /// The little-endian elements themselves.
    Raw = 0,
}

impl Encoding {
    fn from_number(number: u8) -> Option<Self> {
        [Self::Raw]
            .into_iter()
            .find(|encoding| *encoding as u8 == number)
    }
}

/// What a checkpoint says of itself before its tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Info {
    /// Training steps done.
    pub global_step: Option<i64>,
    /// When it was written, in seconds since 1970, where the device has a clock.
    pub time: Option<i64>,
    /// [`Variables::model_id`](crate::Variables::model_id) of the model.
    pub model_id: Option<u32>,
}

impl Info {
    /// Reads the fields behind the preamble; unknown ones are skipped.
    pub(super) fn parse(mut fields: &[u8]) -> Result<Self, Fault> {
        let mut info = Self::default();
        while let Some((&tag, rest)) = fields.split_first() {
            if tag == FIELD_PADDING {
                fields = rest;
                continue;
            }
            let (&len, rest) = rest.split_first().ok_or(Fault::Field { tag })?;
            let (value, rest) = rest
                .split_at_checked(usize::from(len))
                .ok_or(Fault::Field { tag })?;
            let fault = |_| Fault::Field { tag };
            match tag {
                FIELD_GLOBAL_STEP => {
                    info.global_step = Some(i64::from_le_bytes(value.try_into().map_err(fault)?));
                }
                FIELD_TIME => {
                    info.time = Some(i64::from_le_bytes(value.try_into().map_err(fault)?));
                }
                FIELD_MODEL_ID => {
                    info.model_id = Some(u32::from_le_bytes(value.try_into().map_err(fault)?));
                }
                _ => {}
            }
            fields = rest;
        }
        Ok(info)
    }
}

/// What a record says of its tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorInfo<'a> {
    /// Name of the variable.
    pub name: &'a str,
    /// Element type.
    pub dtype: DType,
    /// Shape, outermost dimension first.
    pub shape: Shape,
    /// How the payload is stored.
    pub encoding: Encoding,
    /// Bytes of the payload as stored.
    pub stored_len: u32,
}

/// The first bytes of every record, of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) head_len: u8,
    dtype: u8,
    encoding_and_rank: u8,
    pub(super) stored_len: u32,
}

impl Frame {
    pub(super) const fn parse(bytes: [u8; FRAME]) -> Self {
        let [kind, head_len, dtype, encoding_and_rank, a, b, c, d] = bytes;
        let stored_len = u32::from_le_bytes([a, b, c, d]);
        Self {
            kind,
            head_len,
            dtype,
            encoding_and_rank,
            stored_len,
        }
    }

    pub(super) const fn bytes(self) -> [u8; FRAME] {
        let [a, b, c, d] = self.stored_len.to_le_bytes();
        [
            self.kind,
            self.head_len,
            self.dtype,
            self.encoding_and_rank,
            a,
            b,
            c,
            d,
        ]
    }

    /// The end record's frame carries the count of records and the length of the file.
    pub(super) const fn end(count: u16, total_len: u32) -> Self {
        let [dtype, encoding_and_rank] = count.to_le_bytes();
        Self {
            kind: KIND_END,
            head_len: 0,
            dtype,
            encoding_and_rank,
            stored_len: total_len,
        }
    }

    pub(super) const fn count(self) -> u16 {
        u16::from_le_bytes([self.dtype, self.encoding_and_rank])
    }

    /// The frame of `variable`; `None` for a name or shape that no record can hold.
    pub(super) fn of(variable: &Variable<'_>) -> Option<Self> {
        let dims: usize = variable.shape.dims().iter().map(|&dim| varint(dim).1).sum();
        let name = variable.name.len();
        let head = dims + name + padding(dims + name);
        (name > 0).then_some(Self {
            kind: KIND_TENSOR,
            head_len: u8::try_from(head).ok()?,
            dtype: variable.view.dtype().number(),
            encoding_and_rank: (variable.shape.dims().len() as u8) << 4 | Encoding::Raw as u8,
            stored_len: u32::try_from(variable.view.byte_len()).ok()?,
        })
    }

    /// Reads a tensor record's head (dimensions, name, padding).
    pub(super) fn tensor(self, mut head: &[u8]) -> Result<TensorInfo<'_>, Fault> {
        let dtype = DType::from_number(self.dtype).ok_or(Fault::DType { found: self.dtype })?;
        let encoding = self.encoding_and_rank & 15;
        let encoding =
            Encoding::from_number(encoding).ok_or(Fault::Encoding { found: encoding })?;
        let mut shape = Shape::SCALAR;
        for _ in 0..self.encoding_and_rank >> 4 {
            let dim;
            (dim, head) = read_varint(head).ok_or(Fault::Shape)?;
            shape = shape.push(dim).ok_or(Fault::Shape)?;
        }
        let end = head
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        let (name, padding) = head.split_at_checked(end).ok_or(Fault::Name)?;
        if padding.len() >= ALIGNMENT || name.is_empty() || name.contains(&0) {
            return Err(Fault::Name);
        }
        let name = core::str::from_utf8(name).map_err(|_| Fault::Name)?;
        let expected = shape
            .elements()
            .and_then(|elements| elements.checked_mul(dtype.size() as u64))
            .ok_or(Fault::Shape)?;
        if encoding == Encoding::Raw && expected != u64::from(self.stored_len) {
            return Err(Fault::Length {
                expected,
                found: self.stored_len,
            });
        }
        Ok(TensorInfo {
            name,
            dtype,
            shape,
            encoding,
            stored_len: self.stored_len,
        })
    }
}

/// The tensors of a verified checkpoint.
pub(super) fn tensors(bytes: &[u8]) -> impl Iterator<Item = Tensor<'_>> {
    let fields = bytes
        .get(6..PREAMBLE)
        .and_then(|len| Some(u16::from_le_bytes(len.try_into().ok()?)));
    let mut at = PREAMBLE + usize::from(fields.unwrap_or(0));
    core::iter::from_fn(move || {
        loop {
            let (record, end) = record(bytes, at)?;
            at = end;
            if record.is_some() {
                return record;
            }
        }
    })
}

/// The record at `at`, if it is a tensor's, and where the next one starts.
fn record(bytes: &[u8], at: usize) -> Option<(Option<Tensor<'_>>, usize)> {
    let (&frame, rest) = bytes.get(at..)?.split_first_chunk::<FRAME>()?;
    let frame = Frame::parse(frame);
    let (head, rest) = rest.split_at_checked(usize::from(frame.head_len))?;
    let (data, rest) = rest.split_at_checked(frame.stored_len as usize)?;
    let (&crc32c, _) = rest
        .get(padding(data.len())..)?
        .split_first_chunk::<TRAILER>()?;
    let offset = at + FRAME + head.len();
    let end = offset + data.len() + padding(data.len()) + TRAILER;
    let tensor = (frame.kind == KIND_TENSOR)
        .then(|| frame.tensor(head).ok())
        .flatten();
    let tensor = tensor.map(|info| Tensor {
        info,
        offset: offset as u32,
        data,
        crc32c: u32::from_le_bytes(crc32c),
    });
    Some((tensor, end))
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
fn read_varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
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
