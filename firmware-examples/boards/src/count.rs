//! Counting instructions.
use crate::arch;

/// How many instructions `work` executes. It is exact to one or two where QEMU's clock follows the
/// instructions, which `cargo xtask bench device` asks for; otherwise the number means nothing.
pub fn instructions(work: impl FnOnce()) -> u32 {
    let nothing = between(|| {});
    between(work).saturating_sub(nothing)
}

fn between(work: impl FnOnce()) -> u32 {
    let start = arch::instructions();
    work();
    let end = arch::instructions();
    arch::instructions_between(start, end) as u32
}
