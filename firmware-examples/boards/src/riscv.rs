//! What every RISC-V board has in common: start-up, faults, the stack's bounds and the counters.
use crate::exit;
use core::{arch::asm, ops::Range, ptr};
use riscv::register::{mcause, mepc, minstret};
use riscv_rt::TrapFrame;

/// What the stack is painted with.
pub(crate) const PAINT: u32 = 0xCCCC_CCCC;

/// The machine's clock, in the core-local interruptor.
const MTIME: *const u32 = 0x0200_BFF8 as *const u32;

/// Paints the part of the stack that is not in use yet.
pub(crate) fn init() {
    let stack_pointer: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) stack_pointer, options(nomem, nostack)) };
    /// What this function itself may still push.
    const SLACK: usize = 128;
    for address in (stack().start..stack_pointer - SLACK).step_by(size_of::<u32>()) {
        // SAFETY: aligned, inside the stack's region, below everything that is in use.
        unsafe { ptr::write_volatile(address as *mut u32, PAINT) };
    }
}

/// Ticks since the start, [`crate::TICK_HZ`] of them a second.
pub fn ticks() -> u64 {
    loop {
        // SAFETY: the two halves of the clock.
        let [low, high, again] = unsafe {
            let high = ptr::read_volatile(MTIME.add(1));
            let low = ptr::read_volatile(MTIME);
            [low, high, ptr::read_volatile(MTIME.add(1))]
        };
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Instructions executed, when QEMU counts them.
pub(crate) fn instructions() -> u64 {
    minstret::read64()
}

/// Instructions between two values of [`instructions`].
pub(crate) fn instructions_between(start: u64, end: u64) -> u64 {
    end - start
}

/// Starts the board anew, as its reset button does.
pub fn reset() -> ! {
    /// The machine's power controller.
    const CONTROLLER: *mut u32 = 0x0010_0000 as *mut u32;
    const RESET: u32 = 0x7777;
    // SAFETY: a register that does nothing but this.
    unsafe { ptr::write_volatile(CONTROLLER, RESET) };
    loop {
        riscv::asm::wfi();
    }
}

/// Executes an instruction that is none, on purpose.
pub fn fault() -> ! {
    // SAFETY: does nothing but fault.
    unsafe { asm!("unimp", options(noreturn)) }
}

// SAFETY: the start-up code declares it like this.
#[unsafe(export_name = "ExceptionHandler")]
extern "C" fn exception(frame: &TrapFrame) -> ! {
    exit::fault(
        mcause::read().code() as u32,
        mepc::read() as u32,
        frame.ra as u32,
    )
}

/// Where the stack may live: from the end of the static data to the end of the RAM.
pub(crate) fn stack() -> Range<usize> {
    unsafe extern "C" {
        static __estack: u32;
        static __sstack: u32;
    }
    (&raw const __estack) as usize..(&raw const __sstack) as usize
}
