//! Payloads, read a piece at a time.

use super::{bf16, blocks8};
use crate::checkpoint::encoding::Encoding;
use crate::checkpoint::fault::Fault;
use crate::tensor::DType;

/// Decoded elements, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Whole elements.
    Elements(&'a [u8]),
    /// One element that occurs `count` times.
    Repeated {
        /// The element.
        element: &'a [u8],
        /// How often it occurs.
        count: u32,
    },
}

/// A payload being read.
#[derive(Debug, Clone)]
pub(in crate::checkpoint) struct Unpack {
    encoding: Encoding,
    size: u8,
    /// Bytes still to come.
    stored: u32,
    /// Elements still to come.
    elements: u32,
    step: Step,
    /// A unit that the caller's slices cut in two, and how much of it is there.
    unit: [u8; 8],
    have: u8,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Zero runs: the number of zeros is next.
    Zeros,
    /// Zero runs: the number of literals is next.
    Literals,
    /// Elements as they are, `left` of them.
    Copy { left: u32 },
    /// The constant element is next.
    Constant,
    /// bfloat16 elements are next.
    Halves,
    /// A block's scale is next.
    Scale,
    /// A block's elements are next, `left` of them.
    Block { scale: u16, left: u8 },
}

/// Decoded elements of a lossy encoding that are handed out at once, in bytes.
pub(in crate::checkpoint) const SCRATCH: usize = 4 * blocks8::BLOCK;

static ZERO: [u8; 8] = [0; 8];

impl Unpack {
    /// At the start of a payload of `stored` bytes.
    pub(in crate::checkpoint) const fn start(
        encoding: Encoding,
        dtype: DType,
        elements: u32,
        stored: u32,
    ) -> Self {
        let step = match encoding {
            Encoding::Raw => Step::Copy { left: elements },
            Encoding::Constant => Step::Constant,
            Encoding::ZeroRuns => Step::Zeros,
            Encoding::Bf16 => Step::Halves,
            Encoding::Blocks8 => Step::Scale,
        };
        Self {
            encoding,
            size: dtype.size() as u8,
            stored,
            elements,
            step,
            unit: [0; 8],
            have: 0,
        }
    }

    /// Nothing to read.
    pub(in crate::checkpoint) const fn nothing() -> Self {
        Self::start(Encoding::Raw, DType::U8, 0, 0)
    }

    /// Bytes still to come.
    pub(in crate::checkpoint) const fn stored(&self) -> u32 {
        self.stored
    }

    /// Whether all elements were read.
    pub(in crate::checkpoint) const fn is_complete(&self) -> bool {
        self.elements == 0 && self.stored == 0
    }

