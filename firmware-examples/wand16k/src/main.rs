//! The smallest budget: a motion wand reads digits that are drawn in the air, keeps 100 labelled
//! ones as int8 features, fine-tunes its head with Adam in `f32` without an FPU, and saves both to
//! its flash. All of it in 16 KiB of RAM, of which 2 KiB stay free.
//!
//! Only what has to outlive a phase is static. Whatever else a phase needs lies on the stack, and
//! each phase is a function that is not inlined, so that the phases share that memory.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, Value, figure};
use embedded_storage::nor_flash::NorFlash;
use gradlet::checkpoint::{self, WriteError};
use gradlet::manager::{CheckpointManager, Options, Restoration};
use gradlet::{
    Adam, Batch, Head, Initialize, Owned, Quantization, Quantized, ReplayBuffer, Zeroed,
};

#[allow(
    dead_code,
    unreachable_pub,
    reason = "a program uses what it needs of a story's tables"
)]
mod story {
    include!(concat!(env!("OUT_DIR"), "/story.rs"));
}
use story::{ACTIVATIONS, BACKBONE, BATCH, CLASSES, DISTINCT, FEATURES, INPUT, STEPS};
use story::{DISTINCT_INPUTS, DISTINCT_LABELS};

/// What the frozen model's int8 output stands for.
const FEATURE: Quantization = Quantization {
    scale: story::FEATURE_SCALE,
    zero_point: story::FEATURE_ZERO_POINT,
};

/// How many samples are kept to be replayed: none where each is trained on once.
const KEPT: usize = if DISTINCT == STEPS * BATCH {
    0
} else {
    DISTINCT
};
const SEED: i64 = 16;

/// Steps between two checkpoints.
const SAVE_EVERY: usize = 20;

const OPTIONS: Options = Options {
    max_to_keep: 1,
    ..Options::DEFAULT
};

type Model = Head<FEATURES, CLASSES, Adam>;
type Replay = ReplayBuffer<KEPT, FEATURES, CLASSES>;

static HEAD: Owned<Model> = Owned::new();
static REPLAY: Owned<Replay> = Owned::new();

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    region::prepare(&mut board.flash, OPTIONS, &mut board.serial)?;
    let (head, replay) = shipped()?;
    with_checkpoints(&mut board.flash, head, replay)?;
    send(&mut board, head)
}

#[inline(never)]
fn with_checkpoints(
    flash: &mut impl NorFlash,
    head: &mut Model,
    replay: &mut Replay,
) -> Result<(), &'static str> {
    // By reference: the manager would lie on the stack twice if it were moved.
    match &mut region::prepared(flash, OPTIONS) {
        Ok(checkpoints) => fine_tune(checkpoints, head, replay),
        Err(error) => Err(error),
    }
}

#[inline(never)]
fn fine_tune(
    checkpoints: &mut CheckpointManager<impl NorFlash>,
    head: &mut Model,
    replay: &mut Replay,
) -> Result<(), &'static str> {
    restore(checkpoints, head, replay)?;
    figure("accuracy_before", accuracy(head)?, "%");
    collect(replay)?;
    loop {
        let step = usize::try_from(head.global_step()).unwrap_or(STEPS);
        if step >= STEPS {
            break;
        }
        train(head, replay, step)?;
        save(checkpoints, head, replay)?;
    }
    figure("accuracy_after", accuracy(head)?, "%");
    figure("state_crc32c", Value::Bits(fingerprint::of(head)), "crc32c");
    figure("saves", checkpoints.save_counter(), "checkpoint");
    Ok(())
}

/// The shipped head and an empty buffer.
#[inline(never)]
fn shipped() -> Result<(&'static mut Model, &'static mut Replay), &'static str> {
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
    Ok((head, replay))
}

/// What the flash holds of an earlier start.
#[inline(never)]
fn restore(
    checkpoints: &mut CheckpointManager<impl NorFlash>,
    head: &mut Model,
    replay: &mut Replay,
) -> Result<(), &'static str> {
    match checkpoints.restore_or_initialize(&mut (head, replay)) {
        Ok(Restoration::Initialized | Restoration::Restored { .. }) => Ok(()),
        _ => Err("the flash holds checkpoints of another model"),
    }
}

