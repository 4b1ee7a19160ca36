//! [`Momentum`](crate::Momentum) without Nesterov's look-ahead, many lanes at a time.

use super::{text, width};
use crate::kernel::{MomentumRates, NoKernel};
use crate::optimizer::Elements;

// What is done to a lane, given its registers: delta, gradient, accumulator and v. Registers s28
// and s29 hold learning rate and µ, s30 the feature.

/// g = x·δ
macro_rules! gradient {
    ($d:literal $g:literal $a:literal $v:literal) => {
        concat!("vmul.f32 ", $g, ", s30, ", $d, "\n")
    };
}

/// a·µ
macro_rules! decayed {
    ($d:literal $g:literal $a:literal $v:literal) => {
        concat!("vmul.f32 ", $a, ", ", $a, ", s29\n")
    };
}

/// a ← a·µ + g
macro_rules! accumulated {
    ($d:literal $g:literal $a:literal $v:literal) => {
        concat!("vadd.f32 ", $a, ", ", $a, ", ", $g, "\n")
    };
}

/// a·lr, in the gradient's register.
macro_rules! change {
    ($d:literal $g:literal $a:literal $v:literal) => {
        concat!("vmul.f32 ", $g, ", ", $a, ", s28\n")
    };
}

/// v ← v − a·lr
macro_rules! changed {
    ($d:literal $g:literal $a:literal $v:literal) => {
        concat!("vsub.f32 ", $v, ", ", $v, ", ", $g, "\n")
    };
}

/// Up to eight lanes with a gradient from memory.
macro_rules! dense_lanes {
    ($op:ident $width:literal) => {
        text::each_lane!($op $width:
            0 ("" "s0" "s8" "s16") 1 ("" "s1" "s9" "s17") 2 ("" "s2" "s10" "s18") 3 ("" "s3" "s11" "s19")
            4 ("" "s4" "s12" "s20") 5 ("" "s5" "s13" "s21") 6 ("" "s6" "s14" "s22") 7 ("" "s7" "s15" "s23")
        )
    };
}

macro_rules! dense_chunk {
    ($width:literal) => {
        concat!(
            text::multiple!("vldmia {a}" $width: "s8" "s9" "s10" "s11" "s12" "s13" "s14" "s15"),
            text::multiple!("vldmia {g}!" $width: "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7"),
            dense_lanes!(decayed $width),
            text::multiple!("vldmia {v}" $width: "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23"),
            dense_lanes!(accumulated $width),
            dense_lanes!(change $width),
            text::multiple!("vstmia {a}!" $width: "s8" "s9" "s10" "s11" "s12" "s13" "s14" "s15"),
            dense_lanes!(changed $width),
            text::multiple!("vstmia {v}!" $width: "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23"),
        )
    };
}

/// Up to five lanes with a gradient that is feature times delta.
macro_rules! outer_lanes {
    ($op:ident $width:literal ($d0:literal $d1:literal $d2:literal $d3:literal $d4:literal)) => {
        text::each_lane!($op $width:
            0 ($d0 "s10" "s15" "s20")
            1 ($d1 "s11" "s16" "s21")
            2 ($d2 "s12" "s17" "s22")
            3 ($d3 "s13" "s18" "s23")
            4 ($d4 "s14" "s19" "s24")
        )
    };
}

macro_rules! outer_chunk {
    ($width:literal $deltas:tt) => {
        concat!(
            text::multiple!("vldmia {a}" $width: "s15" "s16" "s17" "s18" "s19"),
            outer_lanes!(gradient $width $deltas),
            outer_lanes!(decayed $width $deltas),
            text::multiple!("vldmia {v}" $width: "s20" "s21" "s22" "s23" "s24"),
            outer_lanes!(accumulated $width $deltas),
            outer_lanes!(change $width $deltas),
            text::multiple!("vstmia {a}!" $width: "s15" "s16" "s17" "s18" "s19"),
            outer_lanes!(changed $width $deltas),
            text::multiple!("vstmia {v}!" $width: "s20" "s21" "s22" "s23" "s24"),
        )
    };
}

