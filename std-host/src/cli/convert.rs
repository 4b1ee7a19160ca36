//! `gradlet convert`

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use gradlet_host::convert::{self, Format, Options, Selection, Slots, Source, Step};
use gradlet_host::{DType, Durability};
use serde::Serialize;

use super::print_json;

/// Turn a checkpoint of one format into another.
///
/// IN is recognised by its content: a device checkpoint (.gck), the prefix of a TensorFlow V2
/// bundle or one of its files, a V1 checkpoint, a folder with a `checkpoint` state file, a SavedModel folder, an
/// .npz or a .safetensors file. OUT tells the format by its ending: .gck, .npz, .safetensors,
/// anything else is the prefix of a V2 bundle. Files appear whole or not at all.
///
/// A device checkpoint becomes OUT-STEP.index and OUT-STEP.data-00000-of-00001, as
/// `tf.train.Saver.save` names them, and the `checkpoint` state file that
/// `tf.train.latest_checkpoint` reads.
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
    /// What becomes of optimizer slots
    #[arg(long, value_enum, default_value_t = SlotsArgument::Keep)]
    slots: SlotsArgument,
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
}

impl Convert {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let source = Source::open(&self.input)?;
        let options = Options {
            selection: self.selection()?,
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
        };
        let written = convert::convert(&source, &self.output, &options)
            .with_context(|| format!("cannot convert {}", self.input.display()))?;
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
        };
        if self.json {
            return print_json(&converted);
        }
        let mut out = io::stdout().lock();
        for file in &converted.files {
            writeln!(out, "{file}")?;
        }
        Ok(())
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
