//! Arm MPS3 with the AN547 FPGA image: Cortex-M55 at 32 MHz, in the secure state that it starts in.
use crate::{
    Board,
    driver::{cmsdk_uart::CmsdkUart, ram_flash::RamFlash},
};

/// How many ticks make a second.
pub const TICK_HZ: u32 = 32_000_000;

/// UART0.
pub type Serial = CmsdkUart;
/// The board has none: a region of RAM that keeps NOR flash's rules and forgets at power-off.
pub type Flash = RamFlash;

/// Its secure address.
const UART0: usize = 0x5930_3000;

pub(crate) fn init() -> Board {
    Board {
        // SAFETY: the AN547 memory map has a CMSDK UART there, and `init` runs once.
        serial: unsafe { CmsdkUart::new(UART0) },
        // SAFETY: `init` runs once.
        flash: unsafe { RamFlash::new() },
    }
}
