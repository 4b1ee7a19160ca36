//! One gibibyte in 64 tensors.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gradlet_host::bundle::{Options, Reader, Writer, data_path, index_path};
use gradlet_host::{DType, Durability, Name, Tensor, TensorView};
use wait4::Wait4;

use crate::figures::{Best, Figures};
use crate::tensorflow::TensorFlow;

const TENSORS: usize = 64;
const BYTES: usize = 1 << 30;
const ELEMENTS: usize = BYTES / TENSORS / 4;
/// More data files than this are not written at the same time.
const MOST_FILES: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
const GIB: f64 = BYTES as f64 / (1u64 << 30) as f64;

/// In memory, nothing synced: this library, TensorFlow and `cp` in turn.
pub(crate) fn unsynced(
    figures: &mut Figures,
    folder: &Path,
    rounds: usize,
    mut tensorflow: Option<&mut TensorFlow>,
) -> Result<()> {
    let tensors = tensors();
    let files = thread::available_parallelism()?.min(MOST_FILES);
    let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
    let (spread, copy) = (folder.join("spread"), folder.join("copy"));
    let [mut write, mut one_file, mut cp, mut save] = [Best::default(); 4];
    let [mut map, mut read, mut restore] = [Best::default(); 3];
    if let Some(tensorflow) = tensorflow.as_mut() {
        tensorflow.prepare("layer", TENSORS, ELEMENTS)?;
    }
    // Everybody makes new files: replacing one would cost them the removal of the old.
    for _ in 0..rounds {
        write.take(written(&spread, &tensors, Durability::Unsynced, files)?);
        remove(&spread);
        one_file.take(written(
            &ours,
            &tensors,
            Durability::Unsynced,
            NonZeroUsize::MIN,
        )?);
        cp.take(run(Command::new("cp")
            .arg(data_path(&ours, 0, 1))
            .arg(&copy))?);
        fs::remove_file(&copy)?;
        map.take(timed(&ours, Reader::map_entry)?);
        read.take(timed(&ours, Reader::read_entry)?);
        remove(&ours);
        if let Some(tensorflow) = tensorflow.as_mut() {
            save.take(tensorflow.save(&theirs)?);
            restore.take(tensorflow.restore(&theirs)?);
            remove(&theirs);
        }
    }
    figures.add("write_1gib.files", files.get() as f64, "files");
    for (name, best) in [
        ("write_1gib.speed", write),
        ("write_1gib.one_file_speed", one_file),
        ("write_1gib.cp_speed", cp),
        ("write_1gib.tensorflow_speed", save),
        ("read_1gib.speed", map),
        ("read_1gib.copied_speed", read),
        ("read_1gib.tensorflow_speed", restore),
    ] {
        if let Some(seconds) = best.seconds() {
            figures.add(name, GIB / seconds, "GiB/s");
        }
    }
    for (name, over, under) in [
        ("write_1gib.ratio_to_tensorflow", save, write),
        ("write_1gib.one_file_ratio_to_tensorflow", save, one_file),
        ("write_1gib.ratio_to_cp", write, cp),
        ("write_1gib.one_file_ratio_to_cp", one_file, cp),
        ("read_1gib.ratio_to_tensorflow", restore, map),
        ("read_1gib.copied_ratio_to_tensorflow", restore, read),
    ] {
        if let (Some(over), Some(under)) = (over.seconds(), under.seconds()) {
            figures.add(name, over / under, "x");
        }
    }
    Ok(())
}

/// On disk, synced, against `cp` and `sync` of the same bytes.
pub(crate) fn synced(figures: &mut Figures, folder: &Path, rounds: usize) -> Result<()> {
    let tensors = tensors();
    let (ours, copy) = (folder.join("ours"), folder.join("copy"));
    let source = folder.join("source");
    written(&source, &tensors, Durability::Synced, NonZeroUsize::MIN)?;
    let [mut write, mut cp] = [Best::default(); 2];
    for _ in 0..rounds {
        remove(&ours);
        write.take(written(
            &ours,
            &tensors,
            Durability::Synced,
            NonZeroUsize::MIN,
        )?);
        remove(&ours);
        let _ = fs::remove_file(&copy);
        let start = Instant::now();
        run(Command::new("cp").arg(data_path(&source, 0, 1)).arg(&copy))?;
        run(Command::new("sync").arg(&copy))?;
        cp.take(start.elapsed());
        let _ = fs::remove_file(&copy);
    }
    if let (Some(write), Some(cp)) = (write.seconds(), cp.seconds()) {
        figures.add("write_1gib_synced.speed", GIB / write, "GiB/s");
        figures.add("write_1gib_synced.cp_speed", GIB / cp, "GiB/s");
        figures.add("write_1gib_synced.ratio_to_cp", write / cp, "x");
    }
    Ok(())
}

