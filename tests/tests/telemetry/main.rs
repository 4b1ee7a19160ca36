//! A device's log becomes curves while the device runs.
mod device;

use anyhow::{Context, Result};
use gradlet_host::events::{Event, EventReader, Value, What};
use std::{fs, path::Path};
use xtask::{root, story};

/// The scalars of an events file: tag, step, value.
fn scalars(file: &Path) -> Result<Vec<(String, i64, f32)>> {
    let mut scalars = Vec::new();
    for event in EventReader::open(file)? {
        let Event { step, what, .. } = event?;
        let Some(What::Summary(summary)) = what else {
            continue;
        };
        for value in summary.value {
            let Some(Value::Tensor(tensor)) = value.value else {
                continue;
            };
            let bytes = tensor.tensor_content.first_chunk().context("a float")?;
            scalars.push((value.tag, step, f32::from_le_bytes(*bytes)));
        }
    }
    Ok(scalars)
}

/// The losses are TensorFlow's own, from the story's folder, and each is in the file by the time
/// that its line comes out: long before the program ends.
#[test]
fn losses_are_in_the_events_file_while_the_program_runs() -> Result<()> {
    let folder = root::repository().join("tests/data/stories/wand_digits");
    let expected = story::floats(&fs::read(folder.join("ref_replay_i8_loss.f32.bin"))?);
    let logs = tempfile::tempdir()?;

    let mut last = Vec::new();
    let mut live = 0;
    let tally = device::record(logs.path(), |file, line| {
        if line.contains("scalar ") {
            last = scalars(file).map_err(std::io::Error::other)?;
            let (tag, step, value) = last.last().cloned().unwrap_or_default();
            let text = format!("scalar {tag} = {value:?} at step {step}");
            assert!(line.ends_with(&text), "{line}: the file ends with {text}");
            live += 1;
        }
        Ok(())
    })?;

    let losses = last.iter().filter(|(tag, ..)| tag == "train/loss");
    let losses: Vec<(i64, f32)> = losses.map(|(_, step, loss)| (*step, *loss)).collect();
    assert_eq!(losses.len(), expected.len());
    for ((step, loss), (index, expected)) in losses.iter().zip(expected.iter().enumerate()) {
        assert_eq!(*step, index as i64);
        let difference = (loss - expected).abs();
        assert!(
            difference <= 1e-5,
            "step {step}: {loss}, TensorFlow has {expected}"
        );
    }
    assert_eq!((tally.torn, tally.scalars), (0, live));
    Ok(())
}
