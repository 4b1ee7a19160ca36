//! The frozen layers and the head that is tuned in front of them.
use gradlet::{Adam, Batch, Head, Owned, Quantization, Quantized, ReplayBuffer};

use crate::samples::Group;
use crate::story::{self, ACTIVATIONS, BACKBONE, CLASSES, FEATURES, INPUT};

/// What the frozen model's int8 output stands for.
const FEATURE: Quantization = Quantization {
    scale: story::FEATURE_SCALE,
    zero_point: story::FEATURE_ZERO_POINT,
};

/// Most samples that are trained on.
const KEPT: usize = 30;
const BATCH: usize = 10;
const SEED: i64 = 3;

pub(crate) type Tuned = Head<FEATURES, CLASSES, Adam>;

static HEAD: Owned<Tuned> = Owned::new();
static REPLAY: Owned<ReplayBuffer<KEPT, FEATURES, CLASSES>> = Owned::new();
static SAMPLES: Owned<Batch<BATCH, FEATURES, CLASSES, i8>> = Owned::new();
static SCRATCH: Owned<[i8; ACTIVATIONS]> = Owned::new();

/// The statics, once they are set up.
pub(crate) struct Model {
    head: &'static mut Tuned,
    replay: &'static mut ReplayBuffer<KEPT, FEATURES, CLASSES>,
    batch: &'static mut Batch<BATCH, FEATURES, CLASSES, i8>,
    scratch: &'static mut [i8; ACTIVATIONS],
}

impl Model {
    pub(crate) fn shipped() -> Result<Self, &'static str> {
        let adam = Adam::with(
            story::LEARNING_RATE,
            story::BETA1,
            story::BETA2,
            story::EPSILON,
        );
        let head = HEAD.init(adam).map_err(|_| "the head is taken")?;
        head.assign(&story::KERNEL, &story::BIAS);
        Ok(Self {
            head,
            replay: REPLAY
                .init(SEED)
                .map_err(|_| "the replay buffer is taken")?,
            batch: SAMPLES.init(FEATURE).map_err(|_| "the batch is taken")?,
            scratch: SCRATCH.take().map_err(|_| "the scratch is taken")?,
        })
    }

    pub(crate) fn head(&mut self) -> &mut Tuned {
        self.head
    }

    /// Adds the samples of a group to those that came, and trains on all of them, pass after pass.
    pub(crate) fn fine_tune(&mut self, group: Group, passes: usize) -> Result<(), &'static str> {
        for (input, label) in group.samples() {
            let features = features(input, self.scratch)?;
            self.replay
                .push(features, label)
                .map_err(|_| "a sample is of no class of the head")?;
        }
        for _ in 0..passes * self.replay.len() / BATCH {
            self.replay
                .fill(self.batch)
                .map_err(|_| "the batch takes no sample")?;
            self.head
                .minimize_batch(self.batch)
                .map_err(|_| "the batch is empty")?;
        }
        Ok(())
    }

    /// How many samples of a group the head is right about.
    pub(crate) fn right(&mut self, group: Group) -> Result<u32, &'static str> {
        self.count_right(group.samples())
    }

    /// The share of the story's test samples that the head is right about, in percent. A device in
    /// the field cannot know it; it is here to show what holding samples back is good for.
    pub(crate) fn accuracy(&mut self) -> Result<f32, &'static str> {
        let labels = story::TEST_LABELS.iter().map(|&label| usize::from(label));
        let right = self.count_right(story::TEST_INPUTS.iter().zip(labels))?;
        Ok(right as f32 * 100.0 / story::TEST_INPUTS.len() as f32)
    }

    fn count_right(
        &mut self,
        samples: impl Iterator<Item = (&'static [i8; INPUT], usize)>,
    ) -> Result<u32, &'static str> {
        let mut right = 0;
        for (input, label) in samples {
            let sample = Quantized {
                values: features(input, self.scratch)?,
                quantization: FEATURE,
            };
            right += u32::from(self.head.predict(&sample) == label);
        }
        Ok(right)
    }
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
