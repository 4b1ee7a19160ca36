//! Bytes to tensors, without I/O.

use super::codec::unpack::{Piece, SCRATCH, Unpack};
use super::fault::{DecodeError, Fault};
use super::format::{
    END, FIELD_METADATA, FIELD_PADDING, FRAME, KIND_END, KIND_TENSOR, MAGIC, PREAMBLE, TRAILER,
    VERSION, padding,
};
use super::frame::{Frame, TensorInfo};
use super::info::Info;
use super::repeat;
use crate::Crc32c;

/// A checkpoint being read: a state machine that consumes byte slices.
///
/// Nothing it reports before [`Event::End`] is certain but a payload whose
/// [`Event::TensorEnd`] came: names and shapes are covered by the checksum at the end.
#[derive(Debug, Clone)]
pub struct Decoder {
    stage: Stage,
    /// The part being collected, and how much of it is there.
    part: [u8; PART],
    have: usize,
    offset: u32,
    info: Info,
    structure: Crc32c,
    frame: Frame,
    payload: Unpack,
    payload_crc: Crc32c,
    records: u32,
}

/// The longest part that is collected: a head or a field, which `u8` counts. Between two parts
/// its room holds decoded elements.
const PART: usize = 256;
const _: () = assert!(PART >= SCRATCH);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preamble,
    /// The next field's tag, in the `left` bytes of fields.
    Tag {
        left: u16,
    },
    /// The length of the field's value.
    Length {
        left: u16,
        tag: u8,
    },
    Value {
        left: u16,
        tag: u8,
        len: u8,
    },
    Frame,
    Head,
    Payload,
    Trailer,
    Skip {
        len: u64,
    },
    End,
    Done,
}

