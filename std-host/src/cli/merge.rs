//! `gradlet merge`

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use gradlet_host::Durability;
use gradlet_host::bundle::{MergeOptions, MissingParts, OldFolders, merge};

/// Make one bundle of several, as TensorFlow's MergeV2Checkpoints.
///
/// The data files are renamed, not copied, and the parts are gone afterwards. A tensor may be in
/// several parts only as slices of one whole.
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// The prefix of the new bundle
    output: PathBuf,
    /// Prefixes of the parts, in order
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// Leave the parts' folders where they are, even if they become empty
    #[arg(long)]
    keep_folders: bool,
    /// Leave out parts that are not there
    #[arg(long)]
    allow_missing: bool,
    /// Do not force the index to the disk
    #[arg(long)]
    no_sync: bool,
}

impl Merge {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let options = MergeOptions {
            old_folders: if self.keep_folders {
                OldFolders::Keep
            } else {
                OldFolders::Remove
            },
            missing_parts: if self.allow_missing {
                MissingParts::Skip
            } else {
                MissingParts::Refuse
            },
            durability: if self.no_sync {
                Durability::Unsynced
            } else {
                Durability::Synced
            },
        };
        merge(&self.parts, &self.output, options)
            .with_context(|| format!("cannot merge into {}", self.output.display()))?;
        writeln!(io::stdout(), "{}", self.output.display())?;
        Ok(())
    }
}
