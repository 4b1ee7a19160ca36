//! Bytes to tensors, without I/O.

use super::codec::{self, SCRATCH, Unpack};
use super::encoding::Encoding;
use super::fault::{DecodeError, Fault};
use super::format::{
    END, FIELD_METADATA, FIELD_PADDING, FRAME, KIND_END, KIND_TENSOR, MAGIC, PREAMBLE, VERSION,
    trailer_len,
};
use super::frame::{Frame, TensorInfo};
use super::info::Info;
use super::piece::Piece;
use crate::Crc32c;
use crate::tensor::DType;

/// A checkpoint being read: a state machine that consumes byte slices.
///
/// Nothing it reports before [`Event::End`] is certain but a payload whose
/// [`Event::TensorEnd`] came: names and shapes are covered by the checksum at the end.
// In this order, so that what is used most is within reach of the short instructions.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Decoder {
    stage: Stage,
    tag: u8,
    /// Bytes of header fields still to come, and the tag of the one being read.
    fields: u16,
    /// How much of the part being collected is there, and how long it is.
    have: usize,
    wants: usize,
    offset: u32,
    /// Where what is being read starts: a fault in it is said to be there.
    start: u32,
    structure: Crc32c,
    payload_crc: Crc32c,
    records: u32,
    frame: Frame,
    payload: Unpack,
    info: Info,
    part: [u8; PART],
}

/// The longest part that is collected: a head or a field, which `u8` counts. Between two parts
/// its room holds decoded elements.
const PART: usize = 256;
const _: () = assert!(SCRATCH < PART);

/// The parts of a checkpoint, in order: tag, length and value once a field, frame to trailer once
/// a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preamble,
    Tag,
    Length,
    Value,
    Frame,
    Head,
    Payload,
    Trailer,
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

/// What a caller hears of, without what it borrows.
enum Found {
    More,
    /// A field of so many bytes was collected.
    Metadata(usize),
    Info,
    /// The head of a tensor's record, of so many bytes, was collected.
    Head(usize),
    /// A tensor's payload is next.
    Payload,
    TensorEnd,
    End,
}

