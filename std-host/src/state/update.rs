//! Writing state files.

use std::io::Write as _;
use std::path::Path;

use super::{CheckpointState, DEFAULT_LATEST_FILENAME, paths};
use crate::error::Error;
use crate::management::ManagementError;
use crate::staged::{self, Durability, Staged};

/// How absolute paths are written into a state file (`save_relative_paths`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathForm {
    /// As they are; the directory cannot be moved.
    #[default]
    AsGiven,
    /// Relative to the state file, so that the directory can be moved.
    Relative,
}

/// What a state file is to say; the arguments of `tf.compat.v1.train.update_checkpoint_state`.
#[derive(Clone, Debug, Default)]
pub struct StateUpdate<'a> {
    /// Folder of the state file.
    pub directory: &'a str,
    /// Prefix of the newest checkpoint.
    pub model_checkpoint_path: &'a str,
    /// Prefixes of the checkpoints not yet deleted, oldest first; the newest is added at the end
    /// if it is not there.
    pub all_model_checkpoint_paths: Vec<String>,
    /// Name of the state file, `checkpoint` by default.
    pub latest_filename: Option<&'a str>,
    /// Whether absolute paths are made relative.
    pub path_form: PathForm,
    /// When each checkpoint was written, in seconds since 1970; empty to leave it out.
    pub all_model_checkpoint_timestamps: Vec<f64>,
    /// When the newest checkpoint kept for ever was written; 0 to leave it out.
    pub last_preserved_timestamp: f64,
    /// Whether the file is forced to the disk.
    pub durability: Durability,
}

/// The state that an update writes, paths made relative where `directory` is relative
/// (`tf.compat.v1.train.generate_checkpoint_state_proto`).
///
/// # Errors
/// [`ManagementError::TimestampCount`].
pub fn generate_checkpoint_state(
    update: &StateUpdate<'_>,
) -> Result<CheckpointState, ManagementError> {
    let StateUpdate {
        directory,
        all_model_checkpoint_timestamps: timestamps,
        ..
    } = update;
    let to_relative = |path: &str| paths::relative(path, directory);
    let form = |path: &str| match update.path_form {
        PathForm::Relative if Path::new(path).is_absolute() => to_relative(path),
        _ => None,
    };
    let formed = |path: &str| form(path).unwrap_or_else(|| path.to_owned());
    let newest = formed(update.model_checkpoint_path);
    let mut all: Vec<String> = update
        .all_model_checkpoint_paths
        .iter()
        .map(|path| formed(path))
        .collect();
    if all.last() != Some(&newest) {
        all.push(newest.clone());
    }
    if !timestamps.is_empty() && timestamps.len() != all.len() {
        let (paths, timestamps) = (all.len(), timestamps.len());
        return Err(ManagementError::TimestampCount { paths, timestamps });
    }
    let mut state = CheckpointState {
        model_checkpoint_path: newest,
        all_model_checkpoint_paths: all,
        all_model_checkpoint_timestamps: timestamps.clone(),
        last_preserved_timestamp: update.last_preserved_timestamp,
    };
    if !Path::new(directory).is_absolute() {
        let all = state.all_model_checkpoint_paths.iter_mut();
        for path in all.chain([&mut state.model_checkpoint_path]) {
            if !Path::new(path.as_str()).is_absolute() {
                *path = to_relative(path).unwrap_or_else(|| path.clone());
            }
        }
    }
    Ok(state)
}

/// Replaces the state file as a whole (`tf.compat.v1.train.update_checkpoint_state`).
///
/// # Errors
/// [`ManagementError::TimestampCount`], [`ManagementError::StatePathConflict`], or the file cannot
/// be written; the old one then stays.
pub fn update_checkpoint_state(update: &StateUpdate<'_>) -> Result<(), ManagementError> {
    let state = generate_checkpoint_state(update)?;
    let name = update.latest_filename.unwrap_or(DEFAULT_LATEST_FILENAME);
    let path = paths::join(update.directory, name);
    if path == state.model_checkpoint_path {
        return Err(ManagementError::StatePathConflict { path });
    }
    replace_file(
        Path::new(&path),
        state.to_text().as_bytes(),
        update.durability,
    )?;
    Ok(())
}

/// Gives the file `path` the content `bytes`, all at once.
pub(crate) fn replace_file(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), Error> {
    let mut staged = Staged::beside(path)?;
    staged.write_all(bytes).map_err(Error::io("write", path))?;
    staged.sync(durability)?;
    staged.commit(path)?;
    staged::sync_folder_of(path, durability)
}
