//! `gradlet inspect`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use gradlet_host::convert::Source;

use super::describe::describe;
use super::print_json;

/// Show what a checkpoint holds: names, types, shapes, checksums.
///
/// A device checkpoint is verified on the way; a bundle's data are not read (see `verify`).
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Anything that `convert` reads: a device checkpoint, the prefix of a bundle, a folder, …
    path: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let description = describe(&Source::open(&self.path)?)?;
        if self.json {
            return print_json(&description);
        }
        write!(io::stdout(), "{description}")?;
        Ok(())
    }
}
