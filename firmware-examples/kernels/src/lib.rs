//! The board's kernels against the portable ones: the build script has run the same cases on the
//! host, and every digest must be the host's.
#![no_std]
#![forbid(unsafe_code)]

mod cases;

use board::{Board, figure};
use core::hint::black_box;
use gradlet::Momentum;
use gradlet::optimizer::{Elements, Optimizer};

/// Name and digest of each case on the host.
const EXPECTED: &[(&str, u32)] = include!(concat!(env!("OUT_DIR"), "/expected.rs"));

/// Whether this board has kernels that let the FPU flush denormals.
const FPU_FLUSHES: bool = cfg!(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(feature = "ieee-denormals")
));

/// Runs the cases, prints how many passed and which failed.
///
/// # Errors
/// If one failed.
pub fn run(_: Board) -> Result<(), &'static str> {
    let mut tally = Tally::default();
    let mut expected = EXPECTED.iter();
    cases::run(&mut |name, digest| {
        tally.add(name, expected.next() == Some(&(name, digest)));
    });
    tally.add("every case ran", expected.next().is_none());
    tally.add("the boundary of denormals", boundary());
    tally.add("a NaN keeps its payload", !FPU_FLUSHES || nan_payload());
    // Last: every kernel has run by now.
    tally.add("denormals are the program's own again", denormals_remain());
    figure("kernels.passed", tally.passed, "count");
    figure("kernels.failed", tally.failed, "count");
    match tally.failed {
        0 => Ok(()),
        _ => Err("the board computes other bits than the host"),
    }
}

#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    fn add(&mut self, name: &str, holds: bool) {
        if holds {
            self.passed += 1;
        } else {
            self.failed += 1;
            figure(name, 1, "failure");
        }
    }
}

/// The one place where the FPU's bits differ, by one rounding: a product from 2⁻¹²⁶ − 2⁻¹⁵¹ to
/// below 2⁻¹²⁶ is 2⁻¹²⁶ on x86 and 0 on ARM. Below that it is 0 on both.
fn boundary() -> bool {
    let smallest = f32::MIN_POSITIVE;
    let product = |k: i32| {
        let part = f32::from_bits((127 - k as u32) << 23); // 2⁻ᵏ
        accumulated(smallest * (1.0 + part), 1.0 - part) // 2⁻¹²⁶·(1 − 2⁻²ᵏ)
    };
    let (within, below) = if FPU_FLUSHES {
        (0.0, 0.0)
    } else if cfg!(feature = "ieee-denormals") {
        (smallest, smallest)
    } else {
        (smallest, 0.0)
    };
    product(13) == within && product(12) == below
}

/// The bits are not replaced by those of the default NaN, as they would be in that mode.
fn nan_payload() -> bool {
    const PAYLOAD: u32 = 0x7fc1_2345;
    accumulated(f32::from_bits(PAYLOAD), 1.0).to_bits() == PAYLOAD
}

/// a·µ, as Momentum computes it in a vector of nine.
fn accumulated(a: f32, mu: f32) -> f32 {
    let (mut v, mut slot) = ([0.0; 9], [a; 9]);
    let step = Momentum::new(0.0, mu).begin(0);
    if let Ok(elements) = Elements::new(&mut v, [&mut slot[..]], &[0.0; 9]) {
        Momentum::<f32>::update(&step, elements);
    }
    let same = slot.iter().all(|one| one.to_bits() == slot[0].to_bits());
    if same { slot[0] } else { f32::INFINITY }
}

/// Half the smallest normal number is a number again.
fn denormals_remain() -> bool {
    let half = black_box(f32::MIN_POSITIVE) * black_box(0.5);
    half.to_bits() == 1 << 22 && black_box(half) * black_box(2.0) == f32::MIN_POSITIVE
}
