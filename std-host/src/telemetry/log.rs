//! The forms in which a device logs.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "defmt")]
use super::defmt::{Frames, Program};

/// How the bytes of a log become lines.
pub enum Log {
    /// They are text.
    Text,
    /// They are defmt's frames, and the texts are in the program that sends them.
    #[cfg(feature = "defmt")]
    Defmt(Box<Program>),
}

/// Why a program's log cannot be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The program cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program's texts cannot be understood.
    #[error("cannot understand the log texts of {}: {reason}", path.display())]
    Texts {
        /// The program.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The program logs nothing with defmt.
    #[error("{} does not log with defmt: was it built with its feature for it?", path.display())]
    Silent {
        /// The program.
        path: PathBuf,
    },
    /// This `gradlet` was built without the feature `defmt`.
    #[error("this gradlet was built without the feature `defmt`, so it reads text only")]
    NotBuilt,
}

impl Log {
    /// The log of the program `elf`, in defmt's frames.
    ///
    /// # Errors
    /// [`LogError`] if that is no program, or one that does not log with defmt.
    #[cfg(feature = "defmt")]
    pub fn of_program(elf: &Path) -> Result<Self, LogError> {
        let path = || elf.to_owned();
        let bytes = std::fs::read(elf).map_err(|source| LogError::Io {
            path: path(),
            source,
        })?;
        match Program::of(&bytes) {
            Ok(Some(program)) => Ok(Self::Defmt(Box::new(program))),
            Ok(None) => Err(LogError::Silent { path: path() }),
            Err(reason) => Err(LogError::Texts {
                path: path(),
                reason,
            }),
        }
    }

    /// The log of the program `elf`, in defmt's frames.
    ///
    /// # Errors
    /// [`LogError::NotBuilt`].
    #[cfg(not(feature = "defmt"))]
    pub fn of_program(_: &Path) -> Result<Self, LogError> {
        Err(LogError::NotBuilt)
    }

    pub(super) fn messages(&self) -> Box<dyn Messages + '_> {
        match self {
            Self::Text => Box::new(Lines::default()),
            #[cfg(feature = "defmt")]
            Self::Defmt(program) => Box::new(Frames::new(program)),
        }
    }
}

/// What comes out of a log.
pub(super) enum Message {
    /// A line, without its end.
    Line(String),
    /// A damaged frame, behind which the log goes on.
    Torn,
    /// A frame that is left out, and why.
    Refused(String),
    /// A damaged frame, behind which nothing can be understood.
    Lost,
}

/// A log that is being read.
pub(super) trait Messages {
    /// Takes the next bytes.
    fn received(&mut self, bytes: &[u8]);

    /// Takes the end of the log.
    fn end(&mut self) {}

    /// The next message, if it has come whole.
    fn next(&mut self) -> Option<Message>;
}

/// Text, cut at its line ends.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    ended: bool,
}

/// A line that is longer than this is cut: it may be a device that sends no text at all.
const LONGEST: usize = 1 << 16;

impl Messages for Lines {
    fn received(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn next(&mut self) -> Option<Message> {
        let end = self.bytes.iter().position(|&byte| byte == b'\n');
        let is_rest = self.ended && !self.bytes.is_empty();
        let len = match end {
            Some(end) => end + 1,
            None if is_rest || self.bytes.len() >= LONGEST => self.bytes.len(),
            None => return None,
        };
        let line: Vec<u8> = self.bytes.drain(..len).collect();
        let line = String::from_utf8_lossy(&line);
        Some(Message::Line(
            line.trim_end_matches(['\r', '\n']).to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut messages = Log::Text.messages();
        let mut lines = Vec::new();
        let mut take = |messages: &mut dyn Messages| {
            while let Some(Message::Line(line)) = messages.next() {
                lines.push(line);
            }
        };
        for piece in pieces {
            messages.received(piece);
            take(&mut *messages);
        }
        messages.end();
        take(&mut *messages);
        lines
    }

    #[test]
    fn text_is_cut_at_its_line_ends_however_it_arrives() {
        let expected = ["one", "", "two \u{FFFD}", "three"];
        let text = b"one\r\n\ntwo \xFF\nthree";
        assert_eq!(lines(&[text]), expected);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(lines(&bytes), expected);
    }

    #[test]
    fn a_device_that_never_ends_a_line_does_not_fill_the_memory() {
        let noise = vec![b'x'; 3 * LONGEST];
        let bytes: Vec<&[u8]> = noise.chunks(LONGEST / 4).collect();
        let lines = lines(&bytes);
        assert!(lines.iter().all(|line| line.len() <= LONGEST) && lines.len() == 3);
    }
}
