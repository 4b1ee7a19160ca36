//! Training on an nRF52840 (its development kit): samples over the UART of the USB probe, checkpoints
//! in the last 64 KiB of the flash, the log over RTT.
//!
//! Not run on hardware.
#![no_std]
#![no_main]

use defmt_rtt as _;
use embassy_nrf::nvmc::{FLASH_SIZE, Nvmc};
use embassy_nrf::uarte::{Config, InterruptHandler, Uarte};
use embassy_nrf::{bind_interrupts, peripherals::UARTE0};

bind_interrupts!(struct Interrupts {
    UARTE0 => InterruptHandler<UARTE0>;
});

/// As `memory.x` leaves it free: 16 blocks of 4 KiB.
const CHECKPOINTS: core::ops::Range<u32> = FLASH_SIZE as u32 - 64 * 1024..FLASH_SIZE as u32;

#[cortex_m_rt::entry]
fn main() -> ! {
    let peripherals = embassy_nrf::init(Default::default());
    let (rx, tx) = (peripherals.P0_08, peripherals.P0_06);
    // 115,200 bits a second.
    let mut line = Uarte::new(peripherals.UARTE0, rx, tx, Interrupts, Config::default());
    let flash = Nvmc::new(peripherals.NVMC);

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
