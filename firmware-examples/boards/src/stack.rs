//! How much stack the program has used: the region is painted before `main`, and what is no longer
//! paint has been used.
use crate::arch;

/// The deepest that the stack has been since the start, in bytes, or `None` if not one painted word
/// is left, so that the stack may have grown beyond its region.
pub(crate) fn peak() -> Option<u32> {
    let region = arch::stack();
    let is_used = |address: &usize| {
        // SAFETY: aligned and inside the stack's region; below the stack pointer nothing writes.
        unsafe { core::ptr::read_volatile(*address as *const u32) != arch::PAINT }
    };
    let deepest = region.clone().step_by(size_of::<u32>()).find(is_used)?;
    (deepest > region.start).then(|| (region.end - deepest) as u32)
}
