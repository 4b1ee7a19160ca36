//! [`Adam`](crate::Adam), many lanes at a time.
//!
//! Lanes are interleaved an operation at a time, so that no result is used by the very next
//! instruction; the square roots stand away from the divisions, and each lane's registers are
//! stored as soon as they are done and used again.

use super::{text, width};
use crate::kernel::{AdamRates, NoKernel};
use crate::optimizer::Elements;

// What is done to a lane, given its registers: delta, gradient (then v), m and s. Registers s10 to
// s13 hold the rates, s14 the feature, s15 is free.

/// g = x·δ
macro_rules! gradient {
    ($d:literal $g:literal $m:literal $s:literal) => {
        concat!("vmul.f32 ", $g, ", s14, ", $d, "\n")
    };
}

/// m ← m + (g−m)·(1−β₁) and g ← (g·g−s)·(1−β₂), which is to be added to s.
macro_rules! moments {
    ($d:literal $g:literal $m:literal $s:literal) => {
        concat!(
            "vsub.f32 s15, ",
            $g,
            ", ",
            $m,
            "\n",
            "vmul.f32 ",
            $g,
            ", ",
            $g,
            ", ",
            $g,
            "\n",
            "vmul.f32 s15, s15, s11\n",
            "vsub.f32 ",
            $g,
            ", ",
            $g,
            ", ",
            $s,
            "\n",
            "vadd.f32 ",
            $m,
            ", ",
            $m,
            ", s15\n",
            "vmul.f32 ",
            $g,
            ", ",
            $g,
            ", s12\n",
        )
    };
}

/// s ← s + g
macro_rules! second_moment {
    ($d:literal $g:literal $m:literal $s:literal) => {
        concat!("vadd.f32 ", $s, ", ", $s, ", ", $g, "\n")
    };
}

/// The root of s and the numerator m·α.
macro_rules! root_and_numerator {
    ($d:literal $g:literal $m:literal $s:literal) => {
        concat!(
            "vsqrt.f32 ",
            $s,
            ", ",
            $s,
            "\n",
            "vmul.f32 ",
            $m,
            ", ",
            $m,
            ", s10\n",
        )
    };
}

macro_rules! denominator {
    ($d:literal $g:literal $m:literal $s:literal) => {
        concat!("vadd.f32 ", $s, ", ", $s, ", s13\n")
    };
}

macro_rules! quotient {
    ($d:literal $g:literal $m:literal $s:literal) => {
        concat!("vdiv.f32 ", $m, ", ", $m, ", ", $s, "\n")
    };
}

/// v ← v − quotient, v being in the gradient's register by now.
macro_rules! change {
    ($d:literal $g:literal $m:literal $s:literal) => {
        concat!("vsub.f32 ", $g, ", ", $g, ", ", $m, "\n")
    };
}

/// Up to eight lanes with a gradient from memory.
macro_rules! dense_lanes {
    ($op:ident $width:literal) => {
        text::each_lane!($op $width:
            0 ("" "s24" "s0" "s16") 1 ("" "s25" "s1" "s17") 2 ("" "s26" "s2" "s18") 3 ("" "s27" "s3" "s19")
            4 ("" "s28" "s4" "s20") 5 ("" "s29" "s5" "s21") 6 ("" "s30" "s6" "s22") 7 ("" "s31" "s7" "s23")
        )
    };
}

macro_rules! dense_chunk {
    ($width:literal) => {
        concat!(
            text::multiple!("vldmia {g}!" $width: "s24" "s25" "s26" "s27" "s28" "s29" "s30" "s31"),
            text::multiple!("vldmia {m}" $width: "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7"),
            text::multiple!("vldmia {s}" $width: "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23"),
            dense_lanes!(moments $width),
            dense_lanes!(second_moment $width),
            text::multiple!("vldmia {v}" $width: "s24" "s25" "s26" "s27" "s28" "s29" "s30" "s31"),
            text::multiple!("vstmia {m}!" $width: "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7"),
            text::multiple!("vstmia {s}!" $width: "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23"),
            dense_lanes!(root_and_numerator $width),
            dense_lanes!(denominator $width),
            dense_lanes!(quotient $width),
            dense_lanes!(change $width),
            text::multiple!("vstmia {v}!" $width: "s24" "s25" "s26" "s27" "s28" "s29" "s30" "s31"),
        )
    };
}