/// Memory that rewriting takes, for a small and a large bundle: it should not grow.
pub(crate) fn memory(figures: &mut Figures, folder: &Path) -> Result<()> {
    let prefix = folder.join("rewritten");
    for (name, elements) in [
        ("rewrite_16mib.mib", 1 << 16),
        ("rewrite_1gib.mib", ELEMENTS),
    ] {
        let options = Options {
            durability: Durability::Unsynced,
            ..Options::default()
        };
        let mut writer = Writer::with_options(&prefix, options)?;
        for number in 0..TENSORS {
            let source = std::io::repeat(number as u8);
            let shape = [elements as u64];
            writer.add_stream(format!("layer_{number}"), DType::Float32, &shape, source)?;
        }
        writer.finish()?;
        let mut child = Command::new(std::env::current_exe().context("this program's path")?)
            .arg("--rewrite")
            .args([&prefix, &folder.join("again")])
            .spawn()
            .context("starting this program again")?;
        let ended = child.wait4().context("waiting for this program")?;
        ensure!(ended.status.success(), "rewriting failed");
        figures.add(
            name,
            ended.rusage.maxrss as f64 / (1u64 << 20) as f64,
            "MiB",
        );
    }
    remove(&prefix);
    remove(&folder.join("again"));
    Ok(())
}

fn tensors() -> Vec<Vec<u8>> {
    let element = |number: usize| move |i: usize| (i as f32 + number as f32).to_le_bytes();
    (0..TENSORS)
        .map(|number| (0..ELEMENTS).flat_map(element(number)).collect())
        .collect()
}

fn written(
    prefix: &Path,
    tensors: &[Vec<u8>],
    durability: Durability,
    files: NonZeroUsize,
) -> Result<Duration> {
    let shape = [ELEMENTS as u64];
    let start = Instant::now();
    let mut list = Vec::with_capacity(tensors.len());
    for (number, bytes) in tensors.iter().enumerate() {
        let name = Name::from(format!("layer_{number}"));
        list.push((name, TensorView::new(DType::Float32, &shape, bytes)?));
    }
    let options = Options {
        durability,
        ..Options::default()
    };
    let mut writer = Writer::with_options(prefix, options)?;
    match files {
        NonZeroUsize::MIN => {
            for (name, tensor) in &list {
                writer.add(name, *tensor)?;
            }
        }
        files => writer.add_spread(&list, files)?,
    }
    writer.finish()?;
    Ok(start.elapsed())
}

/// How long it takes to have all tensors of a bundle, checked.
fn timed(
    prefix: &Path,
    read: impl Fn(&Reader, &gradlet_host::bundle::Entry) -> gradlet_host::Result<Tensor>,
) -> Result<Duration> {
    let start = Instant::now();
    let reader = Reader::open(prefix)?;
    let tensors: gradlet_host::Result<Vec<Tensor>> = reader
        .entries()?
        .iter()
        .map(|entry| read(&reader, entry))
        .collect();
    let tensors = tensors?;
    let time = start.elapsed();
    ensure!(
        tensors.len() == TENSORS,
        "{} tensors were read",
        tensors.len()
    );
    Ok(time)
}

fn run(command: &mut Command) -> Result<Duration> {
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("starting {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(start.elapsed())
}

/// Removes a bundle, if it is there.
fn remove(prefix: &Path) {
    let _ = fs::remove_file(index_path(prefix));
    for shards in 1..=MOST_FILES.get() as u32 {
        for shard in 0..shards {
            let _ = fs::remove_file(data_path(prefix, shard, shards));
        }
    }
}
