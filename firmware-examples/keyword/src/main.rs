//! Spoken digits: a shipped model recognises them, a new speaker says some with their names, and
//! the head is fine-tuned to that voice while the samples arrive over the serial line.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod line;

use board::{Board, Value, figure, info};
use gradlet::checkpoint::{self, WriteError};
use gradlet::{Adam, Batch, Head, Owned, Quantization, Quantized, ReplayBuffer};

#[allow(
    dead_code,
    unreachable_pub,
    reason = "a program uses what it needs of a story's tables"
)]
mod story {
    include!(concat!(env!("OUT_DIR"), "/story.rs"));
}
use story::{ACTIVATIONS, BACKBONE, BATCH, CLASSES, DISTINCT, FEATURES, INPUT, STEPS};

/// What the frozen model's int8 output stands for.
const FEATURE: Quantization = Quantization {
    scale: story::FEATURE_SCALE,
    zero_point: story::FEATURE_ZERO_POINT,
};

/// How many samples are kept to be replayed: none where each is trained on as it comes.
const KEPT: usize = if DISTINCT == STEPS * BATCH {
    0
} else {
    DISTINCT
};
const SEED: i64 = 1;

type Model = Head<FEATURES, CLASSES, Adam>;
type Features = [i8; FEATURES];

static HEAD: Owned<Model> = Owned::new();
static SAMPLES: Owned<Batch<BATCH, FEATURES, CLASSES, i8>> = Owned::new();
static REPLAY: Owned<ReplayBuffer<KEPT, FEATURES, CLASSES>> = Owned::new();
static SCRATCH: Owned<[i8; ACTIVATIONS]> = Owned::new();
/// The features of the words that accuracy is measured on.
static TEST: Owned<[Features; story::TEST_INPUTS.len()]> = Owned::new();

board::main!(run);

fn run(mut board: Board) -> Result<(), &'static str> {
    let adam = Adam::with(
        story::LEARNING_RATE,
        story::BETA1,
        story::BETA2,
        story::EPSILON,
    );
    let head = HEAD.init(adam).map_err(|_| "the head is taken")?;
    let batch = SAMPLES.init(FEATURE).map_err(|_| "the batch is taken")?;
    let replay = REPLAY
        .init(SEED)
        .map_err(|_| "the replay buffer is taken")?;
    let scratch = SCRATCH.take().map_err(|_| "the scratch is taken")?;
    let test = TEST.take().map_err(|_| "the test's features are taken")?;

    // The shipped model at work.
    head.assign(&story::KERNEL, &story::BIAS);
    for (features, input) in test.iter_mut().zip(&story::TEST_INPUTS) {
        *features = *recognised(input, scratch)?;
    }
    figure("accuracy_before", accuracy(head, test), "%");

    // The new speaker. A sample is kept, or trained on at once.
    let mut came = 0;
    let mut samples = line::Samples::new(&mut board.serial);
    while let Some((input, label)) = samples.next()? {
        let features = recognised(input, scratch)?;
        came += 1;
        if KEPT > 0 {
            replay.push(features, label).map_err(|_| NO_CLASS)?;
        } else {
            batch.clear();
            batch.push(features, label).map_err(|_| NO_CLASS)?;
            train(head, batch)?;
        }
    }
    figure("samples", came, "sample");
    if KEPT > 0 {
        // TensorFlow's order, so that the results can be compared; `replay.fill(batch)` would draw
        // one of its own.
        for positions in &story::REPLAY {
            batch.clear();
            for &position in positions {
                let sample = replay.samples().nth(usize::from(position));
                let (features, label) = sample.ok_or("too few samples came")?;
                batch.push(features, label).map_err(|_| NO_CLASS)?;
            }
            train(head, batch)?;
        }
    }

    figure("accuracy_after", accuracy(head, test), "%");
    figure("state_crc32c", Value::Bits(fingerprint::of(head)), "crc32c");
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

const NO_CLASS: &str = "a sample is of no class of the head";

/// What the frozen layers make of a word.
fn recognised<'s>(
    input: &[i8; INPUT],
    scratch: &'s mut [i8; ACTIVATIONS],
) -> Result<&'s Features, &'static str> {
    BACKBONE
        .run(input, scratch)
        .map_err(|_| "the scratch is too short")
}

fn train(
    head: &mut Model,
    batch: &mut Batch<BATCH, FEATURES, CLASSES, i8>,
) -> Result<(), &'static str> {
    let loss = head
        .minimize_batch(batch)
        .map_err(|_| "the batch is empty")?;
    if head.global_step() % REPORT_EVERY == 0 {
        info!("step {} of {}: loss {}", head.global_step(), STEPS, loss);
    }
    Ok(())
}

/// Steps between two lines of the log.
const REPORT_EVERY: i64 = 20;

/// The share of the test's words that the head classifies as labelled, in percent.
fn accuracy(head: &Model, test: &[Features]) -> f32 {
    let mut right = 0u16;
    for (values, &label) in test.iter().zip(&story::TEST_LABELS) {
        let class = head.predict(&Quantized {
            values,
            quantization: FEATURE,
        });
        right += u16::from(class == usize::from(label));
    }
    f32::from(right) * 100.0 / test.len() as f32
}
