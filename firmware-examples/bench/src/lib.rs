//! What the bench programs share: numbers to work on, the same in every run, and the counting.
//!
//! Each program prints figures `WHAT.instructions[_per_UNIT]`; `cargo xtask bench device` runs it
//! with a clock that follows the instructions, and puts the board's processor in front of the names.
#![no_std]
#![forbid(unsafe_code)]

use board::{figure, instructions};

/// Prints how many instructions `work` takes.
pub fn report(name: &str, work: impl FnOnce()) {
    figure(name, instructions(work), "instruction");
}

/// Prints how many instructions `work` takes for each of the `count` things that it treats.
pub fn report_per(count: usize, name: &str, work: impl FnOnce()) {
    figure(
        name,
        instructions(work) as f32 / count as f32,
        "instruction",
    );
}

/// A source of numbers that are what trained ones are: of every size in a range, none special.
#[derive(Debug, Clone)]
pub struct Numbers(u32);

impl Numbers {
    /// The source that starts from `seed`.
    pub const fn new(seed: u32) -> Self {
        Self(0x9e37_79b9 ^ seed)
    }

    /// From −1 to 1, evenly.
    pub fn number(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        ((self.0 >> 8) as f32 + 0.5) / (1 << 23) as f32 - 1.0
    }

    /// All of `slice`.
    pub fn fill(&mut self, slice: &mut [f32]) {
        slice.fill_with(|| self.number());
    }

    /// Several of them.
    pub fn array<const N: usize>(&mut self) -> [f32; N] {
        core::array::from_fn(|_| self.number())
    }
}
