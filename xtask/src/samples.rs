//! Labelled samples for a board that asks for them over its serial line.
//!
//! A sample is a transfer of the frames that checkpoints travel in (`gradlet::transport`): its
//! number in the order of collection names it, its class is its first byte, the model's input
//! follows. The board asks for the bytes that it has not got, so a line may lose what it will. A
//! request for nothing answers a board that asks for more samples than there are.
use crate::story::Story;
use ::gradlet::transport::{Buffer, Deframer, Frame, MOST_DATA, Received};
use anyhow::Result;
use std::{
    io::{Read, Write},
    path::Path,
};

/// The samples, each its class and its input.
#[derive(Clone, Debug)]
pub struct Samples(Vec<Vec<u8>>);

impl Samples {
    /// The samples that a story's training order uses, in the order of their first use.
    ///
    /// # Errors
    /// If the story has no such order.
    pub fn of(story: &Path, mode: &str) -> Result<Self> {
        Story::open(story)?.samples(mode).map(Self)
    }

    /// Answers a board's requests until it is gone.
    ///
    /// # Errors
    /// If the line breaks before that.
    pub fn talk(&self, line: &mut (impl Read + Write)) -> Result<()> {
        let mut deframer = Deframer::new();
        let mut bytes = [0; 256];
        loop {
            let count = line.read(&mut bytes)?;
            if count == 0 {
                return Ok(());
            }
            let mut input = &bytes[..count];
            loop {
                match deframer.advance(&mut input) {
                    Received::More => break,
                    Received::Frame(Frame::Request {
                        transfer,
                        offset,
                        len,
                        ..
                    }) => self.answer(line, transfer, offset as usize, len as usize)?,
                    // Noise, or an answer that the line gave back.
                    Received::Frame(_) | Received::Fault(_) => {}
                }
            }
        }
    }

    fn answer(
        &self,
        line: &mut impl Write,
        transfer: u16,
        offset: usize,
        len: usize,
    ) -> Result<()> {
        let mut buffer = Buffer::new();
        let sample = self
            .0
            .get(usize::from(transfer))
            .map_or(&[][..], Vec::as_slice);
        let total = sample.len() as u32;
        let end = offset.saturating_add(len).min(sample.len());
        let wanted = sample.get(offset..end).unwrap_or_default();
        if wanted.is_empty() {
            let nothing = Frame::Request {
                transfer,
                total,
                offset: total,
                len: 0,
            };
            line.write_all(nothing.encode(&mut buffer))?;
        }
        for (number, bytes) in wanted.chunks(MOST_DATA).enumerate() {
            let data = Frame::Data {
                transfer,
                total,
                offset: (offset + number * MOST_DATA) as u32,
                bytes,
            };
            line.write_all(data.encode(&mut buffer))?;
        }
        Ok(())
    }
}