#[inline(never)]
fn save(
    checkpoints: &mut CheckpointManager<impl NorFlash>,
    head: &Model,
    replay: &Replay,
) -> Result<(), &'static str> {
    checkpoints
        .save(&(head, replay))
        .map(drop)
        .map_err(|_| "the checkpoint was not saved")
}

/// The samples as they come: through the frozen layers, into the buffer.
#[inline(never)]
fn collect(replay: &mut Replay) -> Result<(), &'static str> {
    let mut scratch = [0; ACTIVATIONS];
    let known = replay.len();
    let samples = DISTINCT_INPUTS.iter().zip(&DISTINCT_LABELS);
    for (input, &label) in samples.take(KEPT).skip(known) {
        replay
            .push(features(input, &mut scratch)?, usize::from(label))
            .map_err(|_| "a sample is of no class of the head")?;
    }
    Ok(())
}

/// The steps from `step` up to the next checkpoint, in TensorFlow's order.
#[inline(never)]
fn train(head: &mut Model, replay: &Replay, step: usize) -> Result<(), &'static str> {
    let mut batch = Batch::<BATCH, FEATURES, CLASSES, i8>::ZERO;
    batch.initialize(FEATURE);
    for positions in story::REPLAY.iter().skip(step).take(SAVE_EVERY) {
        batch.clear();
        for position in positions.iter().copied().map(usize::from) {
            add(&mut batch, replay, position)?;
        }
        head.minimize_batch(&mut batch)
            .map_err(|_| "the batch is empty")?;
    }
    Ok(())
}

/// Adds a sample to the batch: one that is kept, or one that is seen just now.
fn add(
    batch: &mut Batch<BATCH, FEATURES, CLASSES, i8>,
    replay: &Replay,
    position: usize,
) -> Result<(), &'static str> {
    let misfit = "the sample does not fit";
    if let Some((features, label)) = replay.samples().nth(position) {
        return batch.push(features, label).map_err(|_| misfit);
    }
    let input = DISTINCT_INPUTS.get(position).ok_or(misfit)?;
    let label = DISTINCT_LABELS.get(position).ok_or(misfit)?;
    add_new(batch, input, usize::from(*label))
}

/// Adds a sample that is seen just now.
#[inline(never)]
fn add_new(
    batch: &mut Batch<BATCH, FEATURES, CLASSES, i8>,
    input: &[i8; INPUT],
    label: usize,
) -> Result<(), &'static str> {
    let mut scratch = [0; ACTIVATIONS];
    let features = features(input, &mut scratch)?;
    batch
        .push(features, label)
        .map_err(|_| "the sample does not fit")
}

/// The share of the story's test samples that the head classifies as labelled, in percent.
#[inline(never)]
fn accuracy(head: &Model) -> Result<f32, &'static str> {
    let mut scratch = [0; ACTIVATIONS];
    let mut right = 0u16;
    for (input, &label) in story::TEST_INPUTS.iter().zip(&story::TEST_LABELS) {
        let class = head.predict(&Quantized {
            values: features(input, &mut scratch)?,
            quantization: FEATURE,
        });
        right += u16::from(class == usize::from(label));
    }
    Ok(f32::from(right) * 100.0 / story::TEST_INPUTS.len() as f32)
}

/// What the frozen layers make of a sample.
fn features<'s>(
    input: &[i8; INPUT],
    scratch: &'s mut [i8; ACTIVATIONS],
) -> Result<&'s [i8; FEATURES], &'static str> {
    BACKBONE
        .run(input, scratch)
        .map_err(|_| "the scratch is too short")
}

/// The head to the host.
#[inline(never)]
fn send(board: &mut Board, head: &Model) -> Result<(), &'static str> {
    let file = board
        .open(c"checkpoint.gck")
        .map_err(|error| error.as_str())?;
    let bytes = checkpoint::write(head, file).map_err(|error| match error {
        WriteError::Io(error) => error.as_str(),
        _ => "the head fits in no checkpoint",
    })?;
    figure("checkpoint", bytes, "byte");
    Ok(())
}
