//! Reading state files.

use std::fs;
use std::path::Path;

use super::{CheckpointState, DEFAULT_LATEST_FILENAME, files, paths};
use crate::error::Error;
use crate::management::ManagementError;

/// The state of `directory`, paths made absolute or relative to the current folder, or `None` if
/// there is no state file or it cannot be read (`tf.train.get_checkpoint_state`).
///
/// A file that cannot be read or is not text of the right form is reported through `log` and
/// counts as absent, as in TensorFlow; [`read_checkpoint_state`] gives the reason instead.
///
/// # Errors
/// [`ManagementError::InvalidState`] if the file names no checkpoint, for example because it is
/// empty.
pub fn get_checkpoint_state(
    directory: impl AsRef<Path>,
    latest_filename: Option<&str>,
) -> Result<Option<CheckpointState>, ManagementError> {
    match read_checkpoint_state(directory, latest_filename) {
        Err(error @ (ManagementError::File(_) | ManagementError::StateText { .. })) => {
            log::warn!("{error}: checkpoint state ignored");
            Ok(None)
        }
        result => result,
    }
}

/// As [`get_checkpoint_state`], but a state file that is there and cannot be understood is an
/// error.
///
/// # Errors
/// The file cannot be read, is not text of the right form, or names no checkpoint.
pub fn read_checkpoint_state(
    directory: impl AsRef<Path>,
    latest_filename: Option<&str>,
) -> Result<Option<CheckpointState>, ManagementError> {
    let directory = paths::as_text(directory.as_ref())?;
    let path = paths::join(
        directory,
        latest_filename.unwrap_or(DEFAULT_LATEST_FILENAME),
    );
    let path = Path::new(&path);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let mut state =
        CheckpointState::from_text(&text).map_err(|source| ManagementError::StateText {
            path: path.to_path_buf(),
            source,
        })?;
    if state.model_checkpoint_path.is_empty() {
        return Err(ManagementError::InvalidState {
            directory: directory.to_owned(),
        });
    }
    let all = state.all_model_checkpoint_paths.iter_mut();
    for path in all.chain([&mut state.model_checkpoint_path]) {
        *path = paths::join(directory, path);
    }
    Ok(Some(state))
}

/// The prefix of the newest checkpoint in `directory`, or `None` if there is none or its files are
/// gone (`tf.train.latest_checkpoint`).
///
/// # Errors
/// [`ManagementError::InvalidState`] if the state file names no checkpoint.
pub fn latest_checkpoint(
    directory: impl AsRef<Path>,
    latest_filename: Option<&str>,
) -> Result<Option<String>, ManagementError> {
    let Some(state) = get_checkpoint_state(directory, latest_filename)? else {
        return Ok(None);
    };
    let prefix = state.model_checkpoint_path;
    if files::checkpoint_exists(&prefix) {
        return Ok(Some(prefix));
    }
    log::error!("Couldn't match files for checkpoint {prefix}");
    Ok(None)
}
