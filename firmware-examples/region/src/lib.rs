//! The part of a board's flash that holds checkpoints: opened, or formatted if whoever is at the
//! serial line says so.
#![no_std]
#![forbid(unsafe_code)]

use embedded_io::{Read, Write};
use embedded_storage::nor_flash::NorFlash;
use gradlet::manager::{CheckpointManager, OpenError, Options, Partition};

/// Erase blocks of the flash that are used at most.
const BLOCKS: usize = 32;

/// Checkpoints in the first blocks of `flash`, which may be given up as [`prepare`] says.
///
/// # Errors
/// A text for the person who runs the program.
pub fn open<'f, F: NorFlash>(
    flash: &'f mut F,
    options: Options,
    line: &mut (impl Read + Write),
) -> Result<CheckpointManager<Partition<&'f mut F>>, &'static str> {
    prepare(flash, options, line)?;
    prepared(flash, options)
}

/// Sees to it that the first blocks of `flash` can be opened. Flash that holds something else is
/// given up only if the answer on `line` is `y`.
///
/// # Errors
/// A text for the person who runs the program.
pub fn prepare<F: NorFlash>(
    flash: &mut F,
    options: Options,
    line: &mut (impl Read + Write),
) -> Result<(), &'static str> {
    // Opening writes nothing, so that it can be tried.
    match refusal(flash, options)? {
        None => Ok(()),
        Some(error) => {
            ask(error, line)?;
            format(flash, options)
        }
    }
}

/// Checkpoints in the first blocks of `flash` after [`prepare`].
///
/// # Errors
/// A text for the person who runs the program.
#[inline(never)]
pub fn prepared<F: NorFlash>(
    flash: &mut F,
    options: Options,
) -> Result<CheckpointManager<Partition<&mut F>>, &'static str> {
    CheckpointManager::open(first_blocks(flash)?, options)
        .map_err(|_| "the flash reads differently from one moment to the next")
}

// Not inlined, so that a small device has only one of them on its stack.

#[inline(never)]
fn refusal<F: NorFlash>(
    flash: &mut F,
    options: Options,
) -> Result<Option<OpenError>, &'static str> {
    Ok(CheckpointManager::open(first_blocks(flash)?, options).err())
}

#[inline(never)]
fn format<F: NorFlash>(flash: &mut F, options: Options) -> Result<(), &'static str> {
    CheckpointManager::format(first_blocks(flash)?, options)
        .map(drop)
        .map_err(|_| "the flash cannot be formatted")
}

fn first_blocks<F: NorFlash>(flash: &mut F) -> Result<Partition<&mut F>, &'static str> {
    let used = flash.capacity().min(BLOCKS * F::ERASE_SIZE);
    let used = u32::try_from(used).map_err(|_| "the flash is too large")?;
    Partition::new(flash, 0..used).map_err(|_| "the flash has no whole blocks")
}

/// Asks whether what is in the flash may be given up, where that can help.
fn ask(error: OpenError, line: &mut (impl Read + Write)) -> Result<(), &'static str> {
    if matches!(error, OpenError::Geometry(_)) {
        return Err("the flash cannot hold checkpoints");
    }
    const BROKEN: &str = "the serial line is broken";
    line.write_all(b"the flash holds something else than checkpoints; format it? ")
        .map_err(|_| BROKEN)?;
    let mut answer = [0];
    line.read_exact(&mut answer).map_err(|_| BROKEN)?;
    if answer == *b"y" {
        Ok(())
    } else {
        Err("the flash holds something else than checkpoints")
    }
}
