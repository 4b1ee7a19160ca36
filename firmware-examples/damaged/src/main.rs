//! Damaged checkpoints on the device: every one is refused with a reason and an offset, and the
//! head that was to be restored stays as it was.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, figure};
use gradlet::checkpoint::{self, Checkpoint, Fault};
use gradlet::{Adam, Head, Owned};

static HEAD: Owned<Head<4, 3, Adam>> = Owned::new();
static CHECKPOINT: Owned<[u8; 1024]> = Owned::new();

board::main!(run);

fn run(_board: Board) -> Result<(), &'static str> {
    let head = HEAD
        .init(Adam::new(0.01))
        .map_err(|_| "the head is taken")?;
    head.minimize(&[0.5, -0.25, 1.0, 0.0], 2)
        .map_err(|_| "the label is a class")?;
    let buffer = CHECKPOINT.take().map_err(|_| "the buffer is taken")?;
    let written =
        checkpoint::write(head, &mut buffer[..]).map_err(|_| "the buffer is too small")?;
    let bytes = buffer
        .get_mut(..written as usize)
        .ok_or("longer than the buffer")?;
    checkpoint_is(bytes, Ok(()))?;

    let mut refused = 0u32;
    for len in 0..bytes.len() {
        let truncated = bytes.get(..len).unwrap_or_default();
        checkpoint_is(truncated, Err(Fault::Truncated))?;
        refused += 1;
    }
    figure("truncated.refused", refused, "checkpoint");

    refused = 0;
    for byte in 0..bytes.len() {
        for bit in 0..8 {
            flip(bytes, byte, bit);
            if Checkpoint::parse(bytes).is_ok() {
                return Err("a flipped bit was not noticed");
            }
            flip(bytes, byte, bit);
            refused += 1;
        }
    }
    figure("flipped.refused", refused, "checkpoint");

    // A stored length of 4 GiB and more dimensions than bytes: nothing is reserved for either.
    let saved: [u8; 40] = bytes
        .first_chunk()
        .copied()
        .ok_or("shorter than a header")?;
    for (at, value) in [
        (0, 0),
        (4, 9),
        (5, 1),
        (6, 0xff),
        (7, 0xff),
        (24, 0xfe),
        (31, 0xff),
    ] {
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        if Checkpoint::parse(bytes).is_ok() {
            return Err("a hostile header was believed");
        }
        for (byte, saved) in bytes.iter_mut().zip(saved) {
            *byte = saved;
        }
    }

    // Of another model: refused, and the head keeps what it has.
    let step = head.global_step();
    let whole = Checkpoint::parse(bytes).map_err(|_| "the checkpoint was damaged meanwhile")?;
    let mut smaller: Head<3, 3, Adam> = Head::new(Adam::new(0.01));
    if checkpoint::restore(&mut smaller, &whole).is_ok() || smaller.kernel() != &[[0.0; 3]; 3] {
        return Err("a checkpoint of another shape was restored");
    }
    checkpoint::restore(head, &whole).map_err(|_| "the head's own checkpoint was refused")?;
    if head.global_step() != step {
        return Err("the step is another one");
    }
    Ok(())
}

fn flip(bytes: &mut [u8], byte: usize, bit: u32) {
    if let Some(byte) = bytes.get_mut(byte) {
        *byte ^= 1 << bit;
    }
}

/// Whether `bytes` are a whole checkpoint, or have this fault where they end.
fn checkpoint_is(bytes: &[u8], expected: Result<(), Fault>) -> Result<(), &'static str> {
    match (Checkpoint::parse(bytes), expected) {
        (Ok(_), Ok(())) => Ok(()),
        (Err(error), Err(fault))
            if error.fault == fault && error.offset as usize == bytes.len() =>
        {
            Ok(())
        }
        _ => Err("a checkpoint was taken for another than it is"),
    }
}
