//! What can go wrong when checkpoints are managed.

use std::path::PathBuf;

use crate::error::{Error, Status};
use crate::text_format::TextError;

/// Python's class of an error that TensorFlow raises while it manages checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PythonError {
    /// `ValueError`: an argument, or what a file says, makes no sense.
    Value,
    /// `RuntimeError`: the call cannot be made in this state.
    Runtime,
    /// `AssertionError`: a check that the caller asked for does not hold.
    Assertion,
    /// `KeyError`: a name that is not there.
    Key,
    /// `tf.errors.OpError` and its subclasses.
    Op(Status),
}

/// Why a checkpoint could not be saved, found, restored or removed.
///
/// Texts begin with TensorFlow's own, so that they can be searched for, and go on with what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagementError {
    /// A state file that names no checkpoint.
    #[error(
        "Invalid checkpoint state loaded from {directory}: the file names no \
         model_checkpoint_path; delete it, or save again"
    )]
    InvalidState {
        /// The directory asked about.
        directory: String,
    },
    /// A state file that is not text of the right form.
    #[error("{} is not a checkpoint state file: {source}", path.display())]
    StateText {
        /// The file.
        path: PathBuf,
        /// Where it departs from the form.
        source: TextError,
    },
    /// Not as many timestamps as paths.
    #[error(
        "Checkpoint timestamps, if provided, must match checkpoint paths (got {paths} paths and \
         {timestamps} timestamps)"
    )]
    TimestampCount {
        /// Number of paths.
        paths: usize,
        /// Number of timestamps.
        timestamps: usize,
    },
    /// A checkpoint with the name of the state file.
    #[error(
        "Save path '{path}' conflicts with path used for checkpoint state.  Please use a different \
         save path."
    )]
    StatePathConflict {
        /// The path.
        path: String,
    },
    /// `latest_filename` with a folder in it.
    #[error("'latest_filename' must not contain path components (got '{name}')")]
    LatestFilenameHasPath {
        /// The name given.
        name: String,
    },
    /// `latest_filename` equals the checkpoint's name.
    #[error("'latest_filename' collides with 'save_path': '{name}' and '{path}'")]
    LatestFilenameCollides {
        /// The name of the state file.
        name: String,
        /// The checkpoint's path.
        path: String,
    },
    /// The folder to save in is missing and cannot be made.
    #[error("Parent directory of {path} doesn't exist, can't save.")]
    NoParentDirectory {
        /// The checkpoint's path.
        path: String,
    },
    /// Nothing to save.
    #[error("No variables to save (`allow_empty` makes the saver do nothing instead)")]
    NoVariables,
    /// A path that leads to no checkpoint.
    #[error("The passed save_path is not a valid checkpoint: {prefix}{hint}")]
    NotACheckpoint {
        /// The path.
        prefix: String,
        /// What to pass instead, as a clause, or nothing.
        hint: String,
    },
    /// A directory without a state file or whose state file leads nowhere.
    #[error(
        "Couldn't find 'checkpoint' file or checkpoints in given directory {directory}; pass the \
         prefix of a checkpoint, such as {directory}/model.ckpt-100"
    )]
    NoCheckpoints {
        /// The directory.
        directory: String,
    },
    /// A manager that would keep nothing.
    #[error("Expected a positive integer or `None` for `max_to_keep`, got {found}.")]
    MaxToKeep {
        /// The number given.
        found: usize,
    },
    /// An interval between saves, but nothing that counts steps.
    #[error(
        "`step_counter` should be passed if `checkpoint_interval` is not None. (There is no integer \
         variable \"{name}\".)"
    )]
    NoStepCounter {
        /// The variable that should count.
        name: String,
    },
    /// A path that the text of a state file cannot hold.
    #[error("{} is not UTF-8, which checkpoint state files require; rename it", path.display())]
    NotUtf8 {
        /// The path.
        path: PathBuf,
    },
    /// Saved values or variables that found no partner, when the caller asked for all.
    #[error("{0}")]
    NotMatched(String),
    /// A checkpoint's values do not fit the variables that are to receive them.
    #[error("{0}")]
    Mismatch(String),
    /// A variable is missing in the checkpoint, or differs there.
    #[error(
        "Restoring from checkpoint failed. This is most likely due to {reason} from the \
         checkpoint. Original error:\n\n{original}"
    )]
    Restore {
        /// TensorFlow's class for the original error.
        status: Status,
        /// What is most likely wrong.
        reason: &'static str,
        /// The original error.
        original: String,
    },
    /// A message in the checkpoint cannot be understood.
    #[error("{what} of {prefix} is damaged: {reason}")]
    DamagedMessage {
        /// Which message.
        what: &'static str,
        /// The checkpoint.
        prefix: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] Error),
}

impl ManagementError {
    /// The class of the error that TensorFlow raises here.
    pub fn python_class(&self) -> PythonError {
        match self {
            ManagementError::StatePathConflict { .. } => PythonError::Runtime,
            ManagementError::NotMatched(_) => PythonError::Assertion,
            ManagementError::DamagedMessage { .. } => PythonError::Op(Status::DataLoss),
            ManagementError::Restore { status, .. } => PythonError::Op(*status),
            ManagementError::File(error) => PythonError::Op(error.status()),
            ManagementError::InvalidState { .. }
            | ManagementError::StateText { .. }
            | ManagementError::TimestampCount { .. }
            | ManagementError::LatestFilenameHasPath { .. }
            | ManagementError::LatestFilenameCollides { .. }
            | ManagementError::NoParentDirectory { .. }
            | ManagementError::NoVariables
            | ManagementError::NotACheckpoint { .. }
            | ManagementError::NoCheckpoints { .. }
            | ManagementError::MaxToKeep { .. }
            | ManagementError::NoStepCounter { .. }
            | ManagementError::NotUtf8 { .. }
            | ManagementError::Mismatch(_) => PythonError::Value,
        }
    }
}
