//! BBC micro:bit v1: Nordic nRF51822, Cortex-M0 at 16 MHz, 16 KiB of RAM.
mod nvmc;
mod uart;

use crate::Board;

/// How many ticks make a second.
pub const TICK_HZ: u32 = 16_000_000;

/// UART0.
pub type Serial = uart::Uart;
/// The end of the flash that also holds the program.
pub type Flash = nvmc::Nvmc;

pub(crate) fn init() -> Board {
    Board {
        // SAFETY: `init` runs once.
        serial: unsafe { uart::Uart::new() },
        // SAFETY: `init` runs once.
        flash: unsafe { nvmc::Nvmc::new() },
    }
}
