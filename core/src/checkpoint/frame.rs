//! What stands before a payload: the frame and head of its record.

use super::codec;
use super::encoding::Encoding;
use super::fault::Fault;
use super::format::{
    ALIGNMENT, FRAME, KIND_END, KIND_TENSOR, padding, read_varint, trailer_len, varint,
};
use super::part::{self, Part};
use crate::kernel::as_text;
use crate::tensor::{DType, MAX_RANK, Shape};
use crate::variable::{Name, Variable};

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

    /// Puts the frame and the dimensions of `variable`, which is stored so and in so many bytes;
    /// its name follows. `None` for a name, shape or length that no record can hold.
    pub(super) fn put(
        part: &mut Part,
        variable: &Variable<'_>,
        (encoding, stored_len): (Encoding, usize),
    ) -> Option<Self> {
        let start = part.bytes().len();
        part.put(&[0; FRAME]);
        let dims = variable.shape.dims();
        for &dim in dims {
            let (bytes, len) = varint(dim);
            part.put(bytes.get(..len)?);
        }
        let name = variable.name.len();
        let mut pieces = variable.name.pieces().into_iter();
        let has_zero = pieces.any(|piece| has_zero(piece.as_bytes()));
        let is_whole = variable.shape.elements_u32()? as usize == variable.view.len();
        if name == 0 || has_zero || !is_whole {
            return None;
        }
        u32::try_from(variable.view.byte_len()).ok()?;
        let head = part.bytes().len() - start - FRAME + name;
        let frame = Self {
            kind: KIND_TENSOR,
            head_len: u8::try_from(head + padding(head)).ok()?,
            dtype: variable.view.dtype().number(),
            encoding_and_rank: (dims.len() as u8) << 4 | encoding.number(),
            stored_len: u32::try_from(stored_len).ok()?,
        };
        part.set(start, &frame.bytes());
        Some(frame)
    }

    /// Reads a tensor record's head (dimensions, name, padding).
    pub(super) fn tensor(self, mut head: &[u8]) -> Result<TensorInfo<'_>, Fault> {
        let dtype = DType::from_number(self.dtype).ok_or(Fault::DType { found: self.dtype })?;
        let is_known = |encoding: &Encoding| encoding.is_built() && encoding.fits(dtype);
        let encoding = self.encoding().filter(is_known);
        let encoding = encoding.ok_or(Fault::Encoding {
            found: self.encoding_and_rank & 15,
        })?;
        let shape = Shape::read(self.encoding_and_rank >> 4, || {
            let dim;
            (dim, head) = read_varint(head)?;
            Some(dim)
        });
        let shape = shape.ok_or(Fault::Shape)?;
        let end = head.iter().rposition(|&byte| byte != 0);
        let (name, padding) = end
            .and_then(|last| head.split_at_checked(last + 1))
            .ok_or(Fault::Name)?;
        let name = as_text(name).filter(|_| padding.len() < ALIGNMENT);
        let name = name.ok_or(Fault::Name)?;
        let elements = shape
            .elements_u32()
            .filter(|elements| elements.checked_mul(dtype.size() as u32).is_some())
            .ok_or(Fault::Shape)?;
        let found = self.stored_len;
        match codec::stored_len(encoding, dtype, elements) {
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

/// A frame and its dimensions fit in a part, behind what ends the record before.
const _: () = assert!(part::LONGEST >= trailer_len(1) + FRAME + 5 * MAX_RANK);

/// Bytes of the longest frame and head.
pub(crate) const LONGEST_HEAD: usize = FRAME + u8::MAX as usize;

/// What stands in front of a variable's elements if they are stored raw.
pub(crate) struct RawHead {
    frame: Frame,
    /// Frame and dimensions.
    part: Part,
}

impl RawHead {
    /// `None` for a variable that no record can hold.
    pub(crate) fn of(variable: &Variable<'_>) -> Option<Self> {
        let mut part = Part::EMPTY;
        let stored = (Encoding::Raw, variable.view.byte_len());
        let frame = Frame::put(&mut part, variable, stored)?;
        Some(Self { frame, part })
    }

    /// Bytes of frame and head.
    pub(crate) fn len(&self) -> usize {
        FRAME + usize::from(self.frame.head_len)
    }

    /// Whether `found` is that of a variable of this name.
    pub(crate) fn is(&self, name: &Name<'_>, found: &[u8]) -> bool {
        let rest = found.strip_prefix(self.part.bytes());
        let found = rest.and_then(|rest| rest.get(..name.len()));
        found.is_some_and(|found| name.is(found))
    }
}
