//! The story `wand_digits`, reduced to what a program that shows one idea needs of it: digits drawn
//! in the air as int8 features of the frozen layers, with their labels, in the order in which
//! TensorFlow was trained on them.
//!
//! `finetune` does the same by itself, from the raw samples on; the programs that use this crate
//! are about what happens behind the features.
#![no_std]
#![forbid(unsafe_code)]

use gradlet::{Batch, HeadError, Owned, Quantization, Quantized};

#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "a program uses what it needs of a story's tables"
)]
mod story {
    include!(concat!(env!("OUT_DIR"), "/story.rs"));
}
use story::{ACTIVATIONS, DISTINCT, INPUT};
pub use story::{
    BATCH, BETA1, BETA2, BIAS, CLASSES, EPSILON, FEATURES, KERNEL, LEARNING_RATE, STEPS,
};

/// What the frozen layers' int8 output stands for.
pub const QUANTIZATION: Quantization = Quantization {
    scale: story::FEATURE_SCALE,
    zero_point: story::FEATURE_ZERO_POINT,
};

/// The samples of a training step.
pub type Samples = Batch<BATCH, FEATURES, CLASSES, i8>;

static SCRATCH: Owned<[i8; ACTIVATIONS]> = Owned::new();
static REPLAY: Owned<[[i8; FEATURES]; DISTINCT]> = Owned::new();
static SAMPLES: Owned<Samples> = Owned::new();

/// A user who has drawn each digit some times.
pub struct Wand {
    scratch: &'static mut [i8; ACTIVATIONS],
    replay: &'static mut [[i8; FEATURES]; DISTINCT],
    samples: &'static mut Samples,
}

impl Wand {
    /// Leads each sample that is trained on through the frozen layers, once.
    ///
    /// # Errors
    /// From the second call on: there is one wand.
    pub fn new() -> Result<Self, &'static str> {
        let taken = |_| "the wand is taken";
        let scratch = SCRATCH.take().map_err(taken)?;
        let replay = REPLAY.take().map_err(taken)?;
        let samples = SAMPLES.init(QUANTIZATION).map_err(taken)?;
        for (features, &row) in replay.iter_mut().zip(&story::DISTINCT_ROWS) {
            *features = *run(row, scratch)?;
        }
        Ok(Self {
            scratch,
            replay,
            samples,
        })
    }

    /// The batch of training step `step`, counted from 0; `None` behind the last one.
    ///
    /// # Errors
    /// If the story contradicts itself.
    pub fn batch(&mut self, step: usize) -> Result<Option<&mut Samples>, &'static str> {
        let (Some(positions), Some(rows)) = (story::REPLAY.get(step), story::ORDER.get(step))
        else {
            return Ok(None);
        };
        self.samples.clear();
        for (&position, &row) in positions.iter().zip(rows) {
            let features = self.replay.get(usize::from(position));
            let features = features.ok_or("no such sample")?;
            let pushed = self.samples.push(features, label(row)?);
            pushed.map_err(|_: HeadError| "the sample does not fit")?;
        }
        Ok(Some(self.samples))
    }

    /// The share of the test samples for which `predict` says what they are labelled, in percent.
    ///
    /// # Errors
    /// If the story contradicts itself.
    pub fn accuracy(
        &mut self,
        predict: impl Fn(&Quantized<'_, FEATURES>) -> usize,
    ) -> Result<f32, &'static str> {
        let mut right = 0u16;
        self.each_test(|features, label| right += u16::from(predict(features) == label))?;
        Ok(f32::from(right) * 100.0 / story::TEST.len() as f32)
    }

    /// Shows `visit` the features of each test sample, with its label.
    ///
    /// # Errors
    /// If the story contradicts itself.
    pub fn each_test(
        &mut self,
        mut visit: impl FnMut(&Quantized<'_, FEATURES>, usize),
    ) -> Result<(), &'static str> {
        for &row in &story::TEST {
            let features = Quantized {
                values: run(row, self.scratch)?,
                quantization: QUANTIZATION,
            };
            visit(&features, label(row)?);
        }
        Ok(())
    }
}

/// What the frozen layers make of a sample.
fn run(row: u16, scratch: &mut [i8; ACTIVATIONS]) -> Result<&[i8; FEATURES], &'static str> {
    let input: Option<&[i8; INPUT]> = story::INPUTS.get(usize::from(row));
    let features = story::BACKBONE.run(input.ok_or("no such sample")?, scratch);
    features.map_err(|_| "the scratch is too short")
}

fn label(row: u16) -> Result<usize, &'static str> {
    let label = story::LABELS.get(usize::from(row));
    label
        .map(|&label| label.into())
        .ok_or("the story has no label")
}
