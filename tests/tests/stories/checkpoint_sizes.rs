//! What a checkpoint of each story costs: raw, and as it is written if nobody chooses.
//!
//! TensorFlow's own trained states are encoded. Zero runs save the slots of features that never
//! fire, where a story has such features, and never cost anything.

use std::fs;
use std::path::Path;

use gradlet::Variables;
use gradlet::checkpoint::{Checkpoint, Choice, Encoder};
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Variable};
use gradlet_host::convert::{self, Format, Options, Source, Step};
use gradlet_tests::figures;

use crate::folders;

/// Weights and Adam's slots of a trained head.
struct State {
    /// Name, shape and elements.
    tensors: Vec<(&'static str, Vec<u32>, Vec<f32>)>,
}

impl State {
    /// The state that TensorFlow had after the run `run` of the story in `folder`.
    fn of(folder: &Path, run: &str) -> Self {
        let tensor = |name, suffix: &str| {
            let path = folder.join(format!("ref_{run}_{suffix}.f32.bin"));
            let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            let elements = bytes.chunks_exact(4);
            let elements = elements.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
            (name, elements.collect::<Vec<f32>>())
        };
        let classes = tensor("head/bias", "b").1.len() as u32;
        let tensors = [
            tensor("head/bias", "b"),
            tensor("head/bias/Adam", "mb"),
            tensor("head/bias/Adam_1", "vb"),
            tensor("head/kernel", "w"),
            tensor("head/kernel/Adam", "mw"),
            tensor("head/kernel/Adam_1", "vw"),
        ];
        let shaped = tensors.map(|(name, elements)| {
            let shape = match elements.len() as u32 {
                len if len == classes => vec![classes],
                len => vec![len / classes, classes],
            };
            (name, shape, elements)
        });
        Self {
            tensors: shaped.to_vec(),
        }
    }
}

impl Variables for State {
    fn count(&self) -> usize {
        self.tensors.len()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (name, shape, elements) = self.tensors.get(index)?;
        Some(Variable {
            name: Name::new(name),
            shape: shape
                .iter()
                .try_fold(Shape::SCALAR, |shape, &dim| shape.push(dim))?,
            collections: Collections::GLOBAL,
            view: View::F32(elements),
        })
    }

    fn variable_mut(&mut self, _: usize) -> Option<ViewMut<'_>> {
        None
    }

    fn global_step(&self) -> i64 {
        200
    }
}

fn written(state: &State, mut encoder: Encoder) -> Vec<u8> {
    let mut bytes = vec![0; encoder.total_len(state).unwrap() as usize];
    let len = encoder.fill(state, &mut bytes).unwrap();
    assert_eq!(len, bytes.len());
    bytes
}

/// The runs of a story for which TensorFlow's slots are there.
fn runs(story: &Path) -> Vec<String> {
    let entries = fs::read_dir(story).expect("a story");
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let runs = names.filter_map(|name| {
        let run = name.strip_prefix("ref_")?.strip_suffix("_mw.f32.bin")?;
        Some(run.to_owned())
    });
    let mut runs: Vec<String> = runs.collect();
    runs.sort();
    runs
}

/// Bytes of the rows of a matrix that are all zero, four less a row.
fn dead_rows((_, shape, elements): &(&str, Vec<u32>, Vec<f32>)) -> usize {
    let &[_, columns] = &shape[..] else {
        return 0;
    };
    let rows = elements.chunks_exact(columns as usize);
    let dead = rows.filter(|row| row.iter().all(|x| x.to_bits() == 0));
    dead.count() * (4 * columns as usize - 4)
}

#[test]
fn what_nobody_chooses_is_lossless_and_never_larger_than_raw() {
    let mut found = 0;
    for story in folders() {
        let name = story.file_name().unwrap().to_string_lossy().into_owned();
        for run in runs(&story) {
            let state = State::of(&story, &run);
            let raw = written(&state, Encoder::new().choosing(|_| Choice::Raw));
            let default = written(&state, Encoder::new());
            let saved = raw.len() - default.len();
            figures::print(
                &format!("checkpoint.saved.{name}.{run}"),
                format!("{saved} of {}", raw.len()),
                "byte",
            );
            let checkpoints = [&raw, &default].map(|bytes| Checkpoint::parse(bytes).unwrap());
            for (raw, default) in checkpoints[0].tensors().zip(checkpoints[1].tensors()) {
                assert_eq!(raw.crc32c, default.crc32c, "{name} {run} {}", raw.info.name);
                assert!(default.info.stored_len <= raw.info.stored_len);
            }
            // The rows of features that never fired are saved, but for a few bytes a row.
            let dead: usize = state.tensors.iter().map(dead_rows).sum();
            assert!(
                saved >= dead,
                "{name} {run}: saved {saved}, expected {dead}"
            );
            found += 1;
        }
    }
    eprintln!("{found} trained states");
}

/// Bytes of the same tensors in the files of other formats.
fn elsewhere(state: &State, device: &[u8]) -> Vec<(&'static str, usize)> {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("device.gck");
    fs::write(&source, device).unwrap();
    let source = Source::open(&source).unwrap();
    let converted = |format| {
        let options = Options {
            format: Some(format),
            step: Step::Omitted,
            ..Options::default()
        };
        let target = folder.path().join("other");
        let written = convert::convert(&source, &target, &options).unwrap();
        let data = written
            .files
            .iter()
            .filter(|file| !file.ends_with("checkpoint"));
        let sizes = data.map(|file| fs::metadata(file).unwrap().len() as usize);
        sizes.sum()
    };
    let mut room = vec![0; 2 * device.len()];
    let postcard = postcard::to_slice(&state.tensors, &mut room).unwrap().len();
    vec![
        ("bundle", converted(Format::V2)),
        ("npz", converted(Format::Npz)),
        ("safetensors", converted(Format::Safetensors)),
        ("postcard", postcard),
    ]
}

#[test]
fn a_checkpoint_is_smaller_than_the_files_of_other_formats_and_a_quarter_in_eight_bits() {
    for story in folders() {
        let name = story.file_name().unwrap().to_string_lossy().into_owned();
        for run in runs(&story) {
            let state = State::of(&story, &run);
            let size = |choice| written(&state, Encoder::new().choosing(choice)).len();
            let raw = size(|_| Choice::Raw);
            let default = size(|_| Choice::Smallest);
            let [bf16, blocks8] = [size(|_| Choice::Bf16), size(|_| Choice::Blocks8)];
            let file = written(&state, Encoder::new().choosing(|_| Choice::Raw));
            let others = elsewhere(&state, &file);
            let own = [
                ("raw", raw),
                ("smallest", default),
                ("bf16", bf16),
                ("blocks8", blocks8),
            ];
            for (format, bytes) in own.iter().chain(&others) {
                figures::print(&format!("checkpoint.{name}.{run}.{format}"), *bytes, "byte");
            }
            let names: usize = state.tensors.iter().map(|(name, ..)| name.len()).sum();
            let elements: usize = state.tensors.iter().map(|(.., x)| 4 * x.len()).sum();
            assert!(raw <= elements + names + 24 * state.tensors.len() + 48);
            assert!(default <= raw && 2 * bf16 < raw + 1000 && 4 * blocks8 < raw + 2000);
            for (format, bytes) in others {
                let is_larger = format == "postcard" || bytes > raw;
                assert!(is_larger, "{name} {run}: {format} takes {bytes}, not {raw}");
            }
        }
    }
}
