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
    /// Where what is being read starts: a fault in it is said to be there.
    start: u32,
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
            start: 0,
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
            let len = match self.stage {
                Stage::Preamble => PREAMBLE,
                Stage::Tag { left: 0 } => {
                    self.begin(Stage::Frame);
                    return Ok(Event::Info(self.info));
                }
                Stage::Length { left: 0, tag } => return Err(self.fault(Fault::Field { tag })),
                Stage::Tag { .. } | Stage::Length { .. } => 1,
                Stage::Value { len, .. } => len.into(),
                Stage::Frame => FRAME,
                Stage::Head => self.frame.head_len.into(),
                Stage::Payload if self.payload.is_complete() => {
                    self.begin(Stage::Trailer);
                    continue;
                }
                Stage::Payload => return self.payload(input),
                Stage::Trailer => padding(self.frame.stored_len as usize) + TRAILER,
                Stage::Skip { len: 0 } => {
                    self.records += 1;
                    self.begin(Stage::Frame);
                    continue;
                }
                Stage::Skip { len } => {
                    let skip = usize::try_from(len).unwrap_or(usize::MAX).min(input.len());
                    if skip == 0 {
                        return Ok(Event::More);
                    }
                    let bytes = self.consume(input, skip)?;
                    self.skipped(len, bytes);
                    self.stage = Stage::Skip {
                        len: len - skip as u64,
                    };
                    continue;
                }
                Stage::End => END - FRAME,
                Stage::Done => return Ok(Event::End),
            };
            if !self.collect(input, len)? {
                return Ok(Event::More);
            }
            let start = self.start;
            let found = match self.part(len) {
                Ok(Part::Inner) => continue,
                Ok(found) => found,
                Err(fault) => {
                    return Err(DecodeError {
                        offset: start,
                        fault,
                    });
                }
            };
            let part = self.part.get(..len).unwrap_or_default();
            return match found {
                Part::Inner | Part::Trailer => Ok(Event::TensorEnd),
                Part::Metadata => Ok(Event::Metadata(part)),
                Part::Head => match self.frame.tensor(part) {
                    Ok(info) => {
                        self.payload = Unpack::start(
                            info.encoding,
                            info.dtype,
                            info.elements,
                            info.stored_len,
                        );
                        Ok(Event::Tensor(info))
                    }
                    Err(fault) => Err(DecodeError {
                        offset: start,
                        fault,
                    }),
                },
            };
        }
    }

    /// Takes in the part of `len` bytes that was collected, and goes on to the next stage.
    fn part(&mut self, len: usize) -> Result<Part, Fault> {
        let part = self.part.get(..len).unwrap_or_default();
        self.have = 0;
        if self.stage != Stage::End {
            self.structure.update(part);
        }
        let mut found = Part::Inner;
        match self.stage {
            Stage::Preamble => {
                let left = preamble(part)?;
                self.begin(Stage::Tag { left });
            }
            Stage::Tag { left } => {
                let left = left.saturating_sub(1);
                match *part {
                    [FIELD_PADDING] => self.begin(Stage::Tag { left }),
                    [tag] => self.stage = Stage::Length { left, tag },
                    _ => return Err(Fault::Truncated),
                }
            }
            Stage::Length { left, tag } => {
                let &[len] = part else {
                    return Err(Fault::Truncated);
                };
                let left = left.checked_sub(1 + u16::from(len));
                let left = left.ok_or(Fault::Field { tag })?;
                self.begin(Stage::Value { left, tag, len });
            }
            Stage::Value { left, tag, .. } => {
                if tag == FIELD_METADATA {
                    found = Part::Metadata;
                } else {
                    self.info.field(tag, part)?;
                }
                self.begin(Stage::Tag { left });
            }
            Stage::Frame => {
                let frame = part.first_chunk().ok_or(Fault::Truncated)?;
                self.frame = Frame::parse(*frame);
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
                self.payload_crc = Crc32c::new();
                self.records += 1;
                found = Part::Head;
                self.begin(Stage::Payload);
            }
            Stage::Trailer => {
                trailer(part, self.payload_crc.value())?;
                found = Part::Trailer;
                self.begin(Stage::Frame);
            }
            Stage::End => {
                let expected = part.first_chunk().ok_or(Fault::Truncated)?;
                self.end(u32::from_le_bytes(*expected))?;
                self.stage = Stage::Done;
            }
            Stage::Payload | Stage::Skip { .. } | Stage::Done => {}
        }
        Ok(found)
    }

    /// Goes on to a stage that a fault in it, or in the parts that belong to it, is said to be at.
    const fn begin(&mut self, stage: Stage) {
        self.stage = stage;
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

    /// Collects a part of `len` bytes; whether they are all there.
    fn collect(&mut self, input: &mut &[u8], len: usize) -> Result<bool, DecodeError> {
        let missing = len.saturating_sub(self.have);
        let bytes = self.consume(input, missing.min(input.len()))?;
        // Long enough for every part: heads and fields are the longest.
        let room = self.part.get_mut(self.have..).unwrap_or_default();
        for (slot, &byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        self.have += bytes.len();
        Ok(self.have == len)
    }

    /// The next piece of the payload.
    fn payload<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Event<'a>, DecodeError> {
        let before = input.len();
        let Some(scratch) = self.part.first_chunk_mut() else {
            return Ok(Event::More);
        };
        let piece = self.payload.advance(input, scratch);
        let piece = piece.map_err(|fault| DecodeError {
            offset: self.start,
            fault,
        })?;
        self.offset = advanced(self.offset, before - input.len())?;
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

    /// The next `len` bytes of `input`, which has as many.
    fn consume<'i>(&mut self, input: &mut &'i [u8], len: usize) -> Result<&'i [u8], DecodeError> {
        let (bytes, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        *input = rest;
        self.offset = advanced(self.offset, len)?;
        Ok(bytes)
    }

    /// `fault` in what is being read.
    const fn fault(&self, fault: Fault) -> DecodeError {
        DecodeError {
            offset: self.start,
            fault,
        }
    }
}

/// What a part that was collected is.
enum Part {
    /// A step on the way to what a caller hears of.
    Inner,
    Metadata,
    /// The head of a tensor's record.
    Head,
    /// What stands behind its payload.
    Trailer,
}

/// The offset `len` bytes on.
fn advanced(offset: u32, len: usize) -> Result<u32, DecodeError> {
    let next = u32::try_from(len).ok();
    let next = next.and_then(|len| offset.checked_add(len));
    next.ok_or(DecodeError {
        offset,
        fault: Fault::TooLong,
    })
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
