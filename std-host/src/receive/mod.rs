//! Checkpoints from a device's line: a serial port, a socket, a captured file.
//!
//! The device sends frames ([`gradlet::transport`]), or on a line that loses nothing the plain
//! checkpoint. What arrives is put together here, without I/O; [`mod@line`] has the lines.

mod assembly;
pub mod line;

use std::ops::Range;

use gradlet::checkpoint::{Checkpoint, Decoder, Event};
use gradlet::transport::{Buffer, Deframer, Frame, FrameFault, Received};

use crate::device;
use assembly::Assembly;

/// What came over a line so far.
#[derive(Debug, Default)]
pub struct Receiver {
    form: Form,
    tally: Tally,
    /// Number and length of the transfer that was last complete.
    last: Option<(u16, u32)>,
}

/// What the device sends.
#[derive(Debug)]
enum Form {
    /// Not yet known: the first bytes.
    Unknown(Vec<u8>),
    /// The checkpoint as it is.
    Plain {
        decoder: Box<Decoder>,
        bytes: Vec<u8>,
    },
    /// Frames.
    Framed {
        deframer: Box<Deframer>,
        assembly: Option<Assembly>,
    },
}

impl Default for Form {
    fn default() -> Self {
        Self::Unknown(Vec::new())
    }
}

/// Counts of what came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames that were intact.
    pub frames: u64,
    /// Of these, frames that brought nothing new.
    pub repeated: u64,
    /// Damaged frames.
    pub damaged: u64,
    /// Pieces of the stream that were no frames: log lines, noise.
    pub noise: u64,
    /// Transfers that were given up for another one before they were complete.
    pub abandoned: u64,
    /// Transfers that were complete and no checkpoint.
    pub refused: u64,
}

/// What the bytes of a line led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// More is to come.
    More,
    /// The sender has sent what it was asked for, and something is missing: send it
    /// [`Receiver::request`].
    Incomplete,
    /// A whole, verified checkpoint. What follows it on the line belongs to the next one.
    Complete(Vec<u8>),
}

impl Receiver {
    /// Nothing came yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `input`: all of them, or up to the end of a checkpoint.
    pub fn take(&mut self, input: &mut &[u8]) -> Progress {
        if let Form::Unknown(start) = &mut self.form {
            start.extend_from_slice(input);
            *input = &[];
            let known = start.len().min(device::MAGIC.len());
            if start[..known] == device::MAGIC[..known] && known < device::MAGIC.len() {
                return Progress::More;
            }
            let start = std::mem::take(start);
            self.form = if start.starts_with(&device::MAGIC) {
                Form::Plain {
                    decoder: Box::new(Decoder::new()),
                    bytes: Vec::new(),
                }
            } else {
                Form::Framed {
                    deframer: Box::default(),
                    assembly: None,
                }
            };
            return self.take_known(&mut &start[..]);
        }
        self.take_known(input)
    }

    fn take_known(&mut self, input: &mut &[u8]) -> Progress {
        match &mut self.form {
            Form::Unknown(_) => Progress::More,
            Form::Plain { decoder, bytes } => {
                let before = *input;
                loop {
                    match decoder.advance(input) {
                        Ok(Event::More) => {
                            bytes.extend_from_slice(before);
                            return Progress::More;
                        }
                        Ok(Event::End) => {
                            bytes.extend_from_slice(&before[..before.len() - input.len()]);
                            let bytes = std::mem::take(bytes);
                            self.form = Form::default();
                            return Progress::Complete(bytes);
                        }
                        Ok(_) => {}
                        Err(_) => {
                            // A frame or another checkpoint may follow.
                            self.tally.refused += 1;
                            self.form = Form::Framed {
                                deframer: Box::default(),
                                assembly: None,
                            };
                            return self.take_known(input);
                        }
                    }
                }
            }
            Form::Framed { deframer, assembly } => {
                let mut ask = false;
                loop {
                    match deframer.advance(input) {
                        Received::More if ask => return Progress::Incomplete,
                        Received::More => return Progress::More,
                        Received::Fault(FrameFault::Noise | FrameFault::Short) => {
                            self.tally.noise += 1;
                        }
                        Received::Fault(_) => self.tally.damaged += 1,
                        Received::Frame(Frame::Request { .. } | Frame::Hello) => {}
                        Received::Frame(Frame::Data {
                            transfer,
                            total,
                            offset,
                            bytes,
                        }) => {
                            self.tally.frames += 1;
                            if assembly
                                .as_ref()
                                .is_some_and(|assembly| !assembly.is_of(transfer, total))
                            {
                                *assembly = None;
                                self.tally.abandoned += 1;
                            }
                            let assembly_now =
                                assembly.get_or_insert_with(|| Assembly::new(transfer, total));
                            if !assembly_now.add(offset, bytes) {
                                self.tally.repeated += 1;
                            }
                            ask |= assembly_now.is_end_of_request(offset, bytes.len());
                            if !assembly_now.is_complete() {
                                continue;
                            }
                            let bytes = assembly_now.bytes();
                            self.last = Some((transfer, total));
                            *assembly = None;
                            if is_checkpoint(&bytes) {
                                return Progress::Complete(bytes);
                            }
                            self.tally.refused += 1;
                        }
                    }
                }
            }
        }
    }

    /// The frame that asks the sender for the first missing bytes, or for everything if nothing
    /// has come; `None` while a plain checkpoint comes.
    pub fn request(&mut self) -> Option<Vec<u8>> {
        let frame = match &mut self.form {
            Form::Plain { .. } => None,
            Form::Framed {
                assembly: Some(assembly),
                ..
            } => assembly.request(),
            Form::Framed { assembly: None, .. } | Form::Unknown(_) => Some(Frame::Hello),
        };
        Some(frame?.encode(&mut Buffer::new()).to_vec())
    }

    /// Ranges of the transfer that have not come, and its length; `None` if no frame has come.
    pub fn missing(&self) -> Option<(Vec<Range<u32>>, u32)> {
        match &self.form {
            Form::Framed {
                assembly: Some(assembly),
                ..
            } => Some((assembly.missing(), assembly.total())),
            _ => None,
        }
    }

    /// Number and length of the transfer that was last complete, for the
    /// [`acknowledgement`]; `None` if the checkpoint came plain.
    pub fn last_transfer(&self) -> Option<(u16, u32)> {
        self.last
    }

    /// Counts of what came.
    pub fn tally(&self) -> Tally {
        self.tally
    }
}

/// The frame that tells the sender of a transfer of `total` bytes that all have come.
pub fn acknowledgement(transfer: u16, total: u32) -> Vec<u8> {
    let frame = Frame::Request {
        transfer,
        total,
        offset: total,
        len: 0,
    };
    frame.encode(&mut Buffer::new()).to_vec()
}

fn is_checkpoint(bytes: &[u8]) -> bool {
    Checkpoint::parse(bytes).is_ok_and(|checkpoint| checkpoint.len() == bytes.len())
}
