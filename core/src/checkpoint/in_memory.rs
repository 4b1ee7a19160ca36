//! A checkpoint that lies in memory: in RAM, in mapped flash, in a file read whole.

use super::codec::{SCRATCH, Unpack};
use super::decoder::{Decoder, Event};
use super::encoding::Encoding;
use super::fault::DecodeError;
use super::format::{FRAME, KIND_TENSOR, PREAMBLE, TRAILER, padding};
use super::frame::{Frame, TensorInfo};
use super::info::Info;
use super::piece::Piece;
use crate::tensor::DType;

/// A verified checkpoint in a byte slice; its tensors are used where they lie.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoint<'a> {
    bytes: &'a [u8],
    info: Info,
    metadata: &'a [u8],
}

/// A tensor of a [`Checkpoint`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tensor<'a> {
    /// Name, type, shape and encoding.
    pub info: TensorInfo<'a>,
    /// Offset of the payload from the start of the checkpoint.
    pub offset: u32,
    /// The payload as stored: the little-endian elements if the encoding is [`Encoding::Raw`].
    pub stored: &'a [u8],
    /// CRC-32C of the decoded little-endian elements, verified.
    pub crc32c: u32,
}

impl<'a> Checkpoint<'a> {
    /// The checkpoint at the start of `bytes`, every checksum verified. What follows it is left
    /// alone: [`len`](Self::len) tells where it ends.
    ///
    /// # Errors
    /// The first fault with its offset.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder::new();
        let mut rest = bytes;
        let mut info = Info::default();
        let mut metadata = &[][..];
        loop {
            match decoder.advance(&mut rest)? {
                Event::Metadata(found) => {
                    // The decoder lends a copy; the original lies right before `rest`.
                    let (len, end) = (found.len(), bytes.len() - rest.len());
                    metadata = bytes.get(end - len..end).unwrap_or_default();
                }
                Event::Info(found) => info = found,
                Event::End => break,
                Event::More => {
                    decoder.finish()?;
                    break;
                }
                Event::Tensor(_) | Event::Data(_) | Event::Repeated { .. } | Event::TensorEnd => {}
            }
        }
        let len = decoder.offset() as usize;
        Ok(Self {
            bytes: bytes.get(..len).unwrap_or_default(),
            info,
            metadata,
        })
    }

    /// What the checkpoint says of itself.
    pub const fn info(&self) -> Info {
        self.info
    }

    /// The user's own bytes in the header; none if it has none.
    pub const fn metadata(&self) -> &'a [u8] {
        self.metadata
    }

    /// Bytes of the checkpoint.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: a checkpoint has at least a header and an end.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The tensors in the order they were written.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor<'a>> + use<'a> {
        let bytes = self.bytes;
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

    /// The tensor of a variable.
    pub fn tensor(&self, name: &str) -> Option<Tensor<'a>> {
        self.tensors().find(|tensor| tensor.info.name == name)
    }
}

impl<'a> Tensor<'a> {
    /// The little-endian elements where they lie; `None` if they are not stored raw.
    pub fn in_place(&self) -> Option<&'a [u8]> {
        (self.info.encoding == Encoding::Raw).then_some(self.stored)
    }

    /// The elements of a raw `f32` tensor where they lie; `None` if they are anything else, or
    /// not aligned in memory (in the file they are: see
    /// [`include_checkpoint!`](crate::include_checkpoint)).
    pub fn as_f32(&self) -> Option<&'a [f32]> {
        let is_f32 = self.info.dtype == DType::F32;
        self.in_place()
            .filter(|_| is_f32)
            .and_then(crate::kernel::as_f32)
    }

    /// Hands the decoded elements to `take`, piece by piece, in order.
    ///
    /// A few stored bytes can stand for gigabytes ([`Piece::Repeated`]).
    pub fn decode(&self, mut take: impl FnMut(Piece<'_>)) {
        let TensorInfo {
            encoding,
            dtype,
            elements,
            stored_len,
            ..
        } = self.info;
        let mut unpack = Unpack::start(encoding, dtype, elements, stored_len);
        let mut scratch = [0; SCRATCH];
        let mut stored = self.stored;
        while !unpack.is_complete() {
            // The checkpoint was verified: neither more bytes nor a fault can come.
            match unpack.advance(&mut stored, &mut scratch) {
                Ok(Some(piece)) => take(piece),
                Ok(None) | Err(_) => return,
            }
        }
    }
}

/// The record at `at`, if it is a tensor's, and where the next one starts.
fn record(bytes: &[u8], at: usize) -> Option<(Option<Tensor<'_>>, usize)> {
    let (&frame, rest) = bytes.get(at..)?.split_first_chunk::<FRAME>()?;
    let frame = Frame::parse(frame);
    let (head, rest) = rest.split_at_checked(usize::from(frame.head_len))?;
    let (stored, rest) = rest.split_at_checked(frame.stored_len as usize)?;
    let (&crc32c, _) = rest
        .get(padding(stored.len())..)?
        .split_first_chunk::<TRAILER>()?;
    let offset = at + FRAME + head.len();
    let end = offset + stored.len() + padding(stored.len()) + TRAILER;
    let tensor = (frame.kind == KIND_TENSOR)
        .then(|| frame.tensor(head).ok())
        .flatten();
    let tensor = tensor.map(|info| Tensor {
        info,
        offset: offset as u32,
        stored,
        crc32c: u32::from_le_bytes(crc32c),
    });
    Some((tensor, end))
}
