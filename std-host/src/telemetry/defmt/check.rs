//! Whether a frame can be given to defmt's decoder: it reads what the decoder would, and keeps
//! nothing.

use defmt_parser::Type;

use super::LONGEST;
use super::cbor;
use super::text::{Shape, Shown, Text, Texts};

/// How deep values may be nested: the decoder recurses.
const DEEPEST: usize = 32;

/// How many elements of a frame may take no bytes of it: their number is all that there is of them.
const MOST_EMPTY: usize = 1024;

/// The first second that is not in a date of four digits.
const YEAR_10000: u64 = 253_402_300_800;

/// Why a frame cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It goes on behind what is there.
    Cut,
    /// No device sends such a frame.
    Malformed,
    /// It is one that is not shown.
    Refused(Refusal),
}

/// Why a frame is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::telemetry) enum Refusal {
    #[error("it is longer than {LONGEST} bytes")]
    Long,
    #[error("its values are nested more than {DEEPEST} deep")]
    Deep,
    #[error("it claims more than {MOST_EMPTY} elements that take no bytes")]
    Empty,
    #[error("its date is behind the year 9999")]
    Date,
    #[error("defmt's decoder cannot show an isize in hexadecimal digits")]
    Isize,
}

/// How many of `bytes` the frame takes that they begin with.
pub(super) fn frame(texts: &Texts, bytes: &[u8]) -> Result<usize, Fault> {
    let mut check = Check {
        texts,
        rest: bytes,
        empty: 0,
    };
    let number = check.number()?;
    check.values(&texts.timestamp, Shown::default(), 0)?;
    let text = texts.get(number).ok_or(Fault::Malformed)?;
    check.values(&text.whole, Shown::default(), 0)?;
    Ok(bytes.len() - check.rest.len())
}

struct Check<'a> {
    texts: &'a Texts,
    rest: &'a [u8],
    empty: usize,
}

impl<'a> Check<'a> {
    fn values(&mut self, shape: &Shape, outer: Shown, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(Fault::Refused(Refusal::Deep));
        }
        for value in shape.as_ref().ok_or(Fault::Malformed)? {
            let shown = value.shown.within(outer);
            match &value.ty {
                Type::Bool | Type::I8 | Type::U8 => _ = self.take(1)?,
                Type::I16 | Type::U16 | Type::IStr => _ = self.take(2)?,
                Type::I32 | Type::U32 | Type::Usize | Type::F32 | Type::Char => _ = self.take(4)?,
                Type::Isize => self.isize(shown)?,
                Type::I64 | Type::F64 => _ = self.take(8)?,
                Type::U64 => self.date(8, shown)?,
                Type::I128 => _ = self.take(16)?,
                Type::U128 => self.date(16, shown)?,
                Type::BitField(range) => {
                    let bytes = usize::from((range.end - 1) / 8 - range.start / 8 + 1);
                    self.take(bytes.next_power_of_two())?;
                }
                Type::Str => {
                    let len = self.len()?;
                    self.take(len)?;
                }
                Type::U8Slice => {
                    let len = self.len()?;
                    self.bytes(len, shown)?;
                }
                Type::U8Array(len) => self.bytes(*len, shown)?,
                Type::Debug | Type::Display => {
                    let len = self.rest.iter().position(|&byte| byte == 0xff);
                    self.take(len.ok_or(Fault::Cut)? + 1)?;
                }
                Type::Format => {
                    let text = self.text()?;
                    let variant = self.variant(text)?;
                    self.values(variant, shown, depth + 1)?;
                }
                Type::FormatSequence => loop {
                    let number = self.number()?;
                    if number == 0 {
                        break;
                    }
                    let text = self.text_of(number)?;
                    self.values(&text.whole, shown, depth + 1)?;
                },
                Type::FormatSlice => {
                    let len = self.len()?;
                    self.elements(len, shown, depth + 1)?;
                }
                Type::FormatArray(len) => self.elements(*len, shown, depth + 1)?,
            }
        }
        Ok(())
    }

    fn elements(&mut self, len: usize, outer: Shown, depth: usize) -> Result<(), Fault> {
        let text = self.text()?;
        for _ in 0..len {
            let before = self.rest.len();
            let variant = self.variant(text)?;
            self.values(variant, outer, depth)?;
            self.empty += usize::from(self.rest.len() == before);
            if self.empty > MOST_EMPTY {
                return Err(Fault::Refused(Refusal::Empty));
            }
        }
        Ok(())
    }

    /// The text that a value is shown by, of which the frame has the number.
    fn text(&mut self) -> Result<&'a Text, Fault> {
        let number = self.number()?;
        self.text_of(number)
    }

    fn text_of(&self, number: u16) -> Result<&'a Text, Fault> {
        let text = self.texts.get(number).filter(|text| !text.has_level);
        text.ok_or(Fault::Malformed)
    }

    /// What an enum is, of which the frame has the number in as few bytes as its variants need.
    fn variant(&mut self, text: &'a Text) -> Result<&'a Shape, Fault> {
        let last = text.variants.len() - 1;
        let bytes = match last {
            0 => return Ok(&text.whole),
            1..=0xff => 1,
            0x100..=0xffff => 2,
            _ => 4,
        };
        let number = little_endian(self.take(bytes)?);
        let variant = usize::try_from(number).ok();
        let variant = variant.and_then(|number| text.variants.get(number));
        variant.ok_or(Fault::Malformed)
    }

    /// A whole number, which may be shown as a date.
    fn date(&mut self, bytes: usize, shown: Shown) -> Result<(), Fault> {
        // More than eight bytes are cut for a date.
        let time = little_endian(&self.take(bytes)?[..8]);
        let seconds = shown.date_of_seconds && time >= YEAR_10000;
        let milliseconds = shown.date_of_milliseconds && time / 1000 >= YEAR_10000;
        match seconds || milliseconds {
            true => Err(Fault::Refused(Refusal::Date)),
            false => Ok(()),
        }
    }

    fn isize(&mut self, shown: Shown) -> Result<(), Fault> {
        self.take(4)?;
        match shown.hexadecimal {
            true => Err(Fault::Refused(Refusal::Isize)),
            false => Ok(()),
        }
    }

    /// Bytes, which may be shown as CBOR.
    fn bytes(&mut self, len: usize, shown: Shown) -> Result<(), Fault> {
        let bytes = self.take(len)?;
        match shown.cbor && !cbor::is_within(bytes, DEEPEST) {
            true => Err(Fault::Refused(Refusal::Deep)),
            false => Ok(()),
        }
    }

    fn number(&mut self) -> Result<u16, Fault> {
        Ok(little_endian(self.take(2)?) as u16)
    }

    fn len(&mut self) -> Result<usize, Fault> {
        Ok(little_endian(self.take(4)?) as usize)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Fault::Cut)?;
        self.rest = rest;
        Ok(bytes)
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
