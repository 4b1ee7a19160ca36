//! A dense layer's products. The FPU keeps denormals here, as the portable kernel does.

use super::{text, width};

// What is done to a lane, given its registers: feature, weight and sum.

macro_rules! product {
    ($x:literal $w:literal $sum:literal) => {
        concat!("vmul.f32 ", $w, ", ", $x, ", ", $w, "\n")
    };
}

macro_rules! sum {
    ($x:literal $w:literal $sum:literal) => {
        concat!("vadd.f32 ", $sum, ", ", $sum, ", ", $w, "\n")
    };
}

macro_rules! lanes {
    ($op:ident $x:literal) => {
        text::each_lane!($op "{width}":
            0 ($x "s14" "s0") 1 ($x "s15" "s1") 2 ($x "s16" "s2") 3 ($x "s17" "s3")
            4 ($x "s18" "s4") 5 ($x "s19" "s5") 6 ($x "s20" "s6") 7 ($x "s21" "s7")
            8 ($x "s22" "s8") 9 ($x "s23" "s9") 10 ($x "s24" "s10") 11 ($x "s25" "s11")
            12 ($x "s26" "s12") 13 ($x "s27" "s13")
        )
    };
}

macro_rules! sums {
    ($instruction:literal) => {
        text::multiple!($instruction "{width}":
            "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7" "s8" "s9" "s10" "s11" "s12" "s13")
    };
}

macro_rules! weights {
    ($instruction:literal) => {
        text::multiple!($instruction "{width}":
            "s14" "s15" "s16" "s17" "s18" "s19" "s20" "s21" "s22" "s23" "s24" "s25" "s26" "s27")
    };
}

/// Adds a row whose feature is in register `$x`.
macro_rules! row {
    ($x:literal) => {
        concat!(
            weights!("vldmia {w}!"),
            lanes!(product $x),
            ".if {n} > {width}\nadd {w}, {skip}\n.endif\n",
            lanes!(sum $x),
        )
    };
}

/// Columns whose sums stay in registers.
const COLUMNS: usize = 14;

/// sum ← sum + Σ x·row, in the order of the rows; `matrix` has `N` columns.
#[inline(never)]
pub(crate) fn accumulate<const N: usize>(sum: &mut [f32; N], x: &[f32], matrix: &[f32]) {
    let elements = x.len().saturating_mul(N);
    if elements == 0 || elements > matrix.len() {
        return;
    }
    for column in (0..N - N % COLUMNS).step_by(COLUMNS) {
        // SAFETY: the matrix has a row for each `x`, and these columns lie within the row.
        unsafe { block::<N, false>(sum, x, matrix, column) };
    }
    if N % COLUMNS != 0 {
        // SAFETY: as above.
        unsafe { block::<N, true>(sum, x, matrix, N - N % COLUMNS) };
    }
}

/// Some columns from `column` on: `COLUMNS`, or what remains of `N` at the end of each row.
///
/// # Safety
/// `x` is not empty, `matrix` has as many rows of `N` columns, and the columns exist.
unsafe fn block<const N: usize, const END: bool>(
    sum: &mut [f32; N],
    x: &[f32],
    matrix: &[f32],
    column: usize,
) {
    // SAFETY: reads `x` and the columns of each row; reads and writes the columns of `sum`.
    unsafe {
        text::plain!({
            sums!("vldmia {sum}"),
            "subs {rows}, #4",
            "blo 3f",
            "2:",
            "vldmia {x}!, {{s28-s31}}",
            row!("s28"),
            row!("s29"),
            row!("s30"),
            row!("s31"),
            "subs {rows}, #4",
            "bhs 2b",
            "3:",
            "adds {rows}, #4",
            "beq 5f",
            "4:",
            "vldmia {x}!, {{s28}}",
            row!("s28"),
            "subs {rows}, #1",
            "bne 4b",
            "5:",
            sums!("vstmia {sum}"),
        }
            n = const N,
            width = const { width::<N, COLUMNS, END>() },
            skip = in(reg) const { size_of::<f32>() * (N - width::<N, COLUMNS, END>()) },
            sum = in(reg) sum.as_mut_ptr().add(column),
            w = inout(reg) matrix.as_ptr().add(column) => _,
            x = inout(reg) x.as_ptr() => _,
            rows = inout(reg) x.len() => _,
        )
    }
}
