//! Device checkpoints: the decoder, restoring, and the host's reader.

use std::io::{self, Read as _, Seek as _};

use embedded_io::{ErrorType, Read, Seek, SeekFrom};
use gradlet::checkpoint::{
    Checkpoint, DecodeError, Decoder, Encoder, Event, Match, Piece, Restore, SinglePass,
};
use gradlet::{Adam, Crc32c, Head, Momentum};
use gradlet_host::DeviceCheckpoint;

use crate::memory::bounded;
use crate::seal;

/// Reads a device checkpoint in every way there is; all of them must agree.
pub fn checkpoint(bytes: &[u8]) {
    read(bytes);
    let mut sealed = bytes.to_vec();
    seal::checkpoint(&mut sealed);
    read(&sealed);
}

fn read(bytes: &[u8]) {
    bounded(bytes.len(), || {
        let whole = Checkpoint::parse(bytes);
        let sizes = [
            1,
            usize::from(bytes.last().copied().unwrap_or(7)).max(2),
            bytes.len().max(1),
        ];
        for size in sizes {
            let len = whole.as_ref().map(Checkpoint::len).map_err(|error| *error);
            assert_eq!(in_pieces(bytes, size), len, "in pieces of {size}");
        }
        if let Ok(checkpoint) = whole {
            elements_are_as_promised(&checkpoint);
            restore::<4>(&checkpoint, bytes);
            restore::<64>(&checkpoint, bytes);
        }
    });
    // What is left out of a file, equal elements and zeros, is real in memory: up to a limit.
    if let Ok(file) = DeviceCheckpoint::from_bytes("device.gck".as_ref(), bytes.to_vec()) {
        for tensor in file.tensors().filter(|tensor| tensor.stored_len > 16) {
            let _ = tensor.load();
        }
    }
}

/// The length of the checkpoint that the decoder finds, fed `size` bytes at a time.
fn in_pieces(bytes: &[u8], size: usize) -> Result<usize, DecodeError> {
    let mut decoder = Decoder::new();
    for piece in bytes.chunks(size) {
        let mut input = piece;
        loop {
            let least = decoder.remaining();
            match decoder.advance(&mut input)? {
                Event::More => {
                    assert!(least > 0, "a decoder that needs nothing asks for more");
                    break;
                }
                Event::End => return Ok(decoder.offset() as usize),
                _ => {}
            }
        }
    }
    decoder.finish()?;
    Ok(decoder.offset() as usize)
}

/// Shape, count, elements and checksum of each tensor agree.
fn elements_are_as_promised(checkpoint: &Checkpoint<'_>) {
    for tensor in checkpoint.tensors() {
        let info = tensor.info;
        let size = info.dtype.size() as u64;
        let (mut bytes, mut crc, mut summed) = (0u64, Crc32c::new(), true);
        tensor.decode(|piece| match piece {
            Piece::Elements(piece) => {
                bytes += piece.len() as u64;
                crc.update(piece);
            }
            Piece::Repeated { element, count } => {
                bytes += u64::from(count) * element.len() as u64;
                summed &= count < 4096;
                (0..count.min(4096)).for_each(|_| crc.update(element));
            }
        });
        assert_eq!(bytes, u64::from(info.elements) * size, "{info:?}");
        assert_eq!(
            info.shape.elements(),
            Some(u64::from(info.elements)),
            "{info:?}"
        );
        if summed {
            assert_eq!(crc.value(), tensor.crc32c, "{info:?}");
        }
    }
}

/// Restores into heads that Adam and Momentum train. What fails leaves no trace; what succeeds
/// gives the same in one pass, in two, and from memory.
fn restore<const INPUTS: usize>(checkpoint: &Checkpoint<'_>, bytes: &[u8]) {
    let fresh = || Head::<INPUTS, 3, Adam>::new(Adam::new(0.5));
    let untouched = encoded(&fresh());
    let lenient = Restore::new();
    let options = [
        lenient,
        lenient.require(Match::Existing),
        lenient.reshape().convert(),
        lenient.only(&["head/kernel", "global_step"]).convert(),
    ];
    for restore in options {
        let (mut assigned, mut read, mut once) = (fresh(), fresh(), fresh());
        let from_memory = restore.assign(&mut assigned, checkpoint);
        let from_reader = restore.read(&mut read, File(io::Cursor::new(bytes)));
        let in_one_pass = restore.read_once(&mut once, SinglePass(bytes));
        assert_eq!(from_memory.is_ok(), from_reader.is_ok());
        assert_eq!(from_memory.is_ok(), in_one_pass.is_ok());
        if from_memory.is_ok() {
            assert_eq!(
                encoded(&assigned),
                encoded(&read),
                "from memory and in two passes"
            );
            assert_eq!(
                encoded(&assigned),
                encoded(&once),
                "from memory and in one pass"
            );
        } else {
            assert_eq!(
                encoded(&assigned),
                untouched,
                "a failed restore left traces"
            );
            assert_eq!(encoded(&read), untouched, "a failed restore left traces");
        }
    }
    let mut other = Head::<INPUTS, 3, Momentum>::new(Momentum::new(0.5, 0.9));
    let _ = lenient.assign(&mut other, checkpoint);
}

fn encoded<const INPUTS: usize>(head: &Head<INPUTS, 3, Adam>) -> Vec<u8> {
    let mut bytes = vec![0; 16 << 10];
    let len = Encoder::new()
        .fill(head, &mut bytes)
        .expect("a small head fits");
    assert!(len < bytes.len());
    bytes.truncate(len);
    bytes
}

/// A file in memory, as firmware reads one.
struct File<'a>(io::Cursor<&'a [u8]>);

impl ErrorType for File<'_> {
    type Error = io::Error;
}

impl Read for File<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Seek for File<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to.into())
    }
}
