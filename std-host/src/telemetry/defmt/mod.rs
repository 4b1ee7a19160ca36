//! Logs in defmt's frames.
//!
//! A line is not trusted: every frame is checked before defmt's decoder sees it, which otherwise
//! reserves memory for whatever number of elements a frame claims, and recurses as deep as one is
//! nested.

mod cbor;
mod check;
mod rzcobs;
#[cfg(test)]
mod tests;
mod text;

use defmt_decoder::{Encoding, Frame, Table};

use super::log::{Message, Messages};
use check::{Fault, Refusal};
use text::Texts;

/// A frame that is longer, encoded or decoded, is refused: so much is held until a frame ends.
const LONGEST: usize = 1 << 16;

/// The texts of a program that logs with defmt.
pub struct Program {
    table: Table,
    texts: Texts,
}

impl Program {
    /// The texts in the program `elf`; `None` if it does not log with defmt.
    pub(super) fn of(elf: &[u8]) -> Result<Option<Self>, String> {
        let Some(table) = Table::parse(elf).map_err(|error| format!("{error:#}"))? else {
            return Ok(None);
        };
        let texts = Texts::of(elf, &table)?;
        Ok(Some(Self { table, texts }))
    }

    /// The message of a frame at the start of `bytes`, and how many of them it takes.
    fn message(&self, bytes: &[u8]) -> Result<(String, usize), Fault> {
        let len = check::frame(&self.texts, bytes)?;
        let decoded = self.table.decode(&bytes[..len]);
        let (frame, _) = decoded.map_err(|_| Fault::Malformed)?;
        Ok((line(&frame), len))
    }
}

/// `LEVEL message`, or the message alone where it has no level, as `defmt::println!` has none.
fn line(frame: &Frame<'_>) -> String {
    let message = frame.display_message();
    match frame.level() {
        Some(level) => format!("{:5} {message}", level.as_str().to_uppercase()),
        None => message.to_string(),
    }
}

/// A log that is being read.
pub(super) struct Frames<'a> {
    program: &'a Program,
    bytes: Vec<u8>,
    /// How many of `bytes` are known to hold no end of a frame.
    searched: usize,
    /// Whether `bytes` begin in a frame that is refused already.
    skips: bool,
}

impl<'a> Frames<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        Self {
            program,
            bytes: Vec::new(),
            searched: 0,
            skips: false,
        }
    }

    /// The next frame between zeros.
    fn next_rzcobs(&mut self) -> Option<Message> {
        loop {
            let rest = &self.bytes[self.searched..];
            let Some(len) = rest.iter().position(|&byte| byte == 0) else {
                self.searched = self.bytes.len();
                let is_long = self.searched > LONGEST;
                if is_long || self.skips {
                    self.bytes.clear();
                    self.searched = 0;
                }
                let is_new = is_long && !self.skips;
                self.skips |= is_long;
                return is_new.then_some(Message::Refused(Refusal::Long.to_string()));
            };
            let end = self.searched + len;
            let frame: Vec<u8> = self.bytes.drain(..=end).take(end).collect();
            self.searched = 0;
            if std::mem::take(&mut self.skips) || frame.is_empty() {
                continue;
            }
            let message = match rzcobs::decode(&frame) {
                _ if frame.len() > LONGEST => Err(Fault::Refused(Refusal::Long)),
                Some(bytes) if bytes.len() > LONGEST => Err(Fault::Refused(Refusal::Long)),
                Some(bytes) => self.program.message(&bytes),
                None => Err(Fault::Malformed),
            };
            return Some(match message {
                Ok((line, _)) => Message::Line(line),
                Err(Fault::Cut | Fault::Malformed) => Message::Torn,
                Err(Fault::Refused(refusal)) => Message::Refused(refusal.to_string()),
            });
        }
    }

    /// The next frame, where one ends as its text says: without it the next cannot be found.
    fn next_raw(&mut self) -> Option<Message> {
        match self.program.message(&self.bytes) {
            Ok((line, len)) => {
                self.bytes.drain(..len);
                Some(Message::Line(line))
            }
            Err(Fault::Cut) if self.bytes.len() <= LONGEST => None,
            Err(_) => Some(Message::Lost),
        }
    }
}

impl Messages for Frames<'_> {
    fn received(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<Message> {
        match self.program.table.encoding() {
            Encoding::Rzcobs => self.next_rzcobs(),
            _ => self.next_raw(),
        }
    }
}
