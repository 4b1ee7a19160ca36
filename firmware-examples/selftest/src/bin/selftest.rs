//! Checks what a board promises to the examples, before anybody looks for a fault in those.
//!
//! A new board is right when this program says so on it: `cargo xtask run selftest --board NAME`.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, Value, figure};
use embedded_io::{Read, Write};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

board::main!(selftest);

fn selftest(mut board: Board) -> Result<(), &'static str> {
    board::info!("selftest on {=str}", board::NAME);
    figure("count", 4_294_967_295, "count");
    figure("real", -12.34375_f32, "count");
    figure("bits", Value::Bits(0x0123_cdef), "bits");

    time_passes()?;
    file(&mut board)?;
    flash(&mut board.flash)?;
    serial(&mut board.serial)
}

/// The other end answers to what it was sent (`serial` in `Cargo.toml`).
fn serial(line: &mut (impl Read + Write)) -> Result<(), &'static str> {
    line.write_all(b"selftest\n")
        .map_err(|_| "the serial line takes no bytes")?;
    let mut answer = [0; 6];
    line.read_exact(&mut answer)
        .map_err(|_| "the serial line gives no bytes")?;
    if &answer == b"heard\n" {
        Ok(())
    } else {
        Err("the serial line gives other bytes than were sent")
    }
}

fn time_passes() -> Result<(), &'static str> {
    let start = board::ticks();
    for _ in 0..1_000_000 {
        if board::ticks() > start {
            return Ok(());
        }
    }
    Err("the ticks stand still")
}

fn file(board: &mut Board) -> Result<(), &'static str> {
    let mut file = board
        .open(c"selftest.bin")
        .map_err(|error| error.as_str())?;
    for byte in 0..=u8::MAX {
        file.write_all(&[byte]).map_err(|error| error.as_str())?;
    }
    Ok(())
}

/// NOR flash: erased is ones, a write is read back, another block keeps what it has.
fn flash<F: NorFlash>(flash: &mut F) -> Result<(), &'static str> {
    let block = F::ERASE_SIZE as u32;
    let mut bytes = [0; 32];
    flash
        .erase(0, 2 * block)
        .map_err(|_| "the flash does not erase")?;
    for (offset, value) in [(0, 0x5A), (block, 0xA5)] {
        expect(
            flash,
            offset,
            &mut bytes,
            0xFF,
            "erased flash is not all ones",
        )?;
        flash
            .write(offset, &[value; 32])
            .map_err(|_| "the flash does not write")?;
        expect(
            flash,
            offset,
            &mut bytes,
            value,
            "the flash reads other bytes than were written",
        )?;
    }
    flash
        .erase(0, block)
        .map_err(|_| "the flash does not erase")?;
    expect(flash, 0, &mut bytes, 0xFF, "erased flash is not all ones")?;
    expect(
        flash,
        block,
        &mut bytes,
        0xA5,
        "an erase took the block beside it",
    )
}

fn expect<F: ReadNorFlash>(
    flash: &mut F,
    offset: u32,
    bytes: &mut [u8],
    value: u8,
    wrong: &'static str,
) -> Result<(), &'static str> {
    flash
        .read(offset, bytes)
        .map_err(|_| "the flash does not read")?;
    if bytes.iter().all(|&byte| byte == value) {
        Ok(())
    } else {
        Err(wrong)
    }
}
