//! Fine-tuning that cannot make a model worse. Some labelled samples are held back from training;
//! a tuned head becomes the newest checkpoint only if it is right about more of them than the best
//! head so far, otherwise the program goes back to that one's checkpoint.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod model;
mod samples;

use board::{Board, Value, figure};
use gradlet::checkpoint::{Match, Restore};
use gradlet::manager::{Options, Restoration};

use model::Model;
use samples::Group;

#[allow(
    dead_code,
    unreachable_pub,
    reason = "a program uses what it needs of a story's tables"
)]
mod story {
    include!(concat!(env!("OUT_DIR"), "/story.rs"));
}

/// Which samples of each class come before each round of fine-tuning.
const ROUNDS: [Group; 2] = [
    Group::Came { from: 0, to: 1 },
    Group::Came { from: 1, to: 3 },
];
/// Passes through all samples that came, a round.
const PASSES: usize = 10;

const OPTIONS: Options = Options {
    max_to_keep: 2,
    ..Options::DEFAULT
};

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    let mut model = Model::shipped()?;
    let mut checkpoints = region::open(&mut board.flash, OPTIONS, &mut board.serial)?;
    match checkpoints.restore_or_initialize(model.head()) {
        Ok(Restoration::Initialized) => {
            checkpoints.save(model.head()).map_err(|_| NOT_SAVED)?;
        }
        Ok(Restoration::Restored { .. }) => {}
        _ => return Err("the flash holds checkpoints of another model"),
    }

    let mut best = model.right(Group::HeldBack)?;
    figure("held_back", Group::HeldBack.len(), "sample");
    figure("best.right", best, "sample");
    figure("best.accuracy", model.accuracy()?, "%");
    for group in ROUNDS {
        figure("round.samples", group.len(), "sample");
        model.fine_tune(group, PASSES)?;
        let right = model.right(Group::HeldBack)?;
        figure("round.right", right, "sample");
        figure("round.accuracy", model.accuracy()?, "%");
        if right > best {
            best = right;
            checkpoints.save(model.head()).map_err(|_| NOT_SAVED)?;
        } else {
            let everything = Restore::new().require(Match::Existing);
            let earlier = checkpoints.save_counter();
            checkpoints
                .restore(earlier, &everything, model.head())
                .map_err(|_| "the earlier checkpoint cannot be restored")?;
        }
        figure("round.checkpoint", checkpoints.save_counter(), "number");
    }
    figure("best.right", best, "sample");
    figure("best.accuracy", model.accuracy()?, "%");
    let state = fingerprint::of(model.head());
    figure("state_crc32c", Value::Bits(state), "crc32c");
    Ok(())
}

const NOT_SAVED: &str = "the checkpoint was not saved";
