//! Bytes from a line to frames.

use super::cobs::{Unstuffed, Unstuffer};
use super::frame::{Frame, FrameFault, LONGEST};

/// Frames being cut out of a stream of bytes: a state machine that consumes byte slices.
///
/// Whatever it is fed, at the next zero byte it is ready for a frame again.
#[derive(Debug, Clone)]
pub struct Deframer {
    bytes: [u8; LONGEST],
    len: usize,
    unstuffer: Unstuffer,
    /// Whether anything came since the last zero.
    seen: bool,
    overlong: bool,
}

/// What was found on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// All input was used; more is needed.
    More,
    /// A frame.
    Frame(Frame<'a>),
    /// Something else, that ended with a zero byte.
    Fault(FrameFault),
}

impl Deframer {
    /// Ready for a frame.
    pub const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            len: 0,
            unstuffer: Unstuffer::new(),
            seen: false,
            overlong: false,
        }
    }

    /// Takes bytes from the front of `input` up to the end of a frame.
    pub fn advance(&mut self, input: &mut &[u8]) -> Received<'_> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            if byte != 0 {
                self.take(byte);
                continue;
            }
            let (len, seen) = (self.len, core::mem::take(&mut self.seen));
            let complete = self.unstuffer.is_complete() && !self.overlong;
            self.len = 0;
            self.unstuffer = Unstuffer::new();
            self.overlong = false;
            if !seen {
                continue;
            }
            if !complete {
                return Received::Fault(FrameFault::Noise);
            }
            let bytes = self.bytes.get(..len).unwrap_or_default();
            return match Frame::parse(bytes) {
                Ok(frame) => Received::Frame(frame),
                Err(fault) => Received::Fault(fault),
            };
        }
        Received::More
    }

    fn take(&mut self, byte: u8) {
        self.seen = true;
        if let Unstuffed::Byte(byte) = self.unstuffer.take(byte) {
            match self.bytes.get_mut(self.len) {
                Some(slot) => {
                    *slot = byte;
                    self.len += 1;
                }
                None => self.overlong = true,
            }
        }
    }
}

impl Default for Deframer {
    fn default() -> Self {
        Self::new()
    }
}
