//! The checksum of a stored tensor, computed as its bytes go by, whatever its element type.
//!
//! Numbers are covered as they lie. Strings and variants have a structure of their own with inner
//! checksums; a state machine follows it, so that checking needs no buffer of the tensor's size.

use super::header::Endianness;
use super::string_codec::{extend_by_length, stored_checksum};
use crate::crc;
use crate::dtype::DType;

/// Computes the checksum of one tensor.
#[derive(Debug)]
pub(super) struct Checker {
    crc: u32,
    state: State,
    endianness: Endianness,
    /// Bytes seen, for messages.
    position: u64,
    empty: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Bytes that the checksum covers as they lie, to the end.
    Plain,
    /// Lengths of strings: how many are still to come, and the sum of those seen.
    Lengths {
        left: u64,
        total: u64,
        varint: Varint,
    },
    /// The checksum over the lengths.
    LengthsChecksum { total: u64, seen: Gathered },
    /// The bytes of the strings: how many are still to come.
    Strings { left: u64 },
    /// The length of a variant element; how many elements are still to come, this one included.
    VariantLength { left: u64, varint: Varint },
    /// A variant element: bytes still to come of it, elements still to come after it.
    VariantBytes { bytes: u64, after: u64 },
    /// The running checksum that follows a variant element.
    VariantChecksum { after: u64, seen: Gathered },
    /// Everything was seen.
    Done,
}

/// What does not fit, and how many bytes into the tensor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) position: u64,
    pub(super) reason: String,
}

impl Checker {
    /// A checker for `count` elements of `dtype`.
    pub(super) fn new(dtype: DType, count: u64, endianness: Endianness) -> Checker {
        let state = match dtype {
            DType::String => State::lengths(count, 0),
            DType::Variant => State::variants(count),
            _ => State::Plain,
        };
        Checker {
            crc: 0,
            state,
            endianness,
            position: 0,
            empty: count == 0,
        }
    }

    /// The checksum of a whole tensor.
    pub(super) fn of(
        dtype: DType,
        count: u64,
        endianness: Endianness,
        bytes: &[u8],
    ) -> Result<u32, Misfit> {
        let mut checker = Checker::new(dtype, count, endianness);
        checker.update(bytes)?;
        checker.finish()
    }

    /// Takes the tensor's next bytes.
    pub(super) fn update(&mut self, mut bytes: &[u8]) -> Result<(), Misfit> {
        while let Some((&first, rest)) = bytes.split_first() {
            // Stretches of known length are taken at once, all else byte by byte.
            let (stretch, after) = match self.state {
                State::Plain => (bytes, &[][..]),
                State::Strings { left } | State::VariantBytes { bytes: left, .. } if left > 0 => {
                    let left = usize::try_from(left).unwrap_or(usize::MAX);
                    bytes.split_at_checked(left).unwrap_or((bytes, &[]))
                }
                _ => {
                    self.state = self.byte(first)?;
                    self.position += 1;
                    bytes = rest;
                    continue;
                }
            };
            self.crc = crc::extend(self.crc, stretch);
            self.state = self.state.less(stretch.len() as u64);
            self.position += stretch.len() as u64;
            bytes = after;
        }
        Ok(())
    }

    /// The checksum, if the tensor was seen to its end.
    pub(super) fn finish(self) -> Result<u32, Misfit> {
        match self.state {
            State::Plain | State::Done | State::Strings { left: 0 } => Ok(self.crc),
            // Some writers store nothing at all for no strings.
            State::LengthsChecksum {
                seen: Gathered { count: 0, .. },
                ..
            } if self.empty => Ok(self.crc),
            _ => Err(self.misfit("its elements take more bytes than are stored")),
        }
    }

    fn byte(&mut self, byte: u8) -> Result<State, Misfit> {
        match self.state {
            State::Lengths {
                left,
                total,
                varint,
            } => {
                let (varint, length) = varint.push(byte).ok_or_else(|| self.bad_length())?;
                let Some(length) = length else {
                    return Ok(State::Lengths {
                        left,
                        total,
                        varint,
                    });
                };
                self.crc = extend_by_length(self.crc, length, self.endianness);
                let total = total.checked_add(length).ok_or_else(|| self.bad_length())?;
                Ok(State::lengths(left - 1, total))
            }
            State::LengthsChecksum { total, mut seen } => match seen.push(byte) {
                Some(stored) => {
                    self.expect(stored, "the checksum over the lengths of its strings")?;
                    Ok(State::Strings { left: total })
                }
                None => Ok(State::LengthsChecksum { total, seen }),
            },
            State::VariantLength { left, varint } => {
                let (varint, length) = varint.push(byte).ok_or_else(|| self.bad_length())?;
                let Some(length) = length else {
                    return Ok(State::VariantLength { left, varint });
                };
                self.crc = crc::extend(self.crc, &length.to_le_bytes());
                Ok(State::VariantBytes {
                    bytes: length,
                    after: left - 1,
                }
                .less(0))
            }
            State::VariantChecksum { after, mut seen } => match seen.push(byte) {
                Some(stored) => {
                    self.expect(stored, "the checksum after an element")?;
                    Ok(State::variants(after))
                }
                None => Ok(State::VariantChecksum { after, seen }),
            },
            State::Plain | State::Strings { .. } | State::VariantBytes { .. } | State::Done => {
                Err(self.misfit("more bytes are stored than its elements take"))
            }
        }
    }

