//! The correctly rounded square root, from the FPU where there is one.

/// √x, rounded once.
#[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
#[allow(
    unsafe_code,
    reason = "the FPU's square root has no safe name in `core`"
)]
pub(crate) fn sqrt(x: f32) -> f32 {
    let mut bits = x.to_bits();
    // SAFETY: touches the registers named and nothing else; every core with this ABI has vsqrt.
    unsafe {
        core::arch::asm!(
            "vmov s0, {bits}",
            "vsqrt.f32 s0, s0",
            "vmov {bits}, s0",
            bits = inout(reg) bits,
            out("s0") _,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    f32::from_bits(bits)
}

/// √x, rounded once.
#[cfg(not(all(target_arch = "arm", target_abi = "eabihf")))]
pub(crate) fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}
