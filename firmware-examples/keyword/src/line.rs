//! Labelled samples from whoever is at the other end of the serial line.
//!
//! A sample is asked for by its number and comes in frames of `gradlet::transport`: its class, one
//! byte, then the model's input. What is lost or damaged on the way is asked for again.
use crate::story::INPUT;
use embedded_io::{Read, ReadReady, Write};
use gradlet::transport::{Buffer, Deframer, Frame, Received};

/// Bytes of a sample: its class and the input.
const SAMPLE: usize = 1 + INPUT;

/// Silence after which the missing bytes are asked for again, in seconds.
const PATIENCE: f32 = 0.5;
/// How often in a row nothing comes before the line counts as dead.
const TRIES: u32 = 60;

const BROKEN: &str = "the serial line is broken";

/// The samples at the other end.
pub(crate) struct Samples<'a, S> {
    line: &'a mut S,
    deframer: Deframer,
    sample: Sample,
    /// Which sample is next.
    number: u16,
}

struct Sample {
    label: u8,
    input: [i8; INPUT],
}

impl Sample {
    /// Takes byte `at`. What a longer one has beyond its end is left out.
    fn put(&mut self, at: usize, byte: u8) {
        match at.checked_sub(1) {
            None => self.label = byte,
            Some(index) => {
                if let Some(slot) = self.input.get_mut(index) {
                    *slot = byte as i8;
                }
            }
        }
    }
}

/// What a frame has brought.
enum News {
    Nothing,
    Bytes,
    /// There are no more samples.
    End,
}

impl<'a, S: Read + ReadReady + Write> Samples<'a, S> {
    pub(crate) fn new(line: &'a mut S) -> Self {
        Self {
            line,
            deframer: Deframer::new(),
            sample: Sample {
                label: 0,
                input: [0; INPUT],
            },
            number: 0,
        }
    }

    /// The next sample and its class; `None` if there are no more.
    pub(crate) fn next(&mut self) -> Result<Option<(&[i8; INPUT], usize)>, &'static str> {
        let mut have = 0;
        let mut tries = 0;
        while have < SAMPLE {
            self.ask(have)?;
            tries += 1;
            while have < SAMPLE
                && let Some(byte) = self.byte()?
            {
                match self.take(byte, &mut have) {
                    News::Nothing => {}
                    News::Bytes => tries = 0,
                    News::End => return Ok(None),
                }
            }
            if tries > TRIES {
                return Err("nobody sends samples");
            }
        }
        self.number = self.number.wrapping_add(1);
        Ok(Some((&self.sample.input, usize::from(self.sample.label))))
    }

    fn ask(&mut self, have: usize) -> Result<(), &'static str> {
        let request = Frame::Request {
            transfer: self.number,
            total: SAMPLE as u32,
            offset: have as u32,
            len: (SAMPLE - have) as u32,
        };
        let mut buffer = Buffer::new();
        self.line
            .write_all(request.encode(&mut buffer))
            .map_err(|_| BROKEN)
    }

    /// The next byte, unless the line is silent.
    fn byte(&mut self) -> Result<Option<u8>, &'static str> {
        let start = board::ticks();
        while !self.line.read_ready().map_err(|_| BROKEN)? {
            if (board::ticks() - start) as f32 > PATIENCE * board::TICK_HZ as f32 {
                return Ok(None);
            }
        }
        let mut byte = [0];
        self.line.read(&mut byte).map_err(|_| BROKEN)?;
        Ok(Some(byte[0]))
    }

    fn take(&mut self, byte: u8, have: &mut usize) -> News {
        match self.deframer.advance(&mut &[byte][..]) {
            Received::Frame(Frame::Data {
                transfer,
                offset,
                bytes,
                ..
            }) if transfer == self.number && offset as usize == *have => {
                for &byte in bytes {
                    self.sample.put(*have, byte);
                    *have += 1;
                }
                News::Bytes
            }
            Received::Frame(Frame::Request {
                transfer, len: 0, ..
            }) if transfer == self.number => News::End,
            // Noise, or bytes that are there already, or behind some that were lost.
            _ => News::Nothing,
        }
    }
}
