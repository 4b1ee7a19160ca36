//! A checkpoint that lies in memory: in RAM, in mapped flash, in a file read whole.

use super::decoder::{Decoder, Event};
use super::fault::DecodeError;
use super::format::{Info, TensorInfo};

/// A verified checkpoint in a byte slice; its tensors are used where they lie.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoint<'a> {
    bytes: &'a [u8],
    info: Info,
}

/// A tensor of a [`Checkpoint`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tensor<'a> {
    /// Name, type, shape and encoding.
    pub info: TensorInfo<'a>,
    /// Offset of the payload from the start of the checkpoint.
    pub offset: u32,
    /// The little-endian elements.
    pub data: &'a [u8],
    /// CRC-32C of `data`, verified.
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
        loop {
            match decoder.advance(&mut rest)? {
                Event::Info(found) => info = found,
                Event::End => break,
                Event::More => {
                    decoder.finish()?;
                    break;
                }
                Event::Tensor(_) | Event::Data(_) | Event::TensorEnd => {}
            }
        }
        let len = decoder.offset() as usize;
        Ok(Self {
            bytes: bytes.get(..len).unwrap_or_default(),
            info,
        })
    }

    /// What the checkpoint says of itself.
    pub const fn info(&self) -> Info {
        self.info
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
        super::format::tensors(self.bytes)
    }

    /// The tensor of a variable.
    pub fn tensor(&self, name: &str) -> Option<Tensor<'a>> {
        self.tensors().find(|tensor| tensor.info.name == name)
    }
}
