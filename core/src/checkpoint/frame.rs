//! What stands before a payload: the frame and head of its record.

use super::codec::blocks8;
use super::encoding::Encoding;
use super::fault::Fault;
use super::format::{
    ALIGNMENT, FRAME, KIND_END, KIND_TENSOR, TRAILER, padding, read_varint, varint,
};
use crate::tensor::{DType, Shape};
use crate::variable::Variable;

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
    /// Number of elements.
    pub elements: u32,
}

impl TensorInfo<'_> {
    /// Bytes of the decoded elements.
    pub const fn byte_len(&self) -> u32 {
        // A record's frame is only parsed if this fits.
        self.elements.wrapping_mul(self.dtype.size() as u32)
    }
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
    /// The frame of no record.
    pub(super) const NONE: Self = Self::parse([0; FRAME]);

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

    /// How a tensor's payload is stored.
    pub(super) fn encoding(self) -> Option<Encoding> {
        Encoding::from_number(self.encoding_and_rank & 15)
    }

    /// The frame of `variable` whose payload takes `stored_len` bytes; `None` for a name, shape
    /// or length that no record can hold.
    pub(super) fn of(
        variable: &Variable<'_>,
        encoding: Encoding,
        stored_len: usize,
    ) -> Option<Self> {
        let dims: usize = variable.shape.dims().iter().map(|&dim| varint(dim).1).sum();
        let name = variable.name.len();
        let head = dims + name + padding(dims + name);
        let mut pieces = variable.name.pieces();
        let has_zero = pieces.any(|piece| has_zero(piece.as_bytes()));
        let elements = usize::try_from(variable.shape.elements()?).ok()?;
        let is_whole = elements == variable.view.len();
        u32::try_from(variable.view.byte_len()).ok()?;
        (name > 0 && !has_zero && is_whole).then_some(Self {
            kind: KIND_TENSOR,
            head_len: u8::try_from(head).ok()?,
            dtype: variable.view.dtype().number(),
            encoding_and_rank: (variable.shape.dims().len() as u8) << 4 | encoding.number(),
            stored_len: u32::try_from(stored_len).ok()?,
        })
    }

    /// Bytes of the tensor's whole record.
    pub(super) fn record_len(self) -> u32 {
        let stored = self.stored_len;
        let ends = FRAME as u32 + u32::from(self.head_len) + TRAILER as u32;
        let padded = stored.saturating_add(padding(stored as usize) as u32);
        padded.saturating_add(ends)
    }

    /// Reads a tensor record's head (dimensions, name, padding).
    pub(super) fn tensor(self, mut head: &[u8]) -> Result<TensorInfo<'_>, Fault> {
        let dtype = DType::from_number(self.dtype).ok_or(Fault::DType { found: self.dtype })?;
        let encoding = self.encoding().filter(|encoding| encoding.fits(dtype));
        let encoding = encoding.ok_or(Fault::Encoding {
            found: self.encoding_and_rank & 15,
        })?;
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
        if padding.len() >= ALIGNMENT || name.is_empty() || has_zero(name) {
            return Err(Fault::Name);
        }
        let name = core::str::from_utf8(name).map_err(|_| Fault::Name)?;
        let elements = shape
            .elements()
            .and_then(|elements| u32::try_from(elements).ok())
            .filter(|elements| elements.checked_mul(dtype.size() as u32).is_some())
            .ok_or(Fault::Shape)?;
        let found = self.stored_len;
        match stored_len(encoding, dtype, elements) {
            Some(expected) if expected != u64::from(found) => {
                return Err(Fault::Length { expected, found });
            }
            _ => {}
        }
        Ok(TensorInfo {
            name,
            dtype,
            shape,
            encoding,
            stored_len: found,
            elements,
        })
    }
}

#[expect(
    clippy::manual_contains,
    reason = "names are short, and a search by words takes 200 bytes of flash"
)]
fn has_zero(name: &[u8]) -> bool {
    name.iter().any(|&byte| byte == 0)
}

/// Bytes that `elements` elements take; `None` where that depends on their values.
fn stored_len(encoding: Encoding, dtype: DType, elements: u32) -> Option<u64> {
    let size = dtype.size() as u64;
    let elements = u64::from(elements);
    match encoding {
        Encoding::Raw => Some(elements * size),
        Encoding::Constant => Some(elements.min(1) * size),
        Encoding::ZeroRuns => None,
        Encoding::Bf16 => Some(elements * 2),
        Encoding::Blocks8 => Some(blocks8::stored_len(elements as usize) as u64),
    }
}