impl Decoder {
    /// At the start of a checkpoint.
    pub const fn new() -> Self {
        Self {
            stage: Stage::Preamble,
            part: [0; PART],
            have: 0,
            wants: PREAMBLE,
            offset: 0,
            start: 0,
            fields: 0,
            tag: 0,
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
        let part = self.wants.saturating_sub(self.have) as u32;
        let (fields, end) = (u32::from(self.fields), END as u32);
        let behind_payload = self.trailer_len() as u32 + end;
        match self.stage {
            Stage::Preamble | Stage::Trailer => part + end,
            Stage::Tag | Stage::Length => fields + end,
            Stage::Value => part + fields + end,
            // It may be that of the end.
            Stage::Frame => part + (END - FRAME) as u32,
            Stage::Head => (part + behind_payload).saturating_add(self.frame.stored_len),
            Stage::Payload => behind_payload.saturating_add(self.payload.stored()),
            Stage::End => part,
            Stage::Done => 0,
        }
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
        let found = self.step(input);
        let offset = self.start;
        let event = match found {
            Ok(Found::More) => Ok(Event::More),
            Ok(Found::Metadata(len)) => Ok(Event::Metadata(first(&self.part, len))),
            Ok(Found::Info) => Ok(Event::Info(self.info)),
            Ok(Found::Head(len)) => {
                let tensor = self.frame.tensor(first(&self.part, len));
                tensor.map(|info| {
                    self.start = self.offset;
                    self.payload =
                        Unpack::start(info.encoding, info.dtype, info.elements, info.stored_len);
                    Event::Tensor(info)
                })
            }
            Ok(Found::Payload) => self.payload(input),
            Ok(Found::TensorEnd) => Ok(Event::TensorEnd),
            Ok(Found::End) => Ok(Event::End),
            Err(fault) => Err(fault),
        };
        event.map_err(|fault| DecodeError { offset, fault })
    }

    /// Takes in parts up to one that a caller hears of.
    fn step(&mut self, input: &mut &[u8]) -> Result<Found, Fault> {
        // Ends: each turn consumes input, goes on to another stage or returns.
        loop {
            match self.stage {
                Stage::Tag if self.fields == 0 => {
                    self.begin(Stage::Frame, FRAME);
                    return Ok(Found::Info);
                }
                Stage::Payload if self.payload.is_complete() => {
                    self.begin(Stage::Trailer, self.trailer_len());
                }
                Stage::Payload if self.frame.kind == KIND_TENSOR => return Ok(Found::Payload),
                Stage::Payload => match self.payload(input)? {
                    Event::More => return Ok(Found::More),
                    _ => continue,
                },
                Stage::Done => return Ok(Found::End),
                _ => {}
            }
            if !self.collect(input)? {
                return Ok(Found::More);
            }
            if let Some(found) = self.part()? {
                return Ok(found);
            }
        }
    }

    /// Takes in the part that was collected, and goes on to the next stage.
    fn part(&mut self) -> Result<Option<Found>, Fault> {
        let len = self.wants;
        let part = first(&self.part, len);
        if self.stage != Stage::End {
            self.structure.update(part);
        }
        match self.stage {
            Stage::Preamble => {
                self.fields = preamble(part)?;
                self.begin(Stage::Tag, 1);
            }
            Stage::Tag => {
                let tag = part.first().copied().unwrap_or_default();
                self.fields = self.fields.saturating_sub(1);
                if tag == FIELD_PADDING {
                    self.begin(Stage::Tag, 1);
                } else if self.fields == 0 {
                    return Err(Fault::Field { tag });
                } else {
                    // A fault in the length is said to be at the tag.
                    self.tag = tag;
                    self.stage = Stage::Length;
                }
            }
            Stage::Length => {
                let len = part.first().copied().unwrap_or_default();
                let left = self.fields.checked_sub(1 + u16::from(len));
                self.fields = left.ok_or(Fault::Field { tag: self.tag })?;
                self.begin(Stage::Value, len.into());
            }
            Stage::Value => {
                let is_metadata = self.tag == FIELD_METADATA;
                if !is_metadata {
                    self.info.field(self.tag, part)?;
                }
                self.begin(Stage::Tag, 1);
                return Ok(is_metadata.then_some(Found::Metadata(len)));
            }
            Stage::Frame => {
                self.frame = Frame::parse(*part.first_chunk().ok_or(Fault::Truncated)?);
                // Faults in what belongs to the frame are said to be at its start.
                (self.stage, self.wants) = match self.frame.kind {
                    KIND_END => (Stage::End, END - FRAME),
                    _ => (Stage::Head, self.frame.head_len.into()),
                };
            }
            Stage::Head => {
                self.records += 1;
                self.payload_crc = Crc32c::new();
                self.stage = Stage::Payload;
                if self.frame.kind == KIND_TENSOR {
                    return Ok(Some(Found::Head(len)));
                }
                // Bytes of a record that this reader does not know.
                let stored = self.frame.stored_len;
                self.payload = Unpack::start(Encoding::Raw, DType::U8, stored, stored);
            }
            Stage::Trailer => {
                if self.frame.kind == KIND_TENSOR {
                    trailer(part, self.payload_crc.value())?;
                    self.begin(Stage::Frame, FRAME);
                    return Ok(Some(Found::TensorEnd));
                }
                self.begin(Stage::Frame, FRAME);
            }
            Stage::End => {
                self.end(part)?;
                self.begin(Stage::Done, 0);
            }
            Stage::Payload | Stage::Done => {}
        }
        Ok(None)
    }

    /// Goes on to a stage and its part of `wants` bytes.
    fn begin(&mut self, stage: Stage, wants: usize) {
        (self.stage, self.wants) = (stage, wants);
        self.start = self.offset;
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

    /// Collects the part; whether all of it is there.
    fn collect(&mut self, input: &mut &[u8]) -> Result<bool, Fault> {
        let missing = self.wants.saturating_sub(self.have);
        let (bytes, rest) = input.split_at_checked(missing).unwrap_or((input, &[]));
        *input = rest;
        // Long enough for every part: heads and fields are the longest.
        let room = self.part.get_mut(self.have..).unwrap_or_default();
        for (slot, &byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        self.have += bytes.len();
        self.offset = advanced(self.offset, bytes.len())?;
        let is_whole = self.have == self.wants;
        if is_whole {
            self.have = 0;
        }
        Ok(is_whole)
    }

    /// The next piece of the payload.
    fn payload<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Event<'a>, Fault> {
        let before = input.len();
        let Some(scratch) = self.part.first_chunk_mut() else {
            return Ok(Event::More);
        };
        let piece = self.payload.advance(input, scratch)?;
        self.offset = advanced(self.offset, before - input.len())?;
        if let Some(piece) = piece {
            codec::extend(&mut self.payload_crc, piece);
        }
        Ok(match piece {
            None => Event::More,
            Some(Piece::Elements(bytes)) => Event::Data(bytes),
            Some(Piece::Repeated { element, count }) => Event::Repeated { element, count },
        })
    }

    /// Bytes behind the payload.
    const fn trailer_len(&self) -> usize {
        trailer_len(self.frame.stored_len as usize)
    }

    /// Compares the end with what was read.
    fn end(&self, checksum: &[u8]) -> Result<(), Fault> {
        let expected = u32::from_le_bytes(*checksum.first_chunk().ok_or(Fault::Truncated)?);
        let found = self.structure.value();
        if found != expected {
            return Err(Fault::Structure { expected, found });
        }
        let (expected, found) = (self.frame.count(), self.records);
        if u32::from(expected) != found {
            return Err(Fault::Count { expected, found });
        }
        let (expected, found) = (self.frame.stored_len, self.offset);
        if expected != found {
            return Err(Fault::Total { expected, found });
        }
        Ok(())
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The first `len` bytes of what was collected.
fn first(part: &[u8; PART], len: usize) -> &[u8] {
    part.get(..len).unwrap_or_default()
}

/// The offset `len` bytes on.
fn advanced(offset: u32, len: usize) -> Result<u32, Fault> {
    let next = u32::try_from(len).ok();
    let next = next.and_then(|len| offset.checked_add(len));
    next.ok_or(Fault::TooLong)
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
fn trailer(bytes: &[u8], found: u32) -> Result<(), Fault> {
    let (padding, checksum) = bytes.split_last_chunk().ok_or(Fault::Truncated)?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(Fault::Padding);
    }
    let expected = u32::from_le_bytes(*checksum);
    if found != expected {
        return Err(Fault::Checksum { expected, found });
    }
    Ok(())
}
