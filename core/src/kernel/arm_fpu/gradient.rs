//! The gradient of a dense layer's kernel over several samples.

use super::{text, width};
use crate::kernel::NoKernel;

// What is done to a lane, given its registers: delta and sum. Register s24 holds the feature.

/// x·δ
macro_rules! product {
    ($d:literal $sum:literal) => {
        concat!("vmul.f32 ", $d, ", s24, ", $d, "\n")
    };
}

macro_rules! sum {
    ($d:literal $sum:literal) => {
        concat!("vadd.f32 ", $sum, ", ", $sum, ", ", $d, "\n")
    };
}

/// The first eight lanes.
macro_rules! left {
    ($op:ident) => {
        text::each_lane!($op "{width}":
            0 ("s16" "s0") 1 ("s17" "s1") 2 ("s18" "s2") 3 ("s19" "s3")
            4 ("s20" "s4") 5 ("s21" "s5") 6 ("s22" "s6") 7 ("s23" "s7")
        )
    };
}

/// The lanes behind them.
macro_rules! right {
    ($op:ident) => {
        text::each_lane!($op "{width}":
            8 ("s16" "s8") 9 ("s17" "s9") 10 ("s18" "s10") 11 ("s19" "s11")
            12 ("s20" "s12") 13 ("s21" "s13") 14 ("s22" "s14") 15 ("s23" "s15")
        )
    };
}

macro_rules! sums {
    ($instruction:literal) => {
        text::multiple!($instruction "{width}":
            "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7"
            "s8" "s9" "s10" "s11" "s12" "s13" "s14" "s15")
    };
}

macro_rules! deltas {
    ($width:literal) => {
        text::multiple!("vldmia {d}!" $width:
            "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23")
    };
}

/// Columns whose sums stay in registers.
const COLUMNS: usize = 16;

/// gradient ← gradient + Σ x·δ, in the order of the samples, for the columns from `first` on:
/// [`COLUMNS`] of them, or as many as remain at the end of a row.
pub(crate) fn accumulate<const N: usize>(
    gradient: &mut [f32],
    first: usize,
    x: &[f32],
    deltas: &[[f32; N]],
) -> Result<(), NoKernel> {
    let len = gradient.len();
    if x.is_empty() || x.len() > deltas.len() || first.saturating_add(len) > N {
        return Err(NoKernel);
    }
    // SAFETY: there is a delta for each `x`, with the columns, and `gradient` is as long as they are.
    unsafe {
        match len {
            _ if len == width::<N, COLUMNS, false>() => {
                block::<N, false>(gradient, first, x, deltas)
            }
            _ if len == width::<N, COLUMNS, true>() => block::<N, true>(gradient, first, x, deltas),
            _ => return Err(NoKernel),
        }
    }
    Ok(())
}

/// # Safety
/// `x` is not empty, `deltas` are as many, `gradient` is as long as a block is wide, and the columns
/// from `first` on exist.
#[inline(never)]
unsafe fn block<const N: usize, const END: bool>(
    gradient: &mut [f32],
    first: usize,
    x: &[f32],
    deltas: &[[f32; N]],
) {
    // SAFETY: reads `x` and the columns of each delta; reads and writes `gradient`.
    unsafe {
        text::flushing!({
            sums!("vldmia {g}"),
            "2:",
            "vldmia {x}!, {{s24}}",
            deltas!("{left}"),
            left!(product),
            left!(sum),
            deltas!("{right}"),
            ".if {n} > {width}",
            "add {d}, {skip}",
            ".endif",
            right!(product),
            right!(sum),
            "subs {samples}, #1",
            "bne 2b",
            sums!("vstmia {g}"),
        }
            n = const N,
            width = const { width::<N, COLUMNS, END>() },
            left = const { width::<N, COLUMNS, END>() - width::<N, COLUMNS, END>().saturating_sub(8) },
            right = const { width::<N, COLUMNS, END>().saturating_sub(8) },
            skip = in(reg) const { size_of::<f32>() * (N - width::<N, COLUMNS, END>()) },
            g = in(reg) gradient.as_mut_ptr(),
            x = inout(reg) x.as_ptr() => _,
            d = inout(reg) deltas.as_flattened().as_ptr().add(first) => _,
            samples = inout(reg) x.len() => _,
        )
    }
}
