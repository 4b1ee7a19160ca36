//! Frames as values, and as bytes on the line.

use core::fmt;

use super::cobs;
use crate::Crc32c;

/// Most bytes of a transfer that a frame carries.
pub const MOST_DATA: usize = 236;

/// Kind, version, transfer, total and sequence number.
const HEADER: usize = 12;
const CHECKSUM: usize = 4;
/// Longest frame before stuffing.
pub(super) const LONGEST: usize = HEADER + MOST_DATA + CHECKSUM;
const _: () = assert!(LONGEST <= cobs::MOST);

const KIND_DATA: u8 = 1;
const KIND_REQUEST: u8 = 2;
const KIND_HELLO: u8 = 3;
const VERSION: u8 = 1;

/// What goes over the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Bytes of a transfer, from the sender.
    Data {
        /// Which transfer.
        transfer: u16,
        /// Bytes of the whole transfer.
        total: u32,
        /// Where in it `bytes` belong.
        offset: u32,
        /// 1 to [`MOST_DATA`] of its bytes.
        bytes: &'a [u8],
    },
    /// From the receiver: bytes that it wants again, none if it has all.
    Request {
        /// Which transfer.
        transfer: u16,
        /// Bytes of the whole transfer.
        total: u32,
        /// The first byte wanted.
        offset: u32,
        /// How many bytes are wanted.
        len: u32,
    },
    /// From a receiver that nothing has come to: whoever has a transfer sends all of it.
    Hello,
}

/// Room for the longest frame as it goes over the line.
#[derive(Debug, Clone)]
pub struct Buffer([u8; 1 + 1 + LONGEST + 1]);

impl Buffer {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self([0; 1 + 1 + LONGEST + 1])
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

impl Frame<'_> {
    /// The bytes that go over the line: zero, the stuffed frame, zero.
    ///
    /// Data beyond [`MOST_DATA`] are left out.
    pub fn encode<'b>(&self, buffer: &'b mut Buffer) -> &'b [u8] {
        let wanted;
        let (kind, transfer, total, offset, data) = match *self {
            Frame::Data {
                transfer,
                total,
                offset,
                bytes,
            } => (KIND_DATA, transfer, total, offset, bytes),
            Frame::Request {
                transfer,
                total,
                offset,
                len,
            } => {
                wanted = len.to_le_bytes();
                (KIND_REQUEST, transfer, total, offset, &wanted[..])
            }
            Frame::Hello => (KIND_HELLO, 0, 0, 0, &[][..]),
        };
        let data = data.get(..MOST_DATA).unwrap_or(data);
        let mut crc = Crc32c::new();
        let mut end = 2;
        let parts = [
            &[kind, VERSION][..],
            &transfer.to_le_bytes(),
            &total.to_le_bytes(),
            &offset.to_le_bytes(),
            data,
        ];
        for part in parts {
            crc.update(part);
            end += put(&mut buffer.0, end, part);
        }
        end += put(&mut buffer.0, end, &crc.value().to_le_bytes());
        if let Some(block) = buffer.0.get_mut(1..end) {
            cobs::stuff(block);
        }
        end += put(&mut buffer.0, end, &[0]);
        buffer.0.get(..end).unwrap_or_default()
    }
}

fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let room = buffer.get_mut(at..).unwrap_or_default();
    let len = room.len().min(bytes.len());
    for (slot, &byte) in room.iter_mut().zip(bytes) {
        *slot = byte;
    }
    len
}

impl<'a> Frame<'a> {
    /// The frame in unstuffed bytes.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, FrameFault> {
        let (rest, checksum) = bytes.split_last_chunk().ok_or(FrameFault::Short)?;
        let (header, data) = rest
            .split_first_chunk::<HEADER>()
            .ok_or(FrameFault::Short)?;
        let expected = u32::from_le_bytes(*checksum);
        let mut crc = Crc32c::new();
        crc.update(rest);
        if crc.value() != expected {
            return Err(FrameFault::Checksum);
        }
        let &[kind, version, t0, t1, n0, n1, n2, n3, o0, o1, o2, o3] = header;
        if version != VERSION {
            return Err(FrameFault::Version { found: version });
        }
        let transfer = u16::from_le_bytes([t0, t1]);
        let total = u32::from_le_bytes([n0, n1, n2, n3]);
        let offset = u32::from_le_bytes([o0, o1, o2, o3]);
        let inside = |len: u32| offset.checked_add(len).is_some_and(|end| end <= total);
        match kind {
            KIND_DATA if !data.is_empty() && inside(data.len() as u32) => Ok(Frame::Data {
                transfer,
                total,
                offset,
                bytes: data,
            }),
            KIND_REQUEST => {
                let len = u32::from_le_bytes(data.try_into().map_err(|_| FrameFault::Range)?);
                if !inside(len) {
                    return Err(FrameFault::Range);
                }
                Ok(Frame::Request {
                    transfer,
                    total,
                    offset,
                    len,
                })
            }
            KIND_HELLO => Ok(Frame::Hello),
            KIND_DATA => Err(FrameFault::Range),
            found => Err(FrameFault::Kind { found }),
        }
    }
}

/// Why what came between two zeros is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FrameFault {
    /// It is not stuffed as a frame is, or too long for one: a log line, noise.
    Noise,
    /// It is too short for a frame.
    Short,
    /// It is damaged.
    Checksum,
    /// It is of another version of this transport.
    Version {
        /// The version it says.
        found: u8,
    },
    /// It is of a kind that this receiver does not know.
    Kind {
        /// The kind it says.
        found: u8,
    },
    /// It has no data, or some beyond the end of the transfer.
    Range,
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Noise => f.write_str("bytes that are no frame"),
            Self::Short => f.write_str("a frame that is cut short"),
            Self::Checksum => f.write_str("a damaged frame"),
            Self::Version { found } => {
                write!(f, "a frame of version {found}, expected {VERSION}")
            }
            Self::Kind { found } => write!(f, "a frame of unknown kind {found}"),
            Self::Range => f.write_str("a frame whose bytes are not in its transfer"),
        }
    }
}

impl core::error::Error for FrameFault {}
