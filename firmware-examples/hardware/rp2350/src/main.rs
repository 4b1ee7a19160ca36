//! Training on an RP2350 (a Raspberry Pi Pico 2): samples over UART0, checkpoints in the last 64 KiB of
//! the flash, the log over RTT.
//!
//! The program runs from that flash too: while it is erased or written the driver's code lies in RAM
//! and no interrupt is served.
//!
//! Not run on hardware.
#![no_std]
#![no_main]

use defmt_rtt as _;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::uart::{Config, UartRx};

/// Of the whole chip.
const FLASH_SIZE: usize = 4 * 1024 * 1024;

/// As `memory.x` leaves it free: 16 blocks of 4 KiB. The driver counts from the flash's beginning.
const CHECKPOINTS: core::ops::Range<u32> = FLASH_SIZE as u32 - 64 * 1024..FLASH_SIZE as u32;

#[cortex_m_rt::entry]
fn main() -> ! {
    let peripherals = embassy_rp::init(Default::default());
    // 115,200 bits a second, on GPIO 1.
    let mut line = UartRx::new_blocking(peripherals.UART0, peripherals.PIN_1, Config::default());
    let flash = Flash::<_, Blocking, FLASH_SIZE>::new_blocking(peripherals.FLASH);

    let ended = training::run(flash, CHECKPOINTS, |sample| {
        line.blocking_read(sample.bytes_mut()).is_ok()
    });
    match ended {
        Ok(()) => defmt::error!("the line broke down"),
        Err(reason) => defmt::error!("{}", reason),
    }
    loop {
        cortex_m::asm::wfe();
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    cortex_m::peripheral::SCB::sys_reset()
}
