//! Counting instructions.
use crate::arch;
use core::hint::black_box;

/// How many instructions `work` executes. It is exact to one or two where QEMU's clock follows the
/// instructions, which `cargo xtask bench device` asks for; otherwise the number means nothing.
pub fn instructions(work: impl FnOnce()) -> u32 {
    // Made opaque, so that no arithmetic on it is done while the work is counted.
    let nothing = black_box(between(|| {}));
    let work = black_box(between(work));
    count(work).saturating_sub(count(nothing))
}

fn between(work: impl FnOnce()) -> [u64; 2] {
    let start = gradlet_count_mark();
    work();
    [start, gradlet_count_mark()]
}

fn count([start, end]: [u64; 2]) -> u32 {
    arch::instructions_between(start, end) as u32
}

/// By its name the host finds, in a trace of the program, where what is counted begins and ends.
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn gradlet_count_mark() -> u64 {
    arch::instructions()
}
