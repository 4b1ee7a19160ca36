//! What the backbone computes.

use story::{Story, Training};

fn stories() -> Vec<Story> {
    let folders = super::folders();
    let stories = folders.iter().map(Story::open);
    stories
        .map(|story| story.unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

#[test]
fn features_carry_the_bits_of_tensorflow_lite() {
    for story in stories() {
        let title = story.title();
        let expected = story
            .folder()
            .features()
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            expected.len(),
            story.samples() * story.features,
            "{title}: feat_i8.bin"
        );
        assert!(story.samples() > 0, "{title}: no samples");

        // What the scratch holds beforehand must not matter.
        let mut scratch = vec![0x55; story.plan.activations()];
        let inputs = story.inputs.chunks_exact(story.input_len());
        let mut wrong = 0;
        let mut first = None;
        for (row, (input, expected)) in inputs
            .zip(expected.chunks_exact(story.features))
            .enumerate()
        {
            let found = story
                .plan
                .features(input, &mut scratch)
                .unwrap_or_else(|error| panic!("{title}: sample {row}: {error}"));
            assert_eq!(
                found.len(),
                expected.len(),
                "{title}: features of sample {row}"
            );
            for (feature, (expected, found)) in expected.iter().zip(found).enumerate() {
                if expected != found {
                    wrong += 1;
                    first = first.or(Some((row, feature, *expected, *found)));
                }
            }
        }
        assert_eq!(
            (wrong, first),
            (0, None),
            "{title}: features that differ from TensorFlow Lite's, and the first of them: \
             (sample, feature, expected, found)"
        );
    }
}

#[test]
fn a_scratch_one_byte_short_is_refused_and_a_longer_one_gives_the_same_features() {
    for story in stories() {
        let title = story.title();
        let input = &story.inputs[..story.input_len()];
        let enough = story.plan.activations();

        let mut exact = vec![0; enough];
        let mut longer = vec![0; enough + 13];
        let features = story.plan.features(input, &mut exact);
        assert_eq!(features, story.plan.features(input, &mut longer), "{title}");

        let refused = story.plan.features(input, &mut exact[1..]);
        let short = matches!(refused, Err(backbone::Error::Scratch { needed, found })
            if needed > found && found == enough - 1);
        assert!(
            short,
            "{title}: {} bytes of scratch gave {refused:?}",
            enough - 1
        );

        let refused = story.plan.features(&input[1..], &mut longer);
        let (expected, found) = (input.len(), input.len() - 1);
        assert_eq!(
            refused,
            Err(backbone::Error::Length { expected, found }),
            "{title}"
        );
    }
}

#[test]
fn every_training_order_can_be_read() {
    for story in stories() {
        let modes = Training::modes(story.folder());
        assert!(!modes.is_empty(), "{}: no training order", story.title());
        for mode in modes {
            let training = story
                .training(mode)
                .unwrap_or_else(|error| panic!("{error}"));
            assert!(
                training.steps() > 0,
                "{}: {mode} has no steps",
                story.title()
            );
        }
    }
}
