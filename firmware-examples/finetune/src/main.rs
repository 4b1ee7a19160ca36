//! The main job: a frozen int8 backbone meets new data, and the head in front of it is fine-tuned
//! on the device with Adam, exactly as TensorFlow would; the result leaves as a checkpoint.
#![no_std]
#![no_main]

use board::{Board, Value, figure, info};
use gradlet::checkpoint::{self, WriteError};
use gradlet::{Adam, Batch, Crc32c, Head, Owned, Quantization, Quantized};

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

/// How many samples' features are kept to be replayed: none where each is trained on once.
const KEPT: usize = if DISTINCT == STEPS * BATCH {
    0
} else {
    DISTINCT
};

/// What the frozen model's int8 output stands for.
const FEATURE: Quantization = Quantization {
    scale: story::FEATURE_SCALE,
    zero_point: story::FEATURE_ZERO_POINT,
};

// Everything large is static; the sizes come from the story.
static HEAD: Owned<Head<FEATURES, CLASSES, Adam>> = Owned::new();
static SAMPLES: Owned<Batch<BATCH, FEATURES, CLASSES, i8>> = Owned::new();
static REPLAY: Owned<[[i8; FEATURES]; KEPT]> = Owned::new();
static SCRATCH: Owned<[i8; ACTIVATIONS]> = Owned::new();

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
    let replay = REPLAY.take().map_err(|_| "the replay buffer is taken")?;
    let scratch = SCRATCH.take().map_err(|_| "the scratch is taken")?;

    head.assign(&story::KERNEL, &story::BIAS);
    figure("accuracy_before", accuracy(head, scratch)?, "%");

    // The frozen layers see each labelled sample once; training replays their features.
    let mut seen = Crc32c::new();
    for (kept, input) in replay.iter_mut().zip(&DISTINCT_INPUTS) {
        *kept = *features(input, scratch, &mut seen)?;
    }

    for positions in &story::REPLAY {
        batch.clear();
        for position in positions.iter().copied().map(usize::from) {
            let (input, label) = DISTINCT_INPUTS
                .get(position)
                .zip(DISTINCT_LABELS.get(position))
                .ok_or("the story has no such sample")?;
            let features = match replay.get(position) {
                Some(kept) => kept,
                None => features(input, scratch, &mut seen)?,
            };
            batch
                .push(features, usize::from(*label))
                .map_err(|_| "the sample does not fit")?;
        }
        let loss = head
            .minimize_batch(batch)
            .map_err(|_| "the batch is empty")?;
        if head.global_step() % REPORT_EVERY == 0 {
            info!("step {} of {}: loss {}", head.global_step(), STEPS, loss);
        }
    }
    figure("features_crc32c", Value::Bits(seen.value()), "crc32c");

    figure("accuracy_after", accuracy(head, scratch)?, "%");
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

/// Steps between two lines of the log.
const REPORT_EVERY: i64 = 20;

/// What the frozen layers make of a sample.
fn features<'s>(
    input: &[i8; INPUT],
    scratch: &'s mut [i8; ACTIVATIONS],
    seen: &mut Crc32c,
) -> Result<&'s [i8; FEATURES], &'static str> {
    let features = BACKBONE
        .run(input, scratch)
        .map_err(|_| "the scratch is too short")?;
    features
        .iter()
        .for_each(|feature| seen.update(&feature.to_le_bytes()));
    Ok(features)
}

/// The share of the story's test samples that the head classifies as labelled, in percent.
fn accuracy(
    head: &Head<FEATURES, CLASSES, Adam>,
    scratch: &mut [i8; ACTIVATIONS],
) -> Result<f32, &'static str> {
    let mut right = 0u16;
    for (input, &label) in story::TEST_INPUTS.iter().zip(&story::TEST_LABELS) {
        let values = BACKBONE
            .run(input, scratch)
            .map_err(|_| "the scratch is too short")?;
        let class = head.predict(&Quantized {
            values,
            quantization: FEATURE,
        });
        right += u16::from(class == usize::from(label));
    }
    Ok(f32::from(right) * 100.0 / story::TEST_INPUTS.len() as f32)
}