/// Up to five lanes with a gradient that is feature times delta.
macro_rules! outer_lanes {
    ($op:ident $width:literal ($d0:literal $d1:literal $d2:literal $d3:literal $d4:literal)) => {
        text::each_lane!($op $width:
            0 ($d0 "s26" "s16" "s21")
            1 ($d1 "s27" "s17" "s22")
            2 ($d2 "s28" "s18" "s23")
            3 ($d3 "s29" "s19" "s24")
            4 ($d4 "s30" "s20" "s25")
        )
    };
}

macro_rules! outer_chunk {
    ($width:literal $deltas:tt) => {
        concat!(
            outer_lanes!(gradient $width $deltas),
            text::multiple!("vldmia {m}" $width: "s16" "s17" "s18" "s19" "s20"),
            text::multiple!("vldmia {s}" $width: "s21" "s22" "s23" "s24" "s25"),
            outer_lanes!(moments $width $deltas),
            outer_lanes!(second_moment $width $deltas),
            text::multiple!("vldmia {v}" $width: "s26" "s27" "s28" "s29" "s30"),
            text::multiple!("vstmia {m}!" $width: "s16" "s17" "s18" "s19" "s20"),
            text::multiple!("vstmia {s}!" $width: "s21" "s22" "s23" "s24" "s25"),
            outer_lanes!(root_and_numerator $width $deltas),
            outer_lanes!(denominator $width $deltas),
            outer_lanes!(quotient $width $deltas),
            outer_lanes!(change $width $deltas),
            text::multiple!("vstmia {v}!" $width: "s26" "s27" "s28" "s29" "s30"),
        )
    };
}

