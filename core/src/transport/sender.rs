//! A transfer, seen from the side that has the bytes.

use core::fmt;

use embedded_io::{Read, Write};

use super::deframer::{Deframer, Received};
use super::frame::{Buffer, Frame, MOST_DATA};
use super::replay::Replay;
use crate::Variables;
use crate::checkpoint::{EncodeError, Encoder, WriteError};

/// What is still to be sent of a transfer, without I/O.
#[derive(Debug, Clone)]
pub struct Sender {
    transfer: u16,
    total: u32,
    next: u32,
    end: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sending,
    /// Everything asked for is out.
    Waiting,
    /// The receiver has everything.
    Done,
}

impl Sender {
    /// A transfer of `total` bytes, all still to be sent. Its number tells it from the ones before
    /// and after it.
    pub const fn new(transfer: u16, total: u32) -> Self {
        Self {
            transfer,
            total,
            next: 0,
            end: total,
            state: State::Sending,
        }
    }

    /// The next frame, for the line; `None` if nothing is to be sent until a request comes.
    ///
    /// `read` fills a slice with the transfer's bytes from an offset on.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn next_frame<'b, E>(
        &mut self,
        buffer: &'b mut Buffer,
        read: impl FnOnce(u32, &mut [u8]) -> Result<(), E>,
    ) -> Result<Option<&'b [u8]>, E> {
        if self.state != State::Sending || self.next >= self.end {
            if self.state == State::Sending {
                self.state = State::Waiting;
            }
            return Ok(None);
        }
        let mut data = [0; MOST_DATA];
        let len = data.len().min((self.end - self.next) as usize);
        let data = data.get_mut(..len).unwrap_or_default();
        read(self.next, data)?;
        let frame = Frame::Data {
            transfer: self.transfer,
            total: self.total,
            offset: self.next,
            bytes: data,
        };
        self.next += len as u32;
        Ok(Some(frame.encode(buffer)))
    }

    /// Takes in a frame of the other side: what it asks for is sent next.
    pub fn receive(&mut self, frame: &Frame<'_>) {
        let (transfer, total, offset, len) = match *frame {
            Frame::Data { .. } => return,
            Frame::Hello => (self.transfer, self.total, 0, self.total),
            Frame::Request {
                transfer,
                total,
                offset,
                len,
            } => (transfer, total, offset, len),
        };
        if transfer != self.transfer || total != self.total {
            return;
        }
        self.next = offset;
        self.end = offset.saturating_add(len).min(self.total);
        self.state = match len {
            0 => State::Done,
            _ => State::Sending,
        };
    }

    /// Whether the receiver said that it has everything.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }
}

/// Sends a checkpoint of `variables` once, for a line that goes one way; returns its length.
///
/// Sent again, with the same number and unchanged variables, it fills the gaps that a receiver
/// still has.
///
/// # Errors
/// As [`checkpoint::write`](crate::checkpoint::write).
pub fn send<W: Write>(
    variables: &impl Variables,
    transfer: u16,
    mut writer: W,
) -> Result<u32, WriteError<W::Error>> {
    let mut replay = Replay::new(variables, Encoder::new());
    let total = replay.total_len().map_err(WriteError::Encode)?;
    let mut sender = Sender::new(transfer, total);
    let mut buffer = Buffer::new();
    while let Some(bytes) = sender
        .next_frame(&mut buffer, |offset, out| replay.read(offset, out))
        .map_err(WriteError::Encode)?
    {
        writer.write_all(bytes).map_err(WriteError::Io)?;
    }
    writer.flush().map_err(WriteError::Io)?;
    Ok(total)
}

/// Sends a checkpoint of `variables` and what the receiver asks for again, until it says that it
/// has everything; returns the checkpoint's length.
///
/// It waits in [`Read::read`]: a line whose other side may be gone needs a reader that gives up,
/// by an error or by reading nothing.
///
/// # Errors
/// [`ServeError`]
pub fn serve<L: Read + Write>(
    variables: &impl Variables,
    transfer: u16,
    mut line: L,
) -> Result<u32, ServeError<L::Error>> {
    let mut replay = Replay::new(variables, Encoder::new());
    let total = replay.total_len().map_err(ServeError::Encode)?;
    let mut sender = Sender::new(transfer, total);
    let mut deframer = Deframer::new();
    let mut buffer = Buffer::new();
    loop {
        while let Some(bytes) = sender
            .next_frame(&mut buffer, |offset, out| replay.read(offset, out))
            .map_err(ServeError::Encode)?
        {
            line.write_all(bytes).map_err(ServeError::Io)?;
        }
        line.flush().map_err(ServeError::Io)?;
        let mut chunk = [0; 32];
        let len = line.read(&mut chunk).map_err(ServeError::Io)?;
        if len == 0 {
            return Err(ServeError::Unanswered);
        }
        let mut input = chunk.get(..len).unwrap_or_default();
        loop {
            match deframer.advance(&mut input) {
                Received::More => break,
                Received::Frame(frame) => sender.receive(&frame),
                Received::Fault(_) => {}
            }
        }
        if sender.is_done() {
            return Ok(total);
        }
    }
}

/// Why a checkpoint was not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ServeError<E> {
    /// The variables fit in no checkpoint.
    Encode(EncodeError),
    /// The line failed.
    Io(E),
    /// The line ended before the receiver said that it has everything.
    Unanswered,
}

impl<E: fmt::Debug> fmt::Display for ServeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the line failed: {error:?}"),
            Self::Unanswered => {
                f.write_str("the line ended before the receiver said that it has everything")
            }
        }
    }
}

impl<E: fmt::Debug> core::error::Error for ServeError<E> {}
