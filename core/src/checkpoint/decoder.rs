//! Bytes to tensors, without I/O.

use super::fault::{DecodeError, Fault};
use super::format::{
    END, FRAME, Frame, Info, KIND_END, KIND_TENSOR, MAGIC, PREAMBLE, TRAILER, TensorInfo, VERSION,
    padding,
};
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
    structure: Crc32c,
    payload: Crc32c,
    frame: Frame,
    element_size: u8,
    /// Bytes of the payload still to come.
    remaining: u32,
    records: u32,
}

/// The longest part that is collected: a head, which `u8` counts.
const PART: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preamble,
    Fields { len: u16 },
    Frame,
    Head,
    Payload,
    Trailer,
    Skip { len: u64 },
    End,
    Done,
}

/// What a decoder found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// All input was used; more is needed.
    More,
    /// What the checkpoint says of itself.
    Info(Info),
    /// A tensor begins.
    Tensor(TensorInfo<'a>),
    /// The next elements of the tensor, whole and little-endian.
    Data(&'a [u8]),
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
            structure: Crc32c::new(),
            payload: Crc32c::new(),
            frame: Frame::parse([0; FRAME]),
            element_size: 1,
            remaining: 0,
            records: 0,
        }
    }

    /// Bytes of the checkpoint consumed so far.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// Takes bytes from the front of `input` up to the next event.
    ///
    /// # Errors
    /// The first fault with its offset. A decoder that failed is of no more use.
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
                    self.stage = Stage::Fields { len: fields };
                }
                Stage::Fields { len } => {
                    let len = usize::from(len);
                    let Some(part) = self.collect(input, len)? else {
                        return Ok(Event::More);
                    };
                    let info = Info::parse(part).map_err(|fault| self.at(len, fault))?;
                    self.structure_part(len);
                    self.stage = Stage::Frame;
                    return Ok(Event::Info(info));
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
                    self.payload = Crc32c::new();
                    self.remaining = self.frame.stored_len;
                    self.records += 1;
                    let offset = self.offset.wrapping_sub((FRAME + len) as u32);
                    let head = self.part.get(..len).unwrap_or_default();
                    let info = self
                        .frame
                        .tensor(head)
                        .map_err(|fault| DecodeError { offset, fault })?;
                    self.element_size = info.dtype.size() as u8;
                    return Ok(Event::Tensor(info));
                }
                Stage::Payload if self.remaining == 0 => self.stage = Stage::Trailer,
                Stage::Payload => return self.payload(input),
                Stage::Trailer => {
                    let pad = padding(self.frame.stored_len as usize);
                    let len = pad + TRAILER;
                    let found = self.payload.value();
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
            // Only header fields can be longer than a part; no version has so many.
            return Err(DecodeError {
                offset: self.offset,
                fault: Fault::Field { tag: 0 },
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

    /// Whole elements straight from the input, or one that slices cut in two.
    fn payload<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Event<'a>, DecodeError> {
        let size = usize::from(self.element_size).max(1);
        let most = usize::try_from(self.remaining).unwrap_or(usize::MAX);
        let whole = input.len().min(most) / size * size;
        if self.have == 0 && whole > 0 {
            let (data, rest) = input.split_at_checked(whole).unwrap_or((input, &[]));
            *input = rest;
            self.consume(whole)?;
            self.payload.update(data);
            self.remaining = self.remaining.saturating_sub(whole as u32);
            return Ok(Event::Data(data));
        }
        if self.collect(input, size.min(most))?.is_none() {
            return Ok(Event::More);
        }
        self.have = 0;
        self.remaining = self.remaining.saturating_sub(size as u32);
        let data = self.part.get(..size).unwrap_or_default();
        self.payload.update(data);
        Ok(Event::Data(data))
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
