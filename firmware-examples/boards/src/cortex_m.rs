//! What every Cortex-M board has in common: start-up, faults, the stack's bounds and SysTick.
use crate::exit;
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

/// Where SysTick is, which QEMU drives by the instructions executed when it counts them.
pub(crate) fn instructions() -> u64 {
    ticks()
}

/// Instructions between two values of [`instructions`].
pub(crate) fn instructions_between(start: u64, end: u64) -> u64 {
    const NANOSECONDS: u64 = 1_000_000_000;
    let per_second = u64::from(crate::TICK_HZ) << crate::INSTRUCTION_SHIFT;
    // To the nearest: a tick is not a whole number of instructions.
    ((end - start) * NANOSECONDS + per_second / 2) / per_second
}

/// How often SysTick has wrapped, the wrap that is still waiting for its exception included.
fn wraps() -> u32 {
    let waiting = SCB::is_pendst_pending();
    WRAPS
        .load(Ordering::Relaxed)
        .wrapping_add(u32::from(waiting))
}

/// Executes an instruction that is none, on purpose.
pub fn fault() -> ! {
    ::cortex_m::asm::udf()
}

#[exception]
fn SysTick() {
    // The only writer, so a load and a store suffice (Cortex-M0 has no more).
    WRAPS.store(
        WRAPS.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Relaxed,
    );
}

/// Starts the board anew, as its reset button does.
pub fn reset() -> ! {
    SCB::sys_reset()
}

/// HardFault's number among the exceptions.
const HARD_FAULT: u32 = 3;

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    exit::fault(HARD_FAULT, frame.pc(), frame.lr())
}

#[exception]
unsafe fn DefaultHandler(number: i16) -> ! {
    // Interrupts count from 0, the processor's own exceptions downwards from there.
    const FIRST_INTERRUPT: i16 = 16;
    exit::fault(number.wrapping_add(FIRST_INTERRUPT) as u32, 0, 0)
}

/// Where the stack may live: from the end of the static data to the end of the RAM.
pub(crate) fn stack() -> Range<usize> {
    unsafe extern "C" {
        static _stack_end: u32;
        static _stack_start: u32;
    }
    (&raw const _stack_end) as usize..(&raw const _stack_start) as usize
}