/// A gradient from memory.
pub(crate) fn update<'a>(
    rates: &MomentumRates,
    elements: Elements<'a, [&'a mut [f32]; 1]>,
) -> Result<(), Elements<'a, [&'a mut [f32]; 1]>> {
    let len = elements.len();
    let (v, [a], g) = elements.into_parts();
    // SAFETY: reads `rates`, and reads and writes the `len` elements that all three have.
    unsafe {
        text::flushing!({
            "vldmia {rates}, {{s28-s29}}",
            "subs {rest}, #8",
            "blo 3f",
            "2:",
            dense_chunk!("8"),
            "subs {rest}, #8",
            "bhs 2b",
            "3:",
            "adds {rest}, #8",
            "beq 5f",
            "4:",
            dense_chunk!("1"),
            "subs {rest}, #1",
            "bne 4b",
            "5:",
        }
            rates = in(reg) rates,
            v = inout(reg) v.as_mut_ptr() => _,
            a = inout(reg) a.as_mut_ptr() => _,
            g = inout(reg) g.as_ptr() => _,
            rest = inout(reg) len => _,
        )
    }
    Ok(())
}

/// Columns whose deltas stay in registers.
const COLUMNS: usize = 10;

/// The gradient of a matrix of `N` columns that is the product of `x`, one a row, and `delta`,
/// one a column.
#[inline(never)]
pub(crate) fn update_outer<const N: usize>(
    rates: &MomentumRates,
    v: &mut [f32],
    [a]: [&mut [f32]; 1],
    x: &[f32],
    delta: &[f32; N],
) -> Result<(), NoKernel> {
    let elements = x.len().saturating_mul(N);
    if elements == 0 || elements > v.len().min(a.len()) {
        return Ok(());
    }
    for column in (0..N - N % COLUMNS).step_by(COLUMNS) {
        // SAFETY: each slice has a row for each `x`, and these columns lie within the row.
        unsafe { outer_block::<N, false>(rates, v, a, x, delta, column) };
    }
    if N % COLUMNS != 0 {
        // SAFETY: as above.
        unsafe { outer_block::<N, true>(rates, v, a, x, delta, N - N % COLUMNS) };
    }
    Ok(())
}

/// Some columns from `column` on: `COLUMNS`, or what remains of `N` at the end of each row.
///
/// # Safety
/// `x` is not empty, `v` and `a` have as many rows of `N` columns, and the columns exist.
unsafe fn outer_block<const N: usize, const END: bool>(
    rates: &MomentumRates,
    v: &mut [f32],
    a: &mut [f32],
    x: &[f32],
    delta: &[f32; N],
    column: usize,
) {
    // SAFETY: reads `rates`, `x` and `delta`, and reads and writes the columns of each row.
    unsafe {
        text::flushing!({
            "vldmia {rates}, {{s28-s29}}",
            text::multiple!("vldmia {d}!" "{left}": "s0" "s1" "s2" "s3" "s4"),
            text::multiple!("vldmia {d}!" "{right}": "s5" "s6" "s7" "s8" "s9"),
            "2:",
            "vldmia {x}!, {{s30}}",
            outer_chunk!("{left}" ("s0" "s1" "s2" "s3" "s4")),
            outer_chunk!("{right}" ("s5" "s6" "s7" "s8" "s9")),
            ".if {n} > {left} + {right}",
            "add {v}, {skip}",
            "add {a}, {skip}",
            ".endif",
            "subs {rows}, #1",
            "bne 2b",
        }
            n = const N,
            left = const { width::<N, COLUMNS, END>().div_ceil(2) },
            right = const { width::<N, COLUMNS, END>() / 2 },
            skip = in(reg) const { size_of::<f32>() * (N - width::<N, COLUMNS, END>()) },
            rates = in(reg) rates,
            v = inout(reg) v.as_mut_ptr().add(column) => _,
            a = inout(reg) a.as_mut_ptr().add(column) => _,
            x = inout(reg) x.as_ptr() => _,
            d = inout(reg) delta.as_ptr().add(column) => _,
            rows = inout(reg) x.len() => _,
        )
    }
}
