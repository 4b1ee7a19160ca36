//! What can be wrong with a checkpoint, and where.

use core::fmt;

/// A fault and the offset, from the start of the checkpoint, of the part it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct DecodeError {
    /// Offset in bytes.
    pub offset: u32,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Fault {
    /// It does not start as a checkpoint does.
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// It is of a version that this reader does not know.
    Version {
        /// The version it says.
        found: u8,
    },
    /// It sets flags that this reader does not know.
    Flags {
        /// The flags.
        found: u8,
    },
    /// It ends within this part.
    Truncated,
    /// A header field has a wrong length.
    Field {
        /// The field's tag.
        tag: u8,
    },
    /// A tensor has an element type that no device has.
    DType {
        /// The number, TensorFlow's.
        found: u8,
    },
    /// A payload is stored in a way that this reader does not know.
    Encoding {
        /// The encoding's number.
        found: u8,
    },
    /// A shape has more than 8 dimensions or 4 GiB.
    Shape,
    /// A name is empty, not UTF-8, or badly padded.
    Name,
    /// A payload's length is not that of its shape.
    Length {
        /// Bytes that the shape needs.
        expected: u64,
        /// Bytes that the record says.
        found: u32,
    },
    /// A payload is not what its encoding makes of so many elements.
    Payload,
    /// The checkpoint says it is longer than 4 GiB.
    TooLong,
    /// Bytes between two parts are not zero.
    Padding,
    /// A payload is not what was written.
    Checksum {
        /// CRC-32C that was written.
        expected: u32,
        /// CRC-32C of the payload.
        found: u32,
    },
    /// A header or trailer is not what was written.
    Structure {
        /// CRC-32C that was written.
        expected: u32,
        /// CRC-32C of all headers and trailers.
        found: u32,
    },
    /// Records are missing or too many.
    Count {
        /// Number of records that were written.
        expected: u16,
        /// Number of records found.
        found: u32,
    },
    /// The length is not what was written.
    Total {
        /// Bytes that were written.
        expected: u32,
        /// Bytes found.
        found: u32,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Magic {
                found: [a, b, c, d],
            } => write!(
                f,
                "not a device checkpoint: it starts with {a:02x} {b:02x} {c:02x} {d:02x}, expected 89 47 43 4b"
            ),
            Self::Version { found } => write!(
                f,
                "format version {found}, this reader knows version {}",
                super::format::VERSION
            ),
            Self::Flags { found } => write!(f, "flags {found:#04x}, expected none"),
            Self::Truncated => f.write_str("the checkpoint ends here, within a part"),
            Self::Field { tag } => write!(f, "header field {tag} has a wrong length"),
            Self::DType { found } => write!(f, "element type {found} is none that a device has"),
            Self::Encoding { found } => write!(f, "encoding {found} is unknown"),
            Self::Shape => f.write_str("a shape of more than 8 dimensions or 4 GiB"),
            Self::Name => f.write_str("a name that is empty, not UTF-8 or badly padded"),
            Self::Length { expected, found } => {
                write!(
                    f,
                    "the shape needs {expected} bytes, the record says {found}"
                )
            }
            Self::Payload => f.write_str("a payload that is not as its encoding says"),
            Self::TooLong => f.write_str("the checkpoint would be longer than 4 GiB"),
            Self::Padding => f.write_str("padding that is not zero"),
            Self::Checksum { expected, found } => {
                write!(
                    f,
                    "payload checksum {found:#010x}, {expected:#010x} was written"
                )
            }
            Self::Structure { expected, found } => write!(
                f,
                "checksum of headers and trailers {found:#010x}, {expected:#010x} was written"
            ),
            Self::Count { expected, found } => {
                write!(f, "{found} records, {expected} were written")
            }
            Self::Total { expected, found } => {
                write!(f, "{found} bytes, {expected} were written")
            }
        }
    }
}

impl core::error::Error for DecodeError {}
