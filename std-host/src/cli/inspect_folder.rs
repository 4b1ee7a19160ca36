//! What `inspect` says of a managed folder.

use std::fmt;
use std::path::Path;

use gradlet_host::state::{DEFAULT_LATEST_FILENAME, checkpoint_exists, read_checkpoint_state};
use serde::Serialize;

/// What a state file names.
#[derive(Debug, Serialize)]
pub(super) struct FolderDescription {
    kind: &'static str,
    path: String,
    latest: String,
    checkpoints: Vec<CheckpointLine>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_preserved: Option<f64>,
}

#[derive(Debug, Serialize)]
struct CheckpointLine {
    prefix: String,
    /// Whether its files are there.
    exists: bool,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
}

/// Reads the state file of a folder; `None` if there is none.
pub(super) fn describe(folder: &Path) -> anyhow::Result<Option<FolderDescription>> {
    let Some(state) = read_checkpoint_state(folder, None)? else {
        return Ok(None);
    };
    let times = state.all_model_checkpoint_timestamps;
    let mut all = state.all_model_checkpoint_paths;
    if !all.contains(&state.model_checkpoint_path) {
        all.push(state.model_checkpoint_path.clone());
    }
    let checkpoints = all.into_iter().enumerate();
    let line = |(number, prefix): (usize, String)| CheckpointLine {
        exists: checkpoint_exists(&prefix),
        prefix,
        time: times.get(number).copied(),
    };
    let preserved = state.last_preserved_timestamp;
    Ok(Some(FolderDescription {
        kind: "checkpoint state",
        path: folder.join(DEFAULT_LATEST_FILENAME).display().to_string(),
        latest: state.model_checkpoint_path,
        checkpoints: checkpoints.map(line).collect(),
        last_preserved: (preserved != 0.0).then_some(preserved),
    }))
}

impl fmt::Display for FolderDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.checkpoints.len();
        writeln!(f, "{}: {}, {count} checkpoints", self.path, self.kind)?;
        for line in &self.checkpoints {
            let mark = if line.prefix == self.latest { "*" } else { " " };
            write!(f, "{mark} {}", line.prefix)?;
            if let Some(time) = line.time {
                write!(f, "  saved at {time}")?;
            }
            writeln!(f, "{}", if line.exists { "" } else { "  (missing)" })?;
        }
        Ok(())
    }
}
