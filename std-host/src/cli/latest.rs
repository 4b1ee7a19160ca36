//! `gradlet latest`

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use gradlet_host::state::latest_checkpoint;

/// Print the prefix of the newest checkpoint of a folder, as tf.train.latest_checkpoint; exit code
/// 1 if there is none.
#[derive(Debug, Args)]
pub(super) struct Latest {
    /// The folder with the `checkpoint` state file
    folder: PathBuf,
    /// Name of the state file
    #[arg(long, value_name = "NAME")]
    latest_filename: Option<String>,
}

impl Latest {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let folder = self.folder.display();
        let latest = latest_checkpoint(&self.folder, self.latest_filename.as_deref())?;
        let latest = latest.ok_or_else(|| {
            anyhow!("{folder} has no checkpoint: no state file, or what it names is gone")
        })?;
        writeln!(io::stdout(), "{latest}")?;
        Ok(())
    }
}