    /// Takes bytes from the front of `input` up to the next piece; `None` if that needs more.
    pub(in crate::checkpoint) fn advance<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        scratch: &'a mut [u8; SCRATCH],
    ) -> Result<Option<Piece<'a>>, Fault> {
        // Ends: each turn consumes input, or returns.
        loop {
            if self.elements == 0 || self.stored == 0 {
                // One without the other: too few bytes for the shape, or too many.
                return Err(Fault::Payload);
            }
            let most = usize::try_from(self.stored).unwrap_or(usize::MAX);
            let available = input.len().min(most);
            if available == 0 {
                return Ok(None);
            }
            match self.step {
                Step::Zeros => {
                    let Some(zeros) = self.varint(input)? else {
                        continue;
                    };
                    self.take(zeros)?;
                    self.step = Step::Literals;
                    if zeros > 0 {
                        let element = ZERO.get(..self.size.into()).unwrap_or_default();
                        let count = zeros;
                        return Ok(Some(Piece::Repeated { element, count }));
                    }
                }
                Step::Literals => {
                    let Some(literals) = self.varint(input)? else {
                        continue;
                    };
                    if literals > self.elements {
                        return Err(Fault::Payload);
                    }
                    self.step = match literals {
                        0 => Step::Zeros,
                        left => Step::Copy { left },
                    };
                }
                Step::Copy { left } => {
                    let size = usize::from(self.size).max(1);
                    let whole = match self.have {
                        0 => (available / size).min(left as usize),
                        _ => 0,
                    };
                    let count = match whole {
                        0 if self.collect(input, size) => 1,
                        0 => continue,
                        count => count as u32,
                    };
                    self.take(count)?;
                    self.step = match left.saturating_sub(count) {
                        0 if self.encoding == Encoding::ZeroRuns => Step::Zeros,
                        left => Step::Copy { left },
                    };
                    return Ok(Some(Piece::Elements(match whole {
                        0 => self.unit.get(..size).unwrap_or_default(),
                        count => self.consume(input, count * size),
                    })));
                }
                Step::Constant => {
                    let size = usize::from(self.size);
                    if self.collect(input, size) {
                        let count = self.elements;
                        self.take(count)?;
                        let element = self.unit.get(..size).unwrap_or_default();
                        return Ok(Some(Piece::Repeated { element, count }));
                    }
                }
                Step::Halves => {
                    let whole = (available / 2).min(scratch.len() / 4);
                    if self.have == 0 && whole > 0 {
                        self.take(whole as u32)?;
                        let halves = self.consume(input, 2 * whole).as_chunks().0;
                        for (slot, &half) in scratch.as_chunks_mut().0.iter_mut().zip(halves) {
                            *slot = bf16::widen(u16::from_le_bytes(half)).to_le_bytes();
                        }
                        let elements = scratch.get(..4 * whole).unwrap_or_default();
                        return Ok(Some(Piece::Elements(elements)));
                    }
                    if self.collect(input, 2) {
                        self.take(1)?;
                        let [low, high, ..] = self.unit;
                        let [first, ..] = scratch.as_chunks_mut().0 else {
                            return Ok(None);
                        };
                        *first = [0, 0, low, high];
                        return Ok(Some(Piece::Elements(first)));
                    }
                }
                Step::Scale => {
                    if self.collect(input, blocks8::SCALE) {
                        let [low, high, ..] = self.unit;
                        let scale = u16::from_le_bytes([low, high]);
                        if !blocks8::is_scale(scale) {
                            return Err(Fault::Payload);
                        }
                        let left = self.elements.min(blocks8::BLOCK as u32) as u8;
                        self.step = Step::Block { scale, left };
                    }
                }
                Step::Block { scale, left } => {
                    let whole = available.min(left.into());
                    self.take(whole as u32)?;
                    let integers = self.consume(input, whole);
                    for (slot, &byte) in scratch.as_chunks_mut().0.iter_mut().zip(integers) {
                        *slot = blocks8::dequantize(byte as i8, scale).to_le_bytes();
                    }
                    self.step = match left.saturating_sub(whole as u8) {
                        0 => Step::Scale,
                        left => Step::Block { scale, left },
                    };
                    let elements = scratch.get(..4 * whole).unwrap_or_default();
                    return Ok(Some(Piece::Elements(elements)));
                }
            }
        }
    }

    /// `count` elements fewer are to come.
    fn take(&mut self, count: u32) -> Result<(), Fault> {
        self.elements = self.elements.checked_sub(count).ok_or(Fault::Payload)?;
        Ok(())
    }

    /// The next `len` bytes of `input`, which has as many.
    fn consume<'i>(&mut self, input: &mut &'i [u8], len: usize) -> &'i [u8] {
        let (bytes, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        *input = rest;
        self.stored = self.stored.saturating_sub(len as u32);
        bytes
    }

    /// Moves bytes into the unit; true once all `len` of it are there, and the next unit is free.
    fn collect(&mut self, input: &mut &[u8], len: usize) -> bool {
        let have = usize::from(self.have);
        let missing = len.saturating_sub(have).min(self.stored as usize);
        let bytes = self.consume(input, missing.min(input.len()));
        let room = self.unit.get_mut(have..).unwrap_or_default();
        for (slot, &byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        self.have += bytes.len() as u8;
        let complete = usize::from(self.have) == len;
        if complete {
            self.have = 0;
        }
        complete
    }

    /// Takes one byte of a varint; its value once that was the last.
    fn varint(&mut self, input: &mut &[u8]) -> Result<Option<u32>, Fault> {
        let at = usize::from(self.have);
        let [byte] = *self.consume(input, 1) else {
            return Ok(None);
        };
        *self.unit.get_mut(at).ok_or(Fault::Payload)? = byte;
        self.have += 1;
        if byte & 0x80 != 0 {
            return if at < 4 {
                Ok(None)
            } else {
                Err(Fault::Payload)
            };
        }
        let bytes = self.unit.get(..=at).unwrap_or_default();
        self.have = 0;
        let (value, _) = crate::checkpoint::format::read_varint(bytes).ok_or(Fault::Payload)?;
        Ok(Some(value))
    }
}
