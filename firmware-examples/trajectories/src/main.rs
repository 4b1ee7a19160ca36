//! TensorFlow's optimizer trajectories, trained again on the board: from the same gradients come
//! the same bits.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, figure};
use gradlet::Owned;

#[allow(clippy::all, reason = "written by the build script")]
mod cases {
    include!(concat!(env!("OUT_DIR"), "/cases.rs"));
}
use cases::{CASES, SCRATCH};

static NUMBERS: Owned<[f32; SCRATCH]> = Owned::new();

board::main!(run);

fn run(_board: Board) -> Result<(), &'static str> {
    let scratch = NUMBERS.take().map_err(|_| "the scratch is taken")?;
    let (mut passed, mut failed) = (0u32, 0u32);
    for case in CASES {
        let mut differing = 0;
        let replayed = case.replay(scratch, |_, _, distance| differing += distance.differing);
        if replayed.is_ok() && differing == 0 {
            passed += 1;
        } else {
            failed += 1;
            figure(case.name, differing as u32, "differing_numbers");
        }
    }
    figure("trajectories.passed", passed, "count");
    figure("trajectories.failed", failed, "count");
    match failed {
        0 => Ok(()),
        _ => Err("apart from TensorFlow"),
    }
}
