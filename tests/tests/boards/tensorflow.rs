//! The head that a program has trained, beside the one that TensorFlow trained on the same samples.
use anyhow::{Context, Result, ensure};
use std::path::Path;
use xtask::story::{Head, Story};

/// How far weights and slots may be from TensorFlow's.
const TOLERANCE: f32 = 1e-5;

/// Compares a device checkpoint with a story's result of a training order.
pub(crate) fn compare(checkpoint: &Path, story: &Path, mode: &str) -> Result<()> {
    let found = head(checkpoint)?;
    let reference = Story::open(story)?.reference(mode)?;
    let differences = [
        ("weights", found.difference_of_variables(&reference)?),
        ("slots", found.difference_of_slots(&reference)?),
    ];
    for (what, difference) in differences {
        // NaN is not within the tolerance either.
        ensure!(
            difference <= TOLERANCE,
            "{what} are up to {difference:e} from TensorFlow's"
        );
    }
    Ok(())
}

fn head(checkpoint: &Path) -> Result<Head> {
    let checkpoint = gradlet_host::device::open(checkpoint)?;
    let part = |name: &str| {
        let tensor = checkpoint
            .tensor(name)
            .with_context(|| format!("the checkpoint has no {name}"))?;
        let values = tensor.load()?.values::<f32>();
        values.with_context(|| format!("{name} is not float32"))
    };
    Ok(Head {
        variables: [part("head/kernel")?, part("head/bias")?],
        slots: [
            part("head/kernel/Adam")?,
            part("head/kernel/Adam_1")?,
            part("head/bias/Adam")?,
            part("head/bias/Adam_1")?,
        ],
    })
}
