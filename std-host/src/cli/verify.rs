//! `gradlet verify`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use gradlet_host::bundle;
use serde::Serialize;

use super::describe::{describe, is_device};
use super::print_json;

/// Read a checkpoint whole and compare every checksum; exit code 1 if anything is damaged.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A device checkpoint (.gck) or the prefix of a V2 bundle
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
        let description = describe(&self.path)?;
        if !is_device(&self.path) {
            bundle::Reader::open(&self.path)?.verify()?;
        }
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
