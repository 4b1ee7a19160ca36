//! Instructions of one exponential, power and cosine: core's own, libm's, and what core's feature
//! `micromath` puts in their place.
//!
//! The arguments are a softmax's (−8 to 0) and a schedule's (a base from 0.5 to 1, an exponent from
//! 0 to 10; an angle from 0 to π). Core's functions are compiled from its files, as they are private.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use bench::{Numbers, report_per};
use board::Board;
use core::f32::consts::PI;
use core::hint::black_box;

#[path = "../../../core/src/approximate.rs"]
mod approximate;
#[path = "../../../core/src/kernel/exp.rs"]
mod exp;

board::main!(run);

/// Arguments of a function.
const COUNT: usize = 64;

fn run(_: Board) -> Result<(), &'static str> {
    let mut numbers = Numbers::new(10);
    let mut from_0_to_1 = || numbers.array::<COUNT>().map(|x| 0.5 + 0.5 * x);
    let logits = from_0_to_1().map(|part| -8.0 * part);
    one("exp.instructions", &logits, exp::exp_of_non_positive);
    one("exp_libm.instructions", &logits, libm::expf);
    one(
        "exp_micromath.instructions",
        &logits,
        approximate::exp_of_non_positive,
    );

    let bases = from_0_to_1().map(|part| 0.5 + 0.5 * part);
    let exponents = from_0_to_1().map(|part| 10.0 * part);
    two("pow_libm.instructions", &bases, &exponents, libm::powf);
    two(
        "pow_micromath.instructions",
        &bases,
        &exponents,
        approximate::pow,
    );

    let angles = from_0_to_1().map(|part| PI * part);
    one("cos_libm.instructions", &angles, libm::cosf);
    one("cos_micromath.instructions", &angles, approximate::cos);
    Ok(())
}

/// Counts a call of `function` for each argument.
#[inline(always)]
fn one(name: &str, arguments: &[f32; COUNT], function: impl Fn(f32) -> f32) {
    report_per(COUNT, name, || {
        for &x in black_box(arguments) {
            black_box(function(x));
        }
    });
}

/// The same for a function of two arguments.
#[inline(always)]
fn two(
    name: &str,
    first: &[f32; COUNT],
    second: &[f32; COUNT],
    function: impl Fn(f32, f32) -> f32,
) {
    report_per(COUNT, name, || {
        for (&x, &y) in black_box(first).iter().zip(black_box(second)) {
            black_box(function(x, y));
        }
    });
}
