//! Kernels for ARM cores with an FPU of single precision (Cortex-M4F, M7, M33 and their like).
//!
//! Same bits as the portable kernels, with one exception: these kernels let the FPU flush
//! denormals, and ARM decides before rounding where x86, TensorFlow's reference, decides after. A
//! product or quotient whose exact magnitude lies in [2⁻¹²⁶ − 2⁻¹⁵¹, 2⁻¹²⁶) is 2⁻¹²⁶ there and 0
//! here. Sums and differences of that size are exact and never differ.
//!
//! Arithmetic is `vmul` and `vadd`: `vmla` rounds the same way, but takes a cycle more than both.
#![allow(
    unsafe_code,
    reason = "multiple loads and the FPU's modes have no safe name in `core`"
)]

pub(crate) mod adam;
pub(crate) mod dense;
pub(crate) mod gradient;
pub(crate) mod momentum;
mod text;

/// Columns in a block of a matrix of `N`: `COLUMNS`, or what remains of `N` at the end of a row.
const fn width<const N: usize, const COLUMNS: usize, const END: bool>() -> usize {
    if END || N < COLUMNS {
        N % COLUMNS
    } else {
        COLUMNS
    }
}
