//! Arm MPS2 with the AN500 FPGA image: Cortex-M7 at 25 MHz.
use crate::{
    Board,
    driver::{cmsdk_uart::CmsdkUart, ram_flash::RamFlash},
};

/// How many ticks make a second.
pub const TICK_HZ: u32 = 25_000_000;

/// UART0.
pub type Serial = CmsdkUart;
/// The board has none: a region of RAM that keeps NOR flash's rules and forgets at power-off.
pub type Flash = RamFlash;

const UART0: usize = 0x4000_4000;

pub(crate) fn init() -> Board {
    Board {
        // SAFETY: the AN500 memory map has a CMSDK UART there, and `init` runs once.
        serial: unsafe { CmsdkUart::new(UART0) },
        // SAFETY: `init` runs once.
        flash: unsafe { RamFlash::new() },
    }
}
