//! Twenty thousand small tensors.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use gradlet_host::bundle::{Options, Reader, Writer, rewrite};
use gradlet_host::{Durability, Tensor};

use crate::figures::{Best, Figures};
use crate::tensorflow::TensorFlow;

const TENSORS: usize = 20_000;
const ELEMENTS: usize = 8;

pub(crate) fn measure(
    figures: &mut Figures,
    folder: &Path,
    rounds: usize,
    tensorflow: Option<&mut TensorFlow>,
) -> Result<()> {
    let prefix = folder.join("many");
    let options = Options {
        durability: Durability::Unsynced,
        ..Options::default()
    };
    let mut writer = Writer::with_options(&prefix, options)?;
    let values = Tensor::from_values(&[ELEMENTS as u64], &[0.5f32; ELEMENTS])?;
    for number in 0..TENSORS {
        let name = format!("net/block_{:03}/head_{}/kernel", number / 16, number % 16);
        writer.add(name, values.view())?;
    }
    writer.finish()?;

    let [mut list, mut read, mut copy] = [Best::default(); 3];
    for _ in 0..rounds * 4 {
        let start = Instant::now();
        let entries = Reader::open(&prefix)?.entries()?;
        list.take(start.elapsed());
        ensure!(
            entries.len() == TENSORS,
            "{} tensors were listed",
            entries.len()
        );

        let start = Instant::now();
        let reader = Reader::open(&prefix)?;
        for entry in &entries {
            reader.read(&entry.name)?;
        }
        read.take(start.elapsed());

        let start = Instant::now();
        rewrite(&prefix, folder.join("many_again"), Durability::Unsynced)?;
        copy.take(start.elapsed());
    }
    for (name, best) in [
        ("many.list_ms", list),
        ("many.read_by_name_ms", read),
        ("many.rewrite_ms", copy),
    ] {
        figures.add(name, best.seconds().unwrap_or_default() * 1e3, "ms");
    }
    if let Some(tensorflow) = tensorflow {
        let theirs = folder.join("many_theirs");
        let [mut save, mut list, mut restore] = [Best::default(); 3];
        tensorflow.prepare("net/block", TENSORS, ELEMENTS)?;
        for _ in 0..rounds.min(3) {
            save.take(tensorflow.save(&theirs)?);
            list.take(tensorflow.list(&theirs)?);
            restore.take(tensorflow.restore(&theirs)?);
        }
        for (name, best) in [
            ("many.tensorflow_list_ms", list),
            ("many.tensorflow_read_ms", restore),
            ("many.tensorflow_write_ms", save),
        ] {
            figures.add(name, best.seconds().unwrap_or_default() * 1e3, "ms");
        }
    }
    Ok(())
}
