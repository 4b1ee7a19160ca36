//! Frames on a lossy line, from both sides.

use std::convert::Infallible;

use embedded_io::{ErrorType, Read, Write};
use gradlet::transport::{Buffer, Deframer, Frame, Received, serve};
use gradlet::{GradientDescent, Head};
use gradlet_host::receive::{Progress, Receiver};

use crate::memory::bounded;
use crate::seal;

/// Takes a line as the receiver of a checkpoint and as its sender.
pub fn transport(bytes: &[u8]) {
    both_sides(bytes);
    both_sides(&seal::frames(bytes));
}

fn both_sides(line: &[u8]) {
    let whole = frames(line, line.len().max(1));
    assert_eq!(
        frames(line, 1),
        whole,
        "frames depend on how the line is cut into pieces"
    );
    for size in [3, line.len().max(1)] {
        bounded(line.len(), || receive(line, size));
    }
    let head = Head::<4, 3, GradientDescent>::new(GradientDescent::new(0.5));
    // Ends, with an acknowledgement or with the line.
    let _ = serve(&head, 1, Line(line));
}

/// Feeds a receiver, which also asks for what it misses, as after each silence.
fn receive(line: &[u8], size: usize) {
    let mut receiver = Receiver::new();
    for piece in line.chunks(size) {
        let mut input = piece;
        while !input.is_empty() {
            match receiver.take(&mut input) {
                Progress::Complete(bytes) => {
                    assert!(bytes.len() <= line.len(), "more came out than went in");
                    assert!(gradlet::checkpoint::Checkpoint::parse(&bytes).is_ok());
                }
                Progress::More | Progress::Incomplete => {
                    let request = receiver.request();
                    if let Some((gaps, total)) = receiver.missing() {
                        assert!(!gaps.is_empty() && gaps.iter().all(|gap| gap.end <= total));
                        assert!(request.is_some(), "something is missing and not asked for");
                    }
                }
            }
        }
    }
    let _ = receiver.tally();
}

/// The intact frames of a line, as they would be sent again.
fn frames(line: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut deframer = Deframer::new();
    let mut frames = Vec::new();
    for piece in line.chunks(size) {
        let mut input = piece;
        loop {
            match deframer.advance(&mut input) {
                Received::More => break,
                Received::Frame(frame) => frames.push(sent_again(&frame)),
                Received::Fault(_) => {}
            }
        }
    }
    frames
}

/// The bytes of a frame, which must be read back as the same frame.
fn sent_again(frame: &Frame<'_>) -> Vec<u8> {
    let mut buffer = Buffer::new();
    let bytes = frame.encode(&mut buffer).to_vec();
    let mut deframer = Deframer::new();
    let mut input = &bytes[..];
    assert_eq!(deframer.advance(&mut input), Received::Frame(*frame));
    bytes
}

/// A line on which these bytes come; whatever is sent is lost.
struct Line<'a>(&'a [u8]);

impl ErrorType for Line<'_> {
    type Error = Infallible;
}

impl Read for Line<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let len = self.0.len().min(buffer.len());
        let (bytes, rest) = self.0.split_at(len);
        buffer[..len].copy_from_slice(bytes);
        self.0 = rest;
        Ok(len)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
