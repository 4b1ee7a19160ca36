//! What `main.c` is linked against: Gradlet's functions for C (`gradlet.h`), the frozen layers and
//! the data of the story (`story.h`), and what becomes of a panic.
//!
//! In a product the frozen layers are the vendor's inference engine, and the data comes from a
//! sensor; then this crate has two lines, the library and the panic handler.
#![no_std]
#![allow(non_upper_case_globals, reason = "these are C's names")]

mod panic;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the program uses what it needs of a story's tables"
)]
mod story {
    include!(concat!(env!("OUT_DIR"), "/story.rs"));
}

use gradlet_c::shape::{GRADLET_BATCH, GRADLET_CLASSES, GRADLET_FEATURES};
use gradlet_c::{gradlet_adam, gradlet_features, gradlet_quantization, gradlet_weights};

/// As `story.h` declares it.
const STORY_DISTINCT: usize = 200;
const STORY_SCRATCH: usize = 4096;

const _: () = assert!(
    story::FEATURES == GRADLET_FEATURES
        && story::CLASSES == GRADLET_CLASSES
        && story::BATCH == GRADLET_BATCH,
    "the library is compiled for another head: gradlet-c/src/shape.rs"
);
const _: () = assert!(
    story::DISTINCT <= STORY_DISTINCT && story::ACTIVATIONS <= STORY_SCRATCH,
    "the story needs more memory than story.h gives it"
);

/// The shipped head.
#[unsafe(no_mangle)]
pub static story_weights: gradlet_weights = gradlet_weights {
    kernel: story::KERNEL,
    bias: story::BIAS,
};
/// How it is trained.
#[unsafe(no_mangle)]
pub static story_adam: gradlet_adam = gradlet_adam {
    learning_rate: story::LEARNING_RATE,
    beta1: story::BETA1,
    beta2: story::BETA2,
    epsilon: story::EPSILON,
};
/// What the frozen layers' output stands for.
#[unsafe(no_mangle)]
pub static story_quantization: gradlet_quantization = gradlet_quantization {
    scale: story::FEATURE_SCALE,
    zero_point: story::FEATURE_ZERO_POINT,
};

/// What the functions answer where the story has nothing.
const STORY_NONE: u16 = u16::MAX;

fn at(rows: &[u16], index: u16) -> u16 {
    rows.get(usize::from(index)).copied().unwrap_or(STORY_NONE)
}

fn count(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(STORY_NONE)
}

/// Runs the frozen layers on a sample of the data set.
#[unsafe(no_mangle)]
pub extern "C" fn story_features(
    row: u16,
    scratch: Option<&mut [i8; STORY_SCRATCH]>,
    features: Option<&mut gradlet_features>,
) -> bool {
    let run = || {
        let input = story::INPUTS.get(usize::from(row))?;
        let found = story::BACKBONE.run(input, scratch?).ok()?;
        features?.values = *found;
        Some(())
    };
    run().is_some()
}

/// The class of a sample.
#[unsafe(no_mangle)]
pub extern "C" fn story_label(row: u16) -> u16 {
    let label = story::LABELS.get(usize::from(row));
    label.map_or(STORY_NONE, |&label| label.into())
}

/// How many samples there are to be trained on.
#[unsafe(no_mangle)]
pub extern "C" fn story_distinct() -> u16 {
    count(story::DISTINCT)
}

/// The row of one of them.
#[unsafe(no_mangle)]
pub extern "C" fn story_distinct_row(index: u16) -> u16 {
    at(&story::DISTINCT_ROWS, index)
}

/// How many steps are trained.
#[unsafe(no_mangle)]
pub extern "C" fn story_steps() -> u16 {
    count(story::STEPS)
}

/// Which of the samples is number `position` of a step's batch.
#[unsafe(no_mangle)]
pub extern "C" fn story_replay(step: u16, position: u16) -> u16 {
    let positions = story::REPLAY.get(usize::from(step));
    positions.map_or(STORY_NONE, |positions| at(positions, position))
}

/// How many samples there are to test on.
#[unsafe(no_mangle)]
pub extern "C" fn story_tests() -> u16 {
    count(story::TEST.len())
}

/// The row of one of them.
#[unsafe(no_mangle)]
pub extern "C" fn story_test_row(index: u16) -> u16 {
    at(&story::TEST, index)
}
