//! `gradlet verify`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use gradlet_host::convert::Source;
use serde::Serialize;

use super::describe::describe;
use super::print_json;
use super::progress::Progress;

/// Read a checkpoint whole and compare every checksum; exit code 1 if anything is damaged.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Anything that `convert` reads: a device checkpoint, the prefix of a bundle, a folder, …
    path: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Verified {
    path: String,
    kind: &'static str,
    tensors: usize,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let source = Source::open(&self.path)?;
        let description = describe(&source)?;
        let line = Progress::start(format!("verifying {}", self.path.display()));
        source.verify()?;
        drop(line);
        let verified = Verified {
            path: description.path,
            kind: description.kind,
            tensors: description.tensors.len(),
        };
        if self.json {
            return print_json(&verified);
        }
        writeln!(
            io::stdout(),
            "{}: all {} tensors have the checksums that were written",
            verified.path,
            verified.tensors
        )?;
        Ok(())
    }
}
