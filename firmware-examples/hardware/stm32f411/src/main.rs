//! Training on an STM32F411 ("Black Pill", 25 MHz crystal): samples over USART2, checkpoints in the
//! three sectors of 128 KiB, the log over RTT.
//!
//! An erase of such a sector takes up to two seconds, in which the processor stands still: the flash
//! is written in the background only on chips with two banks.
//!
//! Not run on hardware.
#![no_std]
#![no_main]

use defmt_rtt as _;
use stm32f4xx_hal::flash::{FlashExt, LockedFlash};
use stm32f4xx_hal::{nb, pac::Peripherals, prelude::*, rcc::Config};

/// Behind what `memory.x` gives to the program.
const CHECKPOINTS: core::ops::Range<u32> = 128 * 1024..512 * 1024;

#[cortex_m_rt::entry]
fn main() -> ! {
    if let Err(reason) = start() {
        defmt::error!("{}", reason);
    }
    loop {
        cortex_m::asm::wfe();
    }
}

fn start() -> Result<(), &'static str> {
    let peripherals = Peripherals::take().ok_or("the peripherals are taken")?;
    let clocks = Config::hse(25.MHz()).sysclk(96.MHz());
    let mut rcc = peripherals.RCC.freeze(clocks);
    let pins = peripherals.GPIOA.split(&mut rcc);
    let line = peripherals.USART2.rx(pins.pa3, 115_200.bps(), &mut rcc);
    let mut line = line.map_err(|_| "the USART has no such speed")?;
    let mut flash = LockedFlash::new(peripherals.FLASH);

    training::run(flash.unlocked(), CHECKPOINTS, |sample| {
        let mut bytes = sample.bytes_mut().iter_mut();
        bytes.all(|byte| nb::block!(line.read()).map(|read| *byte = read).is_ok())
    })?;
    Err("the line broke down")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    cortex_m::peripheral::SCB::sys_reset()
}
