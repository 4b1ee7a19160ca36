//! `gradlet convert`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use gradlet_host::convert::{Options, Step, device_to_bundle};
use gradlet_host::{Durability, device};
use serde::Serialize;

use super::print_json;

/// Turn a device checkpoint into a TensorFlow V2 bundle.
///
/// Writes OUT-STEP.index, OUT-STEP.data-00000-of-00001 and, last, the `checkpoint` state file
/// that `tf.train.latest_checkpoint` reads. Files appear whole or not at all.
#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The device checkpoint (.gck)
    input: PathBuf,
    /// Prefix of the bundle, as for `tf.train.Saver.save`
    output: PathBuf,
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

#[derive(Debug, Serialize)]
struct Converted {
    prefix: String,
    global_step: i64,
    tensors: usize,
    files: Vec<String>,
}

impl Convert {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let device = device::open(&self.input)?;
        let options = Options {
            step: if self.exact {
                Step::Omitted
            } else {
                Step::Appended
            },
            durability: if self.no_sync {
                Durability::Unsynced
            } else {
                Durability::Synced
            },
        };
        let written = device_to_bundle(&device, &self.output, options)?;
        let converted = Converted {
            prefix: written.prefix.display().to_string(),
            global_step: device.global_step(),
            tensors: device.tensors().count(),
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
}
