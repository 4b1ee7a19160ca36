//! TensorFlow's optimizer trajectories, trained again on the board: from the same gradients come
//! the same bits, or, with optimizers whose roots and powers TensorFlow estimates, numbers within a
//! bound.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, figure};
use gradlet::Owned;
use trajectory::Scratch;

#[allow(clippy::all, reason = "written by the build script")]
mod cases {
    include!(concat!(env!("OUT_DIR"), "/cases.rs"));
}
use cases::{CASES, INDICES, NUMBERS};

static NUMBERS_SCRATCH: Owned<[f32; NUMBERS]> = Owned::new();
static INDICES_SCRATCH: Owned<[u32; INDICES]> = Owned::new();

board::main!(run);

fn run(_board: Board) -> Result<(), &'static str> {
    let numbers = NUMBERS_SCRATCH.take().map_err(|_| "the scratch is taken")?;
    let indices = INDICES_SCRATCH.take().map_err(|_| "the scratch is taken")?;
    let (mut passed, mut failed) = (0u32, 0u32);
    for case in CASES {
        board::info!("{=str}: {=usize} steps", case.name, case.steps());
        let scratch = Scratch { numbers, indices };
        let mut beyond = 0;
        let replayed = case.replay(scratch, |_, _, deviation| beyond += deviation.beyond);
        if replayed.is_ok() && beyond == 0 {
            passed += 1;
        } else {
            failed += 1;
            figure(case.name, beyond as u32, "numbers_too_far");
        }
    }
    figure("trajectories.passed", passed, "count");
    figure("trajectories.failed", failed, "count");
    match failed {
        0 => Ok(()),
        _ => Err("farther from TensorFlow than allowed"),
    }
}
