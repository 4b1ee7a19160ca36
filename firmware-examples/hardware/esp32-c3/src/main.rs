//! Training on an ESP32-C3: samples over UART0, checkpoints in a partition of the flash, the log over
//! the USB serial port.
//!
//! The program runs from that flash too: while it is erased or written the code that does so lies in
//! the ROM, and no interrupt is served.
//!
//! Not run on hardware.
#![no_std]
#![no_main]

use esp_hal::{Config, main, system::software_reset, uart};
use esp_println as _;
use esp_storage::FlashStorage;

esp_bootloader_esp_idf::esp_app_desc!();

/// A partition that `partitions.csv` keeps free: 16 blocks of 4 KiB.
const CHECKPOINTS: core::ops::Range<u32> = 0x3f_0000..0x40_0000;

#[main]
fn main() -> ! {
    let peripherals = esp_hal::init(Config::default());
    let flash = FlashStorage::new(peripherals.FLASH);
    // 115,200 bits a second.
    match uart::UartRx::new(peripherals.UART0, uart::Config::default()) {
        Ok(line) => train(flash, line.with_rx(peripherals.GPIO20)),
        Err(_) => defmt::error!("the UART has no such speed"),
    }
    loop {
        core::hint::spin_loop();
    }
}

fn train(flash: FlashStorage<'_>, mut line: uart::UartRx<'_, esp_hal::Blocking>) {
    let ended = training::run(flash, CHECKPOINTS, |sample| {
        let mut rest = sample.bytes_mut();
        while !rest.is_empty() {
            // Waits for one byte, and takes what there is.
            match line.read(rest) {
                Ok(read) => rest = rest.get_mut(read..).unwrap_or_default(),
                Err(_) => return false,
            }
        }
        true
    });
    match ended {
        Ok(()) => defmt::error!("the line broke down"),
        Err(reason) => defmt::error!("{}", reason),
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    software_reset()
}
