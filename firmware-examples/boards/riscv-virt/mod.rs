//! QEMU's RISC-V machine `virt`.
mod cfi_flash;
mod ns16550;

use crate::Board;

/// How many ticks make a second.
pub const TICK_HZ: u32 = 10_000_000;

/// The UART.
pub type Serial = ns16550::Ns16550;
/// The second bank of the flash, whose content QEMU keeps in a file.
pub type Flash = cfi_flash::CfiFlash;

pub(crate) fn init() -> Board {
    Board {
        // SAFETY: `init` runs once.
        serial: unsafe { ns16550::Ns16550::new() },
        // SAFETY: `init` runs once.
        flash: unsafe { cfi_flash::CfiFlash::new() },
    }
}