    fn expect(&mut self, stored: [u8; 4], what: &str) -> Result<(), Misfit> {
        let computed = stored_checksum(self.crc, self.endianness);
        if stored != computed {
            let unmasked = |bytes| {
                crc::unmask(match self.endianness {
                    Endianness::Little => u32::from_le_bytes(bytes),
                    Endianness::Big => u32::from_be_bytes(bytes),
                })
            };
            let (stored, computed) = (unmasked(stored), unmasked(computed));
            let reason = format!("{what} is {computed:#010x}, stored is {stored:#010x}");
            return Err(self.misfit(&reason));
        }
        self.crc = crc::extend(self.crc, &stored);
        Ok(())
    }

    fn bad_length(&self) -> Misfit {
        self.misfit("the length of an element exceeds 64 bits")
    }

    fn misfit(&self, reason: &str) -> Misfit {
        Misfit {
            position: self.position,
            reason: reason.to_owned(),
        }
    }
}

impl State {
    fn lengths(left: u64, total: u64) -> State {
        match left {
            0 => State::LengthsChecksum {
                total,
                seen: Gathered::default(),
            },
            _ => State::Lengths {
                left,
                total,
                varint: Varint::default(),
            },
        }
    }

    fn variants(left: u64) -> State {
        match left {
            0 => State::Done,
            _ => State::VariantLength {
                left,
                varint: Varint::default(),
            },
        }
    }

    /// The state after a stretch of this length.
    fn less(self, len: u64) -> State {
        match self {
            State::Strings { left } => State::Strings {
                left: left.saturating_sub(len),
            },
            State::VariantBytes { bytes, after } if bytes <= len => State::VariantChecksum {
                after,
                seen: Gathered::default(),
            },
            State::VariantBytes { bytes, after } => State::VariantBytes {
                bytes: bytes - len,
                after,
            },
            other => other,
        }
    }
}

/// A base-128 number of which some bytes were seen.
#[derive(Clone, Copy, Debug, Default)]
struct Varint {
    value: u64,
    shift: u32,
}

impl Varint {
    /// Takes the next byte; the number if it is complete, nothing at all if it exceeds 64 bits.
    fn push(self, byte: u8) -> Option<(Varint, Option<u64>)> {
        let bits = u64::from(byte & 0x7f);
        if self.shift > 63 || (self.shift == 63 && bits > 1) {
            return None;
        }
        let value = self.value | bits << self.shift;
        let next = Varint {
            value,
            shift: self.shift + 7,
        };
        Some((next, (byte < 0x80).then_some(value)))
    }
}

/// Four bytes of which some were seen.
#[derive(Clone, Copy, Debug, Default)]
struct Gathered {
    bytes: [u8; 4],
    count: usize,
}

impl Gathered {
    /// Takes the next byte; all four if this was the last.
    fn push(&mut self, byte: u8) -> Option<[u8; 4]> {
        if let Some(place) = self.bytes.get_mut(self.count) {
            *place = byte;
            self.count += 1;
        }
        (self.count == 4).then_some(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::string_codec::encode;
    use crate::strings::Strings;

    fn check(count: u64, bytes: &[u8], step: usize) -> Result<u32, Misfit> {
        let mut checker = Checker::new(DType::String, count, Endianness::Little);
        for part in bytes.chunks(step) {
            checker.update(part)?;
        }
        checker.finish()
    }

    #[test]
    fn strings_are_checked_in_pieces_of_any_size() {
        let strings: Strings = ["alpha", "", "beta\0", &"x".repeat(300)]
            .into_iter()
            .collect();
        let encoded = encode(&strings, Endianness::Little);
        let bytes = [encoded.head.as_slice(), strings.concatenated()].concat();
        for step in [1, 2, 3, 7, bytes.len()] {
            assert_eq!(
                check(4, &bytes, step),
                Ok(encoded.crc32c),
                "in pieces of {step}"
            );
        }
        assert!(
            check(4, &bytes[..bytes.len() - 1], 5).is_err(),
            "a byte is missing"
        );
        assert!(check(3, &bytes, 5).is_err(), "one string too many");
        assert!(
            check(4, &[bytes.as_slice(), b"x"].concat(), 5).is_err(),
            "a byte too many"
        );
    }

    #[test]
    fn no_strings_may_be_stored_as_nothing_or_as_a_checksum() {
        assert_eq!(check(0, &[], 1), Ok(0));
        let encoded = encode(&Strings::new(), Endianness::Little);
        assert_eq!(
            encoded.head.len(),
            4,
            "TensorFlow writes the checksum over no lengths"
        );
        assert_eq!(check(0, &encoded.head, 1), Ok(encoded.crc32c));
        assert!(
            check(1, &[], 1).is_err(),
            "one string takes at least its length"
        );
    }
}
