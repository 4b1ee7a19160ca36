//! `gradlet convert`

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use gradlet::checkpoint::Choice;
use gradlet_host::convert::{
    self, Form, Format, MetaGraphFile, Options, Retention, Selection, Slots, Source, Step,
};
use gradlet_host::flash_image::{Dump, Place};
use gradlet_host::mapping::Mapping;
use gradlet_host::profile::Profile;
use gradlet_host::{DType, Durability};
use serde::Serialize;

use super::print_json;
use super::progress::{self, Progress};
use super::region::RegionArguments;

/// Turn a checkpoint of one format into another.
///
/// IN is recognised by its content: a device checkpoint (.gck), the prefix of a TensorFlow V2
/// bundle or one of its files, a V1 checkpoint, a folder with a `checkpoint` state file, a SavedModel folder, an
/// .npz or a .safetensors file, a dump of the flash that the device keeps its checkpoints in. OUT tells the format by its ending: .gck, .npz, .safetensors,
/// anything else is the prefix of a V2 bundle. Files appear whole or not at all.
///
/// A device checkpoint becomes OUT-STEP.index and OUT-STEP.data-00000-of-00001, as
/// `tf.train.Saver.save` names them, and the `checkpoint` state file that
/// `tf.train.latest_checkpoint` reads.
///
/// With --profile, OUT is an object-based checkpoint for
/// `tf.train.Checkpoint(model=…, optimizer=…).restore`. An object-based IN is read by its objects:
/// whichever Keras wrote it, its variables are called `head/kernel`, `head/kernel/Adam`,
/// `global_step`, unless the whole of it becomes a bundle again, which copies it.
#[derive(Debug, Args)]
pub(super) struct Convert {
    /// What to read
    input: PathBuf,
    /// What to write: a file, or the prefix of a bundle
    output: PathBuf,
    /// The format, whatever OUT ends with
    #[arg(long, value_enum)]
    to: Option<To>,
    /// Take only this tensor, or under another name with OLD=NEW (may be repeated)
    #[arg(long = "var", value_name = "NAME[=NEW]")]
    variables: Vec<String>,
    /// Write the tensor NAME as another type, by value (may be repeated)
    #[arg(long, value_name = "NAME=TYPE")]
    cast: Vec<String>,
    /// Write the tensor NAME with another shape of as many elements, as 8,3 (may be repeated)
    #[arg(long, value_name = "NAME=DIMS")]
    reshape: Vec<String>,
    /// Whose objects the variables of an object-based checkpoint are
    #[arg(long, value_enum)]
    profile: Option<ProfileArgument>,
    /// A TOML file: new names (`[assign]`), and which variable is which object
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// A value that Keras's optimizer keeps beside the variables, as learning_rate=0.01 (may be
    /// repeated)
    #[arg(long, value_name = "NAME=NUMBER")]
    set: Vec<String>,
    /// How tensors are found and named; without it, objects with --profile, else flat names
    #[arg(long, value_enum)]
    form: Option<FormArgument>,
    /// How a .gck stores the tensor NAME: smallest, raw, or with loss bf16 or block8 (may be
    /// repeated)
    #[arg(long, value_name = "NAME=ENCODING")]
    encoding: Vec<String>,
    /// What becomes of optimizer slots
    #[arg(long, value_enum, default_value_t = SlotsArgument::Keep)]
    slots: SlotsArgument,
    /// Of a dump of flash, take the checkpoint of this global step and not the newest
    #[arg(long, value_name = "N")]
    step: Option<i64>,
    #[command(flatten)]
    region: RegionArguments,
    /// Keep the N newest checkpoints of OUT's folder and delete older ones that its state file
    /// names, as tf.train.Saver does; 0 keeps all and lists them
    #[arg(long, value_name = "N")]
    max_to_keep: Option<usize>,
    /// Write OUT.meta too, for tf.compat.v1.train.import_meta_graph
    #[arg(long)]
    meta: bool,
    /// Write exactly OUT: do not append the global step
    #[arg(long)]
    exact: bool,
    /// Do not force the files to the disk
    #[arg(long)]
    no_sync: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    Gck,
    V2,
    V1,
    Npz,
    Safetensors,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SlotsArgument {
    Keep,
    Drop,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ProfileArgument {
    /// tf.Module and optimizers of tf.compat.v1.train
    V1,
    /// Keras 3
    Keras3,
    /// tf_keras with an optimizer of TensorFlow 2.11 or newer
    TfKeras,
    /// tf_keras with an optimizer of tf_keras.optimizers.legacy
    TfKerasLegacy,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormArgument {
    /// Variables by name, as tf.compat.v1.train.Saver writes them
    Names,
    /// Objects, as tf.train.Checkpoint writes them
    Objects,
    /// The keys of the file, also of an object-based one
    Keys,
}

/// What a word of `--encoding` stands for.
const ENCODINGS: [(&str, Choice); 4] = [
    ("smallest", Choice::Smallest),
    ("raw", Choice::Raw),
    ("bf16", Choice::Bf16),
    ("block8", Choice::Blocks8),
];

#[derive(Debug, Serialize)]
struct Converted {
    /// What was recognised.
    source: &'static str,
    /// The file, or the prefix of the bundle.
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_step: Option<i64>,
    tensors: usize,
    files: Vec<String>,
    /// What was left out or assumed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Convert {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let place = self.region.place()?;
        let source = match self.step {
            None if place == Place::default() => Source::open(&self.input)?,
            step => {
                let dump = Dump::open(&self.input, place)?;
                Source::Device(match step {
                    Some(step) => dump.at_step(step)?,
                    None => dump.newest()?,
                })
            }
        };
        let options = Options {
            selection: self.selection()?,
            form: match self.form {
                None => Form::Automatic,
                Some(FormArgument::Names) => Form::Names,
                Some(FormArgument::Objects) => Form::Objects,
                Some(FormArgument::Keys) => Form::Keys,
            },
            mapping: self.mapping()?,
            encodings: self.encodings()?,
            format: self.to.map(|to| match to {
                To::Gck => Format::Device,
                To::V2 => Format::V2,
                To::V1 => Format::V1,
                To::Npz => Format::Npz,
                To::Safetensors => Format::Safetensors,
            }),
            step: if self.exact {
                Step::Omitted
            } else {
                Step::Automatic
            },
            durability: if self.no_sync {
                Durability::Unsynced
            } else {
                Durability::Synced
            },
            retention: match self.max_to_keep {
                None => Retention::Untouched,
                Some(0) => Retention::All,
                Some(count) => Retention::Newest(count),
            },
            meta_graph: match self.meta {
                true => MetaGraphFile::Written,
                false => MetaGraphFile::Omitted,
            },
            progress: Some(progress::tensors),
        };
        let line = Progress::start(format!("converting {}", self.input.display()));
        let written = convert::convert(&source, &self.output, &options)
            .with_context(|| format!("cannot convert {}", self.input.display()))?;
        drop(line);
        let converted = Converted {
            source: source.kind(),
            target: written.target.display().to_string(),
            global_step: written.global_step,
            tensors: written.tensors,
            files: written
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect(),
            notes: written.notes,
        };
        if self.json {
            return print_json(&converted);
        }
        for note in &converted.notes {
            log::warn!("{note}");
        }
        let mut out = io::stdout().lock();
        for file in &converted.files {
            writeln!(out, "{file}")?;
        }
        Ok(())
    }

    fn mapping(&self) -> anyhow::Result<Mapping> {
        let mut mapping = match &self.map {
            Some(file) => Mapping::read(file)?,
            None => Mapping::default(),
        };
        let profile = self.profile.map(|profile| match profile {
            ProfileArgument::V1 => Profile::V1,
            ProfileArgument::Keras3 => Profile::Keras3,
            ProfileArgument::TfKeras => Profile::TfKeras,
            ProfileArgument::TfKerasLegacy => Profile::TfKerasLegacy,
        });
        mapping.profile = profile.or(mapping.profile);
        for value in &self.set {
            let parsed = value
                .split_once('=')
                .and_then(|(name, number)| Some((name, number.parse().ok()?)));
            let (name, number) =
                parsed.ok_or_else(|| anyhow!("--set {value}: expected NAME=NUMBER"))?;
            mapping.hyperparameters.insert(name.to_owned(), number);
        }
        Ok(mapping)
    }

    fn encodings(&self) -> anyhow::Result<BTreeMap<String, Choice>> {
        let parse = |argument: &String| {
            let (name, word) = argument
                .rsplit_once('=')
                .ok_or_else(|| anyhow!("--encoding {argument}: expected NAME=ENCODING"))?;
            let found = ENCODINGS.into_iter().find(|(known, _)| *known == word);
            let (_, choice) = found.ok_or_else(|| {
                let known = ENCODINGS.map(|(known, _)| known).join(", ");
                anyhow!("--encoding {argument}: no encoding \"{word}\"; there are {known}")
            })?;
            Ok((name.to_owned(), choice))
        };
        self.encoding.iter().map(parse).collect()
    }

    fn selection(&self) -> anyhow::Result<Selection> {
        let mut selection = Selection {
            slots: match self.slots {
                SlotsArgument::Keep => Slots::Keep,
                SlotsArgument::Drop => Slots::Drop,
            },
            ..Selection::default()
        };
        for variable in &self.variables {
            let (old, new) = variable.split_once('=').unwrap_or((variable, variable));
            selection.variables.push(old.to_owned());
            if old != new {
                selection.renames.insert(old.to_owned(), new.to_owned());
            }
        }
        for cast in &self.cast {
            let (name, dtype) = cast
                .rsplit_once('=')
                .ok_or_else(|| anyhow!("--cast {cast}: expected NAME=TYPE"))?;
            let dtype = DType::from_name(dtype).ok_or_else(|| {
                anyhow!("--cast {cast}: no type \"{dtype}\"; float32, bfloat16, int8 are some")
            })?;
            selection.casts.insert(name.to_owned(), dtype);
        }
        for reshape in &self.reshape {
            let (name, dims) = reshape
                .rsplit_once('=')
                .ok_or_else(|| anyhow!("--reshape {reshape}: expected NAME=DIMS"))?;
            let dims: Result<Vec<u64>, _> = dims
                .split(',')
                .filter(|dim| !dim.is_empty())
                .map(str::parse)
                .collect();
            let dims =
                dims.with_context(|| format!("--reshape {reshape}: expected DIMS as 8,3"))?;
            selection.shapes.insert(name.to_owned(), dims);
        }
        Ok(selection)
    }
}
