//! The serial line of a board in QEMU, seen from its other end.
use anyhow::{Context, Result};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    process::Stdio,
};

/// The host's end of the line. A read waits for the board, and finds the end of the stream when
/// the board is gone.
#[derive(Debug)]
pub struct Line {
    stream: UnixStream,
    /// Everything that the board has sent.
    record: File,
}

/// What is to happen when the host has said everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The program goes on to its own end.
    LetRun,
    /// It stops at once, in the middle of whatever it does.
    CutPower,
}

impl Line {
    /// A line whose far end becomes the standard input of QEMU. `record` is replaced.
    pub(crate) fn open(record: &Path) -> Result<(Self, Stdio)> {
        let (stream, far_end) = UnixStream::pair().context("cannot make a serial line")?;
        let record =
            File::create(record).with_context(|| format!("cannot make {}", record.display()))?;
        Ok((Self { stream, record }, OwnedFd::from(far_end).into()))
    }

    /// Reads and records until the board is gone.
    pub(crate) fn drain(&mut self) {
        // However the line ended, there is nothing more on it.
        let _ = io::copy(self, &mut io::sink());
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(bytes)?;
        self.record.write_all(&bytes[..count])?;
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
