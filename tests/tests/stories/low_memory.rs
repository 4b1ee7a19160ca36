//! What slots in less memory do to accuracy: every story, in every order, trained with `f32` slots
//! and without. The figures are printed: samples of the story's test that are classified right.

use gradlet::optimizer::{Bf16, Blocks8, Compact, Moments8, Optimizer};
use gradlet::{Adam, Batch, Head, Initialize, Momentum, Quantization, Quantized, Zeroed};
use gradlet_tests::figures;
use story::{Story, Training};

/// Room for the features and classes of any story; what is not used stays as it is.
const FEATURES: usize = 128;
const CLASSES: usize = 16;
const BATCH: usize = 32;

/// A story with its samples as a head takes them.
struct Padded {
    story: Story,
    samples: Vec<[i8; FEATURES]>,
    quantization: Quantization,
}

impl Padded {
    fn open(folder: &std::path::Path) -> Self {
        let story = Story::open(folder).unwrap_or_else(|error| panic!("{error}"));
        let title = story.title();
        let fits = story.features <= FEATURES && story.classes.len() <= CLASSES;
        assert!(
            fits,
            "{title}: more than {FEATURES} features or {CLASSES} classes"
        );
        let features = story.folder().features();
        let features = features.unwrap_or_else(|error| panic!("{error}"));
        let samples = features.chunks_exact(story.features).map(|real| {
            // What stands for 0 neither adds to a logit nor trains.
            let mut padded = [story.feature_zero_point; FEATURES];
            padded[..real.len()].copy_from_slice(real);
            padded
        });
        Self {
            samples: samples.collect(),
            quantization: Quantization {
                scale: story.feature_scale,
                zero_point: story.feature_zero_point,
            },
            story,
        }
    }

    /// Test samples that are classified right after training.
    fn right<O: Optimizer>(&self, training: &Training, optimizer: O) -> usize {
        let mut head = Head::<FEATURES, CLASSES, O>::new(optimizer);
        let classes = self.story.classes.len();
        let mut kernel = [[0.0; CLASSES]; FEATURES];
        for (row, real) in kernel
            .iter_mut()
            .zip(self.story.kernel.chunks_exact(classes))
        {
            row[..classes].copy_from_slice(real);
        }
        // A class that never comes.
        let mut bias = [-1e30; CLASSES];
        bias[..classes].copy_from_slice(&self.story.bias);
        head.assign(&kernel, &bias);

        let mut batch = Batch::<BATCH, FEATURES, CLASSES, i8>::ZERO;
        batch.initialize(self.quantization);
        for rows in training.order.chunks_exact(training.batch) {
            let samples = rows.iter().map(|&row| self.sample(row));
            batch.fill(samples).expect("the batch fits");
            head.minimize_batch(&mut batch).expect("there are samples");
        }
        let is_right = |row: &&u16| {
            let (values, label) = self.sample(**row);
            let quantization = self.quantization;
            head.predict(&Quantized {
                values,
                quantization,
            }) == label
        };
        self.story.test.iter().filter(is_right).count()
    }

    fn sample(&self, row: u16) -> (&[i8; FEATURES], usize) {
        let row = usize::from(row);
        (&self.samples[row], usize::from(self.story.labels[row]))
    }
}

#[test]
fn slots_in_less_memory_train_about_as_well() {
    for folder in super::folders() {
        let padded = Padded::open(&folder);
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let count = padded.story.test.len();
        // A few samples change sides with any change of the rounding.
        let allowed = (count / 50).max(2);
        for mode in Training::modes(padded.story.folder()) {
            let training = padded.story.training(mode);
            let training = training.unwrap_or_else(|error| panic!("{error}"));
            let adam = Adam::new(training.learning_rate);
            // Twice that, and a step on a single sample overshoots, whatever the slots.
            let momentum = Momentum::new(training.learning_rate / 2.0, 0.9);
            let f32s = [
                padded.right(&training, adam),
                padded.right(&training, momentum),
            ];
            let compact = [
                (
                    "adam_bf16",
                    padded.right(&training, Compact::<_, Bf16>::new(adam)),
                    f32s[0],
                ),
                (
                    "adam_8bit",
                    padded.right(&training, Compact::<_, Moments8>::new(adam)),
                    f32s[0],
                ),
                (
                    "momentum_bf16",
                    padded.right(&training, Compact::<_, Bf16>::new(momentum)),
                    f32s[1],
                ),
                (
                    "momentum_8bit",
                    padded.right(&training, Compact::<_, Blocks8>::new(momentum)),
                    f32s[1],
                ),
            ];
            let percent = |right: usize| format!("{:.1}", 100.0 * right as f64 / count as f64);
            let figure = |slots: &str, right| {
                let figure = format!("low_memory.{name}.{mode}.{slots}.accuracy");
                figures::print(&figure, percent(right), "%");
            };
            figure("adam_f32", f32s[0]);
            figure("momentum_f32", f32s[1]);
            for (slots, right, expected) in compact {
                figure(slots, right);
                assert!(
                    right + allowed >= expected,
                    "{name}, {mode}, {slots}: {right} of {count}, with f32 slots {expected}"
                );
            }
        }
    }
}
