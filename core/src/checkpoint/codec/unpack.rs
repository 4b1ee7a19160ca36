//! Payloads, read a piece at a time.

use super::blocks8;
use crate::checkpoint::bf16;
use crate::checkpoint::encoding::Encoding;
use crate::checkpoint::fault::Fault;
use crate::checkpoint::piece::Piece;
use crate::tensor::DType;

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
    /// The bits of a varint so far, and how many.
    varint: u32,
    bits: u8,
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
            varint: 0,
            bits: 0,
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
            if input.is_empty() {
                return Ok(None);
            }
            // What comes next: units of so many bytes, so many at most.
            let (unit, most) = match self.step {
                Step::Zeros | Step::Literals => (1, 1),
                Step::Copy { left } => (self.size, left),
                Step::Constant => (self.size, 1),
                Step::Halves => (size_of::<u16>() as u8, SCRATCH as u32 / 4),
                Step::Scale => (blocks8::SCALE as u8, 1),
                Step::Block { left, .. } => (1, left.into()),
            };
            let Some((whole, count)) = self.units(input, unit, most) else {
                continue;
            };
            // How many elements they stand for.
            let elements = match self.step {
                Step::Copy { .. } | Step::Halves | Step::Block { .. } => count,
                Step::Constant => self.elements,
                Step::Zeros | Step::Literals | Step::Scale => 0,
            };
            self.elements = self.elements.checked_sub(elements).ok_or(Fault::Payload)?;
            let cut = self.unit;
            let units = whole.or(cut.get(..unit.into())).unwrap_or_default();
            let scratch_len = 4 * count as usize;
            match self.step {
                Step::Zeros | Step::Literals => {
                    let [byte] = *units else {
                        return Err(Fault::Payload);
                    };
                    let value = u32::from(byte & 0x7f);
                    let shifted = value << self.bits;
                    if shifted >> self.bits != value || (self.bits == 28 && byte & 0x80 != 0) {
                        return Err(Fault::Payload);
                    }
                    self.varint |= shifted;
                    self.bits += 7;
                    if byte & 0x80 != 0 {
                        continue;
                    }
                    let count = core::mem::take(&mut self.varint);
                    self.bits = 0;
                    // Zeros are taken, literals only announced.
                    let left = self.elements.checked_sub(count).ok_or(Fault::Payload)?;
                    if let Step::Zeros = self.step {
                        self.elements = left;
                        self.step = Step::Literals;
                        if count > 0 {
                            let element = ZERO.get(..self.size.into()).unwrap_or_default();
                            return Ok(Some(Piece::Repeated { element, count }));
                        }
                    } else {
                        self.step = match count {
                            0 => Step::Zeros,
                            left => Step::Copy { left },
                        };
                    }
                    continue;
                }
                Step::Copy { left } => {
                    self.step = match left.saturating_sub(count) {
                        0 if self.encoding == Encoding::ZeroRuns => Step::Zeros,
                        left => Step::Copy { left },
                    };
                    return Ok(Some(Piece::Elements(whole.unwrap_or(self.cut(unit)))));
                }
                Step::Constant => {
                    let element = whole.unwrap_or(self.cut(unit));
                    let count = elements;
                    return Ok(Some(Piece::Repeated { element, count }));
                }
                Step::Scale => {
                    let [low, high] = *units else {
                        return Err(Fault::Payload);
                    };
                    let scale = u16::from_le_bytes([low, high]);
                    if !blocks8::is_scale(scale) {
                        return Err(Fault::Payload);
                    }
                    let left = self.elements.min(blocks8::BLOCK as u32) as u8;
                    self.step = Step::Block { scale, left };
                    continue;
                }
                Step::Halves => {
                    let halves = units.as_chunks().0;
                    for (slot, &half) in scratch.as_chunks_mut().0.iter_mut().zip(halves) {
                        *slot = bf16::widen(u16::from_le_bytes(half)).to_le_bytes();
                    }
                }
                Step::Block { scale, left } => {
                    for (slot, &byte) in scratch.as_chunks_mut().0.iter_mut().zip(units) {
                        *slot = blocks8::dequantize(byte as i8, scale).to_le_bytes();
                    }
                    self.step = match left.saturating_sub(count as u8) {
                        0 => Step::Scale,
                        left => Step::Block { scale, left },
                    };
                }
            }
            let decoded = scratch.get(..scratch_len).unwrap_or_default();
            return Ok(Some(Piece::Elements(decoded)));
        }
    }

    /// Takes the next units of `len` bytes, `most` at most: where they lie in `input` as far as whole
    /// ones are there, else one that is collected in `unit`. How many; `None` if that needs more.
    fn units<'i>(
        &mut self,
        input: &mut &'i [u8],
        len: u8,
        most: u32,
    ) -> Option<(Option<&'i [u8]>, u32)> {
        let available = input.len().min(self.stored as usize);
        let whole = available.checked_div(len.into()).unwrap_or(0);
        let whole = whole.min(most as usize);
        if self.have == 0 && whole > 0 {
            let bytes = self.consume(input, whole * usize::from(len));
            return Some((Some(bytes), whole as u32));
        }
        let have = usize::from(self.have);
        let missing = usize::from(len).saturating_sub(have);
        let bytes = self.consume(input, missing.min(available));
        let room = self.unit.get_mut(have..).unwrap_or_default();
        for (slot, &byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        self.have += bytes.len() as u8;
        if self.have != len {
            return None;
        }
        self.have = 0;
        Some((None, 1))
    }

    /// The unit that was collected.
    fn cut(&self, len: u8) -> &[u8] {
        self.unit.get(..len.into()).unwrap_or_default()
    }

    /// The next `len` bytes of `input`, which has as many.
    fn consume<'i>(&mut self, input: &mut &'i [u8], len: usize) -> &'i [u8] {
        let (bytes, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        *input = rest;
        self.stored = self.stored.saturating_sub(len as u32);
        bytes
    }
}