/// A gradient from memory.
pub(crate) fn update<'a>(
    rates: &AdamRates,
    elements: Elements<'a, [&'a mut [f32]; 2]>,
) -> Result<(), Elements<'a, [&'a mut [f32]; 2]>> {
    let len = elements.len();
    let (v, [m, s], g) = elements.into_parts();
    // SAFETY: reads `rates`, and reads and writes the `len` elements that all four have.
    unsafe {
        text::flushing!({
            "vldmia {rates}, {{s10-s13}}",
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
            m = inout(reg) m.as_mut_ptr() => _,
            s = inout(reg) s.as_mut_ptr() => _,
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
///
/// A row whose feature is 0 and whose moments are all +0, one that never trained, keeps them and
/// its weights: that is much of a head behind ReLU, and skipped.
#[inline(never)]
pub(crate) fn update_outer<const N: usize>(
    rates: &AdamRates,
    v: &mut [f32],
    [m, s]: [&mut [f32]; 2],
    x: &[f32],
    delta: &[f32; N],
) -> Result<(), NoKernel> {
    let elements = x.len().saturating_mul(N);
    if elements == 0 || elements > v.len().min(m.len()).min(s.len()) {
        return Ok(());
    }
    for column in (0..N - N % COLUMNS).step_by(COLUMNS) {
        // SAFETY: each slice has a row for each `x`, and these columns lie within the row.
        unsafe { outer_block::<N, false>(rates, v, m, s, x, delta, column) };
    }
    if N % COLUMNS != 0 {
        // SAFETY: as above.
        unsafe { outer_block::<N, true>(rates, v, m, s, x, delta, N - N % COLUMNS) };
    }
    Ok(())
}

/// The sign bit is set if the rates' signs (or an ε of 0) let a moment of +0 move its weight.
fn signs(rates: &AdamRates) -> u32 {
    let epsilon = rates.epsilon.get().to_bits();
    rates.alpha.get().to_bits() | epsilon | epsilon.wrapping_sub(1)
}

/// s31 becomes NaN if a rate or a delta is infinite or NaN, else it stays +0.
macro_rules! finite {
    ($d:literal) => {
        concat!("vmla.f32 s31, ", $d, ", s30\n")
    };
}

/// The bits of a lane's moments, gathered.
macro_rules! gathered {
    ($offset:literal) => {
        concat!(
            "ldr {rates}, [{m}, #",
            $offset,
            "]\n",
            "orr {delta}, {delta}, {rates}\n",
            "ldr {rates}, [{s}, #",
            $offset,
            "]\n",
            "orr {delta}, {delta}, {rates}\n",
        )
    };
}

/// v ← v − 0: a denormal is flushed.
macro_rules! kept {
    ($v:literal) => {
        concat!("vsub.f32 ", $v, ", ", $v, ", s31\n")
    };
}

/// Some columns from `column` on: `COLUMNS`, or what remains of `N` at the end of each row.
///
/// # Safety
/// `x` is not empty, the slices have as many rows of `N` columns, and the columns exist.
unsafe fn outer_block<const N: usize, const END: bool>(
    rates: &AdamRates,
    v: &mut [f32],
    m: &mut [f32],
    s: &mut [f32],
    x: &[f32],
    delta: &[f32; N],
    column: usize,
) {
    // SAFETY: reads `rates`, `x` and `delta`, and reads and writes the columns of each row.
    unsafe {
        text::flushing!({
            "vldmia {rates}, {{s10-s13}}",
            text::multiple!("vldmia {delta}!" "{left}": "s0" "s1" "s2" "s3" "s4"),
            text::multiple!("vldmia {delta}!" "{right}": "s5" "s6" "s7" "s8" "s9"),
            // From here on {rates} and {delta} are free.
            "mov {rates}, #0",
            "vmov s30, {rates}",
            "vmov s31, {rates}",
            text::each_lane!(finite "4": 0 ("s10") 1 ("s11") 2 ("s12") 3 ("s13")),
            text::each_lane!(finite "{left}": 0 ("s0") 1 ("s1") 2 ("s2") 3 ("s3") 4 ("s4")),
            text::each_lane!(finite "{right}": 0 ("s5") 1 ("s6") 2 ("s7") 3 ("s8") 4 ("s9")),
            "vcmp.f32 s31, s31",
            "vmrs APSR_nzcv, fpscr",
            "it vs",
            "movvs {trains}, #1",
            "2:",
            "ldr {rates}, [{x}], #4",
            "orrs {delta}, {trains}, {rates}, lsl #1",
            "vmov s14, {rates}",
            "beq 5f",
            "3:",
            outer_chunk!("{left}" ("s0" "s1" "s2" "s3" "s4")),
            outer_chunk!("{right}" ("s5" "s6" "s7" "s8" "s9")),
            "4:",
            ".if {n} > {width}",
            "add {v}, {skip}",
            "add {m}, {skip}",
            "add {s}, {skip}",
            ".endif",
            "subs {rows}, #1",
            "bne 2b",
            "b 6f",
            "5:",
            "ldr {delta}, [{s}]",
            "cmp {delta}, #0",
            "bne 3b",
            text::each_lane!(gathered "{width}":
                0 ("0") 1 ("4") 2 ("8") 3 ("12") 4 ("16") 5 ("20") 6 ("24") 7 ("28") 8 ("32") 9 ("36")),
            "cmp {delta}, #0",
            "bne 3b",
            text::multiple!("vldmia {v}" "{width}":
                "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23" "s24" "s25"),
            text::each_lane!(kept "{width}":
                0 ("s16") 1 ("s17") 2 ("s18") 3 ("s19") 4 ("s20")
                5 ("s21") 6 ("s22") 7 ("s23") 8 ("s24") 9 ("s25")),
            text::multiple!("vstmia {v}!" "{width}":
                "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23" "s24" "s25"),
            "add {m}, #4 * {width}",
            "add {s}, #4 * {width}",
            "b 4b",
            "6:",
        }
            n = const N,
            width = const { width::<N, COLUMNS, END>() },
            left = const { width::<N, COLUMNS, END>().div_ceil(2) },
            right = const { width::<N, COLUMNS, END>() / 2 },
            skip = in(reg) const { size_of::<f32>() * (N - width::<N, COLUMNS, END>()) },
            trains = inout(reg) signs(rates) >> 31 => _,
            rates = inout(reg) rates => _,
            v = inout(reg) v.as_mut_ptr().add(column) => _,
            m = inout(reg) m.as_mut_ptr().add(column) => _,
            s = inout(reg) s.as_mut_ptr().add(column) => _,
            x = inout(reg) x.as_ptr() => _,
            delta = inout(reg) delta.as_ptr().add(column) => _,
            rows = inout(reg) x.len() => _,
        )
    }
}
