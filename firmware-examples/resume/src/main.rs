//! Training that survives resets and power cuts: everything it needs to go on is in a checkpoint
//! in flash, and the next start goes on at the next sample.
//!
//! The program resets itself every now and then. Whoever cuts its power as well ends with the same
//! bits.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod report;
mod source;

use board::{Board, Value, figure};
use gradlet::checkpoint::{self, WriteError};
use gradlet::manager::Options;
use gradlet::{Adam, Batch, Head, Owned, Quantization, ReplayBuffer};
use resumable::{Ended, Schedule, Session};

#[allow(
    dead_code,
    unreachable_pub,
    reason = "a program uses what it needs of a story's tables"
)]
mod story {
    include!(concat!(env!("OUT_DIR"), "/story.rs"));
}
use story::{CLASSES, FEATURES};

/// Samples that are kept to be trained on again.
const KEPT: usize = 40;
/// Samples a step.
const BATCH: usize = 4;
const SEED: i64 = 20;

const SCHEDULE: Schedule = Schedule {
    steps: 600,
    save_every: 5,
    reset_every: 222,
};

const OPTIONS: Options = Options {
    max_to_keep: 2,
    ..Options::DEFAULT
};

static HEAD: Owned<Head<FEATURES, CLASSES, Adam>> = Owned::new();
static REPLAY: Owned<ReplayBuffer<KEPT, FEATURES, CLASSES>> = Owned::new();
static SAMPLES: Owned<Batch<BATCH, FEATURES, CLASSES, i8>> = Owned::new();
static SCRATCH: Owned<[i8; story::ACTIVATIONS]> = Owned::new();

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    let adam = Adam::with(
        story::LEARNING_RATE,
        story::BETA1,
        story::BETA2,
        story::EPSILON,
    );
    let head = HEAD.init(adam).map_err(|_| "the head is taken")?;
    head.assign(&story::KERNEL, &story::BIAS);
    let replay = REPLAY
        .init(SEED)
        .map_err(|_| "the replay buffer is taken")?;
    let features = Quantization {
        scale: story::FEATURE_SCALE,
        zero_point: story::FEATURE_ZERO_POINT,
    };
    let batch = SAMPLES.init(features).map_err(|_| "the batch is taken")?;
    let scratch = SCRATCH.take().map_err(|_| "the scratch is taken")?;

    report::started(&mut board.serial);
    let mut checkpoints = region::open(&mut board.flash, OPTIONS, &mut board.serial)?;
    let mut session = Session::new(head, replay, batch);
    let ended = session.run(
        &mut checkpoints,
        &mut source::Recording::new(scratch),
        &SCHEDULE,
        &mut report::Report::new(&mut board.serial),
    );
    if ended.map_err(|error| error.as_str())? == Ended::ResetDue {
        board::reset()
    }

    let all = session.variables();
    figure("state_crc32c", Value::Bits(fingerprint::of(&all)), "crc32c");
    let file = board
        .open(c"checkpoint.gck")
        .map_err(|error| error.as_str())?;
    let bytes = checkpoint::write(&all, file).map_err(|error| match error {
        WriteError::Io(error) => error.as_str(),
        _ => "the session fits in no checkpoint",
    })?;
    figure("checkpoint", bytes, "byte");
    Ok(())
}
