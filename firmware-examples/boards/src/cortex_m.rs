//! What every Cortex-M board has in common: start-up, faults, the stack's bounds and SysTick.
use crate::{Value, console, exit, figure};
use core::{
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
};
use cortex_m::peripheral::{Peripherals, SCB, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};

/// What `cortex-m-rt` paints the stack with.
pub(crate) const PAINT: u32 = cortex_m_rt::STACK_PAINT_VALUE;

/// SysTick counts 24 bits down.
const RELOAD: u32 = 0x00FF_FFFF;

/// How often SysTick has wrapped.
static WRAPS: AtomicU32 = AtomicU32::new(0);

/// Starts the tick source.
pub(crate) fn init() {
    if let Some(mut peripherals) = Peripherals::take() {
        peripherals.SYST.set_clock_source(SystClkSource::Core);
        peripherals.SYST.set_reload(RELOAD);
        peripherals.SYST.clear_current();
        peripherals.SYST.enable_interrupt();
        peripherals.SYST.enable_counter();
    }
}

/// Ticks since the start, [`crate::TICK_HZ`] of them a second.
pub fn ticks() -> u64 {
    loop {
        let before = wraps();
        let left = SYST::get_current();
        // A wrap between the two reads would pair an old count with a new remainder.
        if before == wraps() {
            // Zero is the last value before the reload, and the one that the start leaves.
            let since_wrap = (RELOAD + 1 - left) & RELOAD;
            return u64::from(before) * (u64::from(RELOAD) + 1) + u64::from(since_wrap);
        }
    }
}

/// How often SysTick has wrapped, the wrap that is still waiting for its exception included.
fn wraps() -> u32 {
    let waiting = SCB::is_pendst_pending();
    WRAPS
        .load(Ordering::Relaxed)
        .wrapping_add(u32::from(waiting))
}

#[exception]
fn SysTick() {
    // The only writer, so a load and a store suffice (Cortex-M0 has no more).
    WRAPS.store(
        WRAPS.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Relaxed,
    );
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    console::line(&["fault: HardFault"]);
    figure("fault_pc", Value::Bits(frame.pc()), "address");
    figure("fault_lr", Value::Bits(frame.lr()), "address");
    exit::end(exit::FAULT)
}

#[exception]
unsafe fn DefaultHandler(number: i16) -> ! {
    console::line(&["fault: an exception without a handler"]);
    figure("fault_exception", number as u32, "number");
    exit::end(exit::FAULT)
}

/// Where the stack may live: from the end of the static data to the end of the RAM.
pub(crate) fn stack() -> Range<usize> {
    unsafe extern "C" {
        static _stack_end: u32;
        static _stack_start: u32;
    }
    (&raw const _stack_end) as usize..(&raw const _stack_start) as usize
}