/// What a decoder found.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// All input was used; more is needed.
    More,
    /// The user's own bytes in the header, if any.
    Metadata(&'a [u8]),
    /// What the checkpoint says of itself.
    Info(Info),
    /// A tensor begins.
    Tensor(TensorInfo<'a>),
    /// The next elements of the tensor, decoded, whole and little-endian.
    Data(&'a [u8]),
    /// The next elements are `count` times this one. A few stored bytes can stand for gigabytes:
    /// whoever makes elements of it must know first that there is room.
    Repeated {
        /// The element, little-endian.
        element: &'a [u8],
        /// How often it occurs.
        count: u32,
    },
    /// The tensor's payload is complete and its checksum right.
    TensorEnd,
    /// The checkpoint is complete and all its checksums right; input behind it is not touched.
    End,
}

impl Decoder {
    /// At the start of a checkpoint.
    pub const fn new() -> Self {
        Self {
            stage: Stage::Preamble,
            part: [0; PART],
            have: 0,
            offset: 0,
            info: Info {
                global_step: None,
                time: None,
                model_id: None,
            },
            structure: Crc32c::new(),
            frame: Frame::NONE,
            payload: Unpack::nothing(),
            payload_crc: Crc32c::new(),
            records: 0,
        }
    }

    /// Bytes of the checkpoint consumed so far.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// Bytes that certainly still belong to the checkpoint: reading no more than these leaves
    /// what follows it in a stream untouched. 0 once it is complete, never before.
    pub fn remaining(&self) -> u32 {
        let have = self.have as u32;
        let trailer = padding(self.frame.stored_len as usize) as u32 + TRAILER as u32;
        let end = END as u32;
        let remaining = match self.stage {
            Stage::Preamble => end.saturating_add(PREAMBLE as u32),
            Stage::Tag { left } | Stage::Length { left, .. } => end + u32::from(left),
            Stage::Value { left, len, .. } => end + u32::from(left) + u32::from(len),
            Stage::Frame => end,
            Stage::Head => u32::from(self.frame.head_len)
                .saturating_add(self.frame.stored_len)
                .saturating_add(trailer + end),
            Stage::Payload => self.payload.stored().saturating_add(trailer + end),
            Stage::Trailer => trailer + end,
            Stage::Skip { len } => u32::try_from(len).unwrap_or(u32::MAX).saturating_add(end),
            Stage::End => end - FRAME as u32,
            Stage::Done => 0,
        };
        remaining.saturating_sub(have)
    }

    /// Takes bytes from the front of `input` up to the next event.
    ///
    /// # Errors
    /// The first fault with its offset. A decoder that failed is of no more use.
    #[inline(never)]
    pub fn advance<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Event<'a>, DecodeError> {
        // Ends: each turn consumes input, changes the stage or returns.
        loop {
            match self.stage {
                Stage::Preamble => {
                    let Some(part) = self.collect(input, PREAMBLE)? else {
                        return Ok(Event::More);
                    };
                    let fields = preamble(part).map_err(|fault| self.at(PREAMBLE, fault))?;
                    self.structure_part(PREAMBLE);
                    self.stage = Stage::Tag { left: fields };
                }
                Stage::Tag { left: 0 } => {
                    self.stage = Stage::Frame;
                    return Ok(Event::Info(self.info));
                }
                Stage::Tag { left } => {
                    let Some(&[tag]) = self.collect(input, 1)? else {
                        return Ok(Event::More);
                    };
                    self.structure_part(1);
                    let left = left.saturating_sub(1);
                    self.stage = match tag {
                        FIELD_PADDING => Stage::Tag { left },
                        tag => Stage::Length { left, tag },
                    };
                }
                Stage::Length { left, tag } => {
                    if left == 0 {
                        return Err(self.at(1, Fault::Field { tag }));
                    }
                    let Some(&[len]) = self.collect(input, 1)? else {
                        return Ok(Event::More);
                    };
                    self.structure_part(1);
                    let left = left.checked_sub(1 + u16::from(len));
                    let left = left.ok_or(self.at(2, Fault::Field { tag }))?;
                    self.stage = Stage::Value { left, tag, len };
                }
                Stage::Value { left, tag, len } => {
                    let len = usize::from(len);
                    if self.collect(input, len)?.is_none() {
                        return Ok(Event::More);
                    }
                    self.structure_part(len);
                    self.stage = Stage::Tag { left };
                    if tag == FIELD_METADATA {
                        let value = self.part.get(..len).unwrap_or_default();
                        return Ok(Event::Metadata(value));
                    }
                    let value = self.part.get(..len).unwrap_or_default();
                    let offset = self.offset.saturating_sub(len as u32);
                    self.info
                        .field(tag, value)
                        .map_err(|fault| DecodeError { offset, fault })?;
                }
                Stage::Frame => {
                    let Some(part) = self.collect(input, FRAME)? else {
                        return Ok(Event::More);
                    };
                    let Ok(bytes) = part.try_into() else {
                        return Ok(Event::More);
                    };
                    self.frame = Frame::parse(bytes);
                    self.structure_part(FRAME);
                    let stored = u64::from(self.frame.stored_len);
                    self.stage = match self.frame.kind {
                        KIND_TENSOR => Stage::Head,
                        KIND_END => Stage::End,
                        _ => Stage::Skip {
                            len: u64::from(self.frame.head_len)
                                + stored
                                + padding(self.frame.stored_len as usize) as u64
                                + TRAILER as u64,
                        },
                    };
                }
                Stage::Head => {
                    let len = usize::from(self.frame.head_len);
                    if self.collect(input, len)?.is_none() {
                        return Ok(Event::More);
                    }
                    self.structure_part(len);
                    self.stage = Stage::Payload;
                    self.payload_crc = Crc32c::new();
                    self.records += 1;
                    let offset = self.offset.wrapping_sub((FRAME + len) as u32);
                    let head = self.part.get(..len).unwrap_or_default();
                    let info = self
                        .frame
                        .tensor(head)
                        .map_err(|fault| DecodeError { offset, fault })?;
                    self.payload =
                        Unpack::start(info.encoding, info.dtype, info.elements, info.stored_len);
                    return Ok(Event::Tensor(info));
                }
                Stage::Payload if self.payload.is_complete() => self.stage = Stage::Trailer,
                Stage::Payload => return self.payload(input),
                Stage::Trailer => {
                    let pad = padding(self.frame.stored_len as usize);
                    let len = pad + TRAILER;
                    let found = self.payload_crc.value();
                    let Some(part) = self.collect(input, len)? else {
                        return Ok(Event::More);
                    };
                    trailer(part, pad, found).map_err(|fault| self.at(len, fault))?;
                    self.structure_part(len);
                    self.stage = Stage::Frame;
                    return Ok(Event::TensorEnd);
                }
                Stage::Skip { len: 0 } => {
                    self.records += 1;
                    self.stage = Stage::Frame;
                }
                Stage::Skip { len } => {
                    let skip = usize::try_from(len).unwrap_or(usize::MAX).min(input.len());
                    if skip == 0 {
                        return Ok(Event::More);
                    }
                    let (bytes, rest) = input.split_at_checked(skip).unwrap_or((input, &[]));
                    *input = rest;
                    self.consume(skip)?;
                    self.skipped(len, bytes);
                    self.stage = Stage::Skip {
                        len: len - skip as u64,
                    };
                }
                Stage::End => {
                    let Some(part) = self.collect(input, END - FRAME)? else {
                        return Ok(Event::More);
                    };
                    let expected = u32::from_le_bytes(part.try_into().unwrap_or_default());
                    self.end(expected).map_err(|fault| self.at(END, fault))?;
                    self.stage = Stage::Done;
                }
                Stage::Done => return Ok(Event::End),
            }
        }
    }

    /// The fault of an input that ends here, unless the checkpoint is complete.
    ///
    /// # Errors
    /// [`Fault::Truncated`] at the offset that was reached.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.stage {
            Stage::Done => Ok(()),
            _ => Err(DecodeError {
                offset: self.offset,
                fault: Fault::Truncated,
            }),
        }
    }

    /// Collects a part of `len` bytes; the bytes once they are all there.
    fn collect(&mut self, input: &mut &[u8], len: usize) -> Result<Option<&[u8]>, DecodeError> {
        let missing = len.saturating_sub(self.have);
        let new = missing.min(input.len());
        let (bytes, rest) = input.split_at_checked(new).unwrap_or((input, &[]));
        let room = self.part.get_mut(self.have..).unwrap_or_default();
        if room.len() < missing {
            // No part is: heads and fields are the longest.
            return Err(DecodeError {
                offset: self.offset,
                fault: Fault::TooLong,
            });
        }
        for (slot, &byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        *input = rest;
        self.have += new;
        self.consume(new)?;
        Ok((self.have == len).then(|| self.part.get(..len).unwrap_or_default()))
    }

    /// The collected part of `len` bytes is one of the structure, and done with.
    fn structure_part(&mut self, len: usize) {
        self.structure
            .update(self.part.get(..len).unwrap_or_default());
        self.have = 0;
    }

    /// The next piece of the payload.
    fn payload<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Event<'a>, DecodeError> {
        let before = input.len();
        let offset = self.offset;
        let Some(scratch) = self.part.first_chunk_mut() else {
            return Ok(Event::More);
        };
        // A fault is where the payload starts, however the input was cut into pieces.
        let seen = self.frame.stored_len.wrapping_sub(self.payload.stored());
        let start = offset.wrapping_sub(seen);
        let piece = self.payload.advance(input, scratch);
        let piece = piece.map_err(|fault| DecodeError {
            offset: start,
            fault,
        })?;
        // At most 4 GiB, as `before` bytes of a longer input are consumed in several turns.
        let consumed = u32::try_from(before - input.len()).unwrap_or(u32::MAX);
        self.offset = offset.checked_add(consumed).ok_or(DecodeError {
            offset,
            fault: Fault::TooLong,
        })?;
        Ok(match piece {
            None => Event::More,
            Some(Piece::Elements(bytes)) => {
                self.payload_crc.update(bytes);
                Event::Data(bytes)
            }
            Some(Piece::Repeated { element, count }) => {
                repeat::extend(&mut self.payload_crc, element, count);
                Event::Repeated { element, count }
            }
        })
    }

    /// Counts the head and trailer of a skipped record to the structure, not its payload.
    fn skipped(&mut self, left: u64, bytes: &[u8]) {
        let pad = padding(self.frame.stored_len as usize) as u64;
        let trailer = pad + TRAILER as u64;
        let payload = trailer + u64::from(self.frame.stored_len);
        for (index, byte) in (0u64..).zip(bytes) {
            let left = left - index;
            if left > payload || left <= trailer {
                self.structure.update(core::slice::from_ref(byte));
            }
        }
    }

    fn end(&self, expected: u32) -> Result<(), Fault> {
        let found = self.structure.value();
        if found != expected {
            return Err(Fault::Structure { expected, found });
        }
        let count = self.frame.count();
        if u32::from(count) != self.records {
            return Err(Fault::Count {
                expected: count,
                found: self.records,
            });
        }
        let total = self.frame.stored_len;
        if total != self.offset {
            return Err(Fault::Total {
                expected: total,
                found: self.offset,
            });
        }
        Ok(())
    }

    fn consume(&mut self, len: usize) -> Result<(), DecodeError> {
        let offset = self.offset;
        let next = u32::try_from(len)
            .ok()
            .and_then(|len| offset.checked_add(len));
        self.offset = next.ok_or(DecodeError {
            offset,
            fault: Fault::TooLong,
        })?;
        Ok(())
    }

    /// `fault` in the part of `len` bytes that was just consumed.
    fn at(&self, len: usize, fault: Fault) -> DecodeError {
        DecodeError {
            offset: self.offset.saturating_sub(len as u32),
            fault,
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The length of the fields behind the preamble.
fn preamble(bytes: &[u8]) -> Result<u16, Fault> {
    let &[m0, m1, m2, m3, version, flags, len0, len1] = bytes else {
        return Err(Fault::Truncated);
    };
    let found = [m0, m1, m2, m3];
    if found != MAGIC {
        return Err(Fault::Magic { found });
    }
    if version != VERSION {
        return Err(Fault::Version { found: version });
    }
    if flags != 0 {
        return Err(Fault::Flags { found: flags });
    }
    Ok(u16::from_le_bytes([len0, len1]))
}

/// Checks the padding behind a payload and its checksum.
fn trailer(bytes: &[u8], pad: usize, found: u32) -> Result<(), Fault> {
    let (padding, checksum) = bytes.split_at_checked(pad).ok_or(Fault::Truncated)?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Fault::Padding);
    }
    let expected = u32::from_le_bytes(checksum.try_into().map_err(|_| Fault::Truncated)?);
    if found != expected {
        return Err(Fault::Checksum { expected, found });
    }
    Ok(())
}
