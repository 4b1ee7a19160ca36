//! Instructions a byte of writing a checkpoint, beside those of its checksum alone and of a copy,
//! and the memory that writer, reader and manager take.
//!
//! The checkpoint is that of a head of 256 features and 10 classes with Adam (31 KB), and of a small
//! one of 64 features; the writer it goes to takes the bytes and does nothing with them.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use bench::{Numbers, report_per};
use board::{Board, Flash, figure};
use core::convert::Infallible;
use core::hint::black_box;
use embedded_io::{ErrorType, Write};
use gradlet::checkpoint::{Choice, Decoder, Encoder};
use gradlet::manager::CheckpointManager;
use gradlet::{Adam, Crc32c, Head, Owned};

static HEAD: Owned<Head<256, 10, Adam>> = Owned::new();
static SMALL: Owned<Head<64, 10, Adam>> = Owned::new();

board::main!(run);

/// The name of a figure, with the table that the checksum has.
macro_rules! named {
    ($before:literal, $behind:literal) => {
        if cfg!(feature = "crc32c-table-4k") {
            concat!($before, $behind)
        } else if cfg!(feature = "crc32c-table-1k") {
            concat!($before, "_table_1k", $behind)
        } else if cfg!(feature = "crc32c-table-64") {
            concat!($before, "_table_64", $behind)
        } else {
            concat!($before, "_no_table", $behind)
        }
    };
}

fn run(_: Board) -> Result<(), &'static str> {
    let head = HEAD.init(Adam::new(0.01)).map_err(|_| "taken")?;
    let small = SMALL.init(Adam::new(0.01)).map_err(|_| "taken")?;
    train(head)?;
    train(small)?;

    let mut numbers = Numbers::new(8);
    let bytes: [u8; BYTES] = core::array::from_fn(|_| (numbers.number() * 128.0) as i8 as u8);
    let mut crc = Crc32c::new();
    report_per(BYTES, named!("crc32c", ".instructions_per_byte"), || {
        crc.update(black_box(&bytes));
    });
    black_box(crc.value());

    let len = write(
        head,
        named!("writer", ".instructions_per_byte"),
        named!("writer_smallest", ".instructions_per_byte"),
    )?;
    write(
        small,
        named!("writer_64x10", ".instructions_per_byte"),
        named!("writer_64x10_smallest", ".instructions_per_byte"),
    )?;
    if cfg!(feature = "crc32c-table-4k") {
        let mut copy = [0; BYTES];
        report_per(BYTES, "copy.instructions_per_byte", || {
            for (byte, from) in copy.iter_mut().zip(black_box(&bytes)) {
                *byte = black_box(*from);
            }
        });
        figure("checkpoint", len, "byte");
        figure("writer.state", size_of::<Encoder>() as u32, "byte");
        figure("reader.state", size_of::<Decoder>() as u32, "byte");
        let manager = size_of::<CheckpointManager<Flash>>() as u32;
        figure("manager.state", manager, "byte");
    }
    Ok(())
}

/// Some steps, so that no slot is what it was at first.
fn train<const IN: usize>(head: &mut Head<IN, 10, Adam>) -> Result<(), &'static str> {
    let mut numbers = Numbers::new(7);
    for label in 0..3 {
        head.minimize(&numbers.array::<IN>(), label)
            .map_err(|_| "no such class")?;
    }
    Ok(())
}

/// Counts writing the elements as they are, and with the smallest lossless encoding.
fn write<const IN: usize>(
    head: &Head<IN, 10, Adam>,
    raw: &str,
    smallest: &str,
) -> Result<u32, &'static str> {
    let encoder = || Encoder::new().choosing(|_| Choice::Raw);
    let len = encoder().write(head, Sink).map_err(|_| "no checkpoint")?;
    report_per(len as usize, raw, || {
        let _ = black_box(encoder().write(black_box(head), Sink));
    });
    report_per(len as usize, smallest, || {
        let _ = black_box(Encoder::new().write(black_box(head), Sink));
    });
    Ok(len)
}

/// Bytes to hash and to copy.
const BYTES: usize = 1024;

/// Takes everything at once.
struct Sink;

impl ErrorType for Sink {
    type Error = Infallible;
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(black_box(bytes).len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
