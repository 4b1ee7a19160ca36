//! Text for the assembler that the kernels share.

/// One block of assembly on the FPU that flushes denormals: between the braces the kernel, behind
/// them its operands. FPSCR is as it was at the end; of its modes only FZ is touched, so that NaNs
/// are not replaced by the default one.
#[cfg(not(feature = "ieee-denormals"))]
macro_rules! flushing {
    ({ $($text:tt)* } $($operand:tt)*) => {
        text::plain!({
            "vmrs {mode}, fpscr",
            "orr {flush}, {mode}, #0x1000000",
            "vmsr fpscr, {flush}",
            $($text)*
            "vmsr fpscr, {mode}",
        } $($operand)* mode = out(reg) _, flush = out(reg) _,)
    };
}

/// One block of assembly on the FPU.
#[cfg(feature = "ieee-denormals")]
macro_rules! flushing {
    ($($block:tt)*) => { text::plain!($($block)*) };
}

/// One block of assembly on the FPU: between the braces the kernel, behind them its operands.
macro_rules! plain {
    ({ $($text:tt)* } $($operand:tt)*) => {
        core::arch::asm!(
            $($text)*
            $($operand)*
            out("s0") _, out("s1") _, out("s2") _, out("s3") _,
            out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            out("s12") _, out("s13") _, out("s14") _, out("s15") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _,
            out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _, out("s25") _, out("s26") _, out("s27") _,
            out("s28") _, out("s29") _, out("s30") _, out("s31") _,
            options(nostack),
        )
    };
}

/// An instruction on consecutive registers: the first `$width` of those listed, where `$width` is
/// a number or a template operand that names a constant.
macro_rules! multiple {
    ($instruction:literal $width:literal: $first:literal $($last:literal)*) => {
        text::multiple!(@ $instruction $width $first (1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16) $first $($last)*)
    };
    (@ $instruction:literal $width:literal $first:literal
     ($count:literal $($counts:literal)*) $last:literal $($rest:literal)*) => {
        concat!(
            ".if ", $width, " == ", $count, "\n",
            $instruction, ", {{", $first, "-", $last, "}}\n",
            ".endif\n",
            text::multiple!(@ $instruction $width $first ($($counts)*) $($rest)*)
        )
    };
    (@ $instruction:literal $width:literal $first:literal ($($counts:literal)*)) => { "" };
}

/// What `$op` does to a lane, for each lane below `$width` (a number or a template operand that
/// names a constant), given the lane's registers.
macro_rules! each_lane {
    ($op:ident $width:literal: $($lane:literal ($($register:literal)+))+) => {
        concat!($(".if ", $width, " > ", $lane, "\n", $op!($($register)+), ".endif\n"),+)
    };
}

pub(super) use {each_lane, flushing, multiple, plain};
