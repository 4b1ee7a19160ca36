//! `tf.compat.v1.train.Saver`: name-based checkpoints, numbered by step, of which the recent ones
//! are kept.
//!
//! ```
//! use gradlet_host::saver::Saver;
//! use gradlet_host::{Tensor, Variables};
//!
//! # let folder = tempfile::tempdir()?;
//! # let run = folder.path().join("model.ckpt");
//! let head: Variables =
//!     [("head/bias", Tensor::scalar(0.5f32)), ("global_step", Tensor::scalar(100i64))].into();
//! let mut saver = Saver::new().max_to_keep(5);
//! let saved = saver.save(&head, &run, 100)?.expect("there is something to save");
//! assert!(saved.ends_with("model.ckpt-100"));
//!
//! let mut other: Variables = [("head/bias", Tensor::scalar(0f32))].into();
//! saver.restore(&mut other, &saved)?;
//! assert_eq!(other.get("head/bias"), head.get("head/bias"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod def;
mod restore;
mod retention;
mod save;

use std::path::Path;

use self::retention::Retention;
use crate::clock::{Clock, SystemClock};
use crate::management::ManagementError;
use crate::staged::Durability;
use crate::state::{self, FormatVersion, PathForm, paths};

pub use crate::proto::saver::SaverDef;

/// Saves and restores variables by name, and keeps the recent checkpoints
/// (`tf.compat.v1.train.Saver`).
///
/// A saver is set up by its methods and used by [`Saver::save`] and [`Saver::restore`]. What it
/// keeps it knows only of its own saves; a new one learns of older checkpoints by
/// [`Saver::recover_last_checkpoints`].
#[derive(Clone, Debug)]
pub struct Saver<C = SystemClock> {
    clock: C,
    retention: Retention,
    version: FormatVersion,
    step_digits: usize,
    path_form: PathForm,
    sharding: Sharding,
    emptiness: Emptiness,
    shapes: Shapes,
    restore_order: RestoreOrder,
    meta_graph: MetaGraphFile,
    state_file: StateFile,
    durability: Durability,
}

/// Whether each device writes a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharding {
    Together,
    ByDevice,
}

/// Whether a saver without variables is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emptiness {
    Refused,
    Allowed,
}

/// Whether shapes must agree on restoring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shapes {
    Equal,
    SameCount,
}

/// When restored values are assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RestoreOrder {
    /// All at the end, so that a failure changes nothing.
    Together,
    /// Each when it has been read, in the memory of one.
    OneByOne,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum MetaGraphFile {
    Written { suffix: String },
    Omitted { suffix: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum StateFile {
    Written { name: String },
    Omitted { name: String },
}

impl Default for Saver {
    fn default() -> Saver {
        Saver::new()
    }
}

impl Saver {
    /// A saver with TensorFlow's defaults: V2, the five newest kept, `.meta` and state file
    /// written, everything synced to the disk.
    pub fn new() -> Saver {
        Saver::with_clock(SystemClock)
    }
}

impl<C: Clock> Saver<C> {
    /// As [`Saver::new`], with the time from `clock`.
    pub fn with_clock(clock: C) -> Saver<C> {
        let retention = Retention::new(clock.now());
        Saver {
            clock,
            retention,
            version: FormatVersion::V2,
            step_digits: 0,
            path_form: PathForm::AsGiven,
            sharding: Sharding::Together,
            emptiness: Emptiness::Refused,
            shapes: Shapes::Equal,
            restore_order: RestoreOrder::Together,
            meta_graph: MetaGraphFile::Written {
                suffix: "meta".to_owned(),
            },
            state_file: StateFile::Written {
                name: state::DEFAULT_LATEST_FILENAME.to_owned(),
            },
            durability: Durability::Synced,
        }
    }

    /// Number of recent checkpoints to keep, 5 by default; 0 keeps all, and then the state file
    /// names the newest only (`max_to_keep`).
    #[must_use]
    pub fn max_to_keep(mut self, count: usize) -> Self {
        self.retention.set_max_to_keep(count);
        self
    }

    /// Keeps one checkpoint for ever for every so many hours since the saver was made; 10,000 by
    /// default, in effect none (`keep_checkpoint_every_n_hours`).
    #[must_use]
    pub fn keep_checkpoint_every_n_hours(mut self, hours: f32) -> Self {
        self.retention.keep_every(hours);
        self
    }

    /// The files to write; V2 by default (`write_version`). Both can be restored.
    #[must_use]
    pub fn write_version(mut self, version: FormatVersion) -> Self {
        self.version = version;
        self
    }

    /// Pads the step in file names to eight digits (`pad_step_number`).
    #[must_use]
    pub fn pad_step_number(mut self) -> Self {
        self.step_digits = 8;
        self
    }

    /// Writes relative paths into the state file, so that the directory can be moved
    /// (`save_relative_paths`).
    #[must_use]
    pub fn save_relative_paths(mut self) -> Self {
        self.path_form = PathForm::Relative;
        self
    }

    /// Writes one data file for each device that variables live on (`sharded`).
    #[must_use]
    pub fn sharded(mut self) -> Self {
        self.sharding = Sharding::ByDevice;
        self
    }

    /// Makes a saver without variables do nothing; else it is an error (`allow_empty`).
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.emptiness = Emptiness::Allowed;
        self
    }

    /// Restores variables whose shape differs from the saved one, if the number of elements is the
    /// same (`reshape`).
    #[must_use]
    pub fn reshape(mut self) -> Self {
        self.shapes = Shapes::SameCount;
        self
    }

    /// Assigns each variable as soon as its value has been read: memory for one value suffices, but
    /// a failure leaves the earlier ones assigned (`restore_sequentially`).
    #[must_use]
    pub fn restore_sequentially(mut self) -> Self {
        self.restore_order = RestoreOrder::OneByOne;
        self
    }

    /// Name of the state file, `checkpoint` by default (`latest_filename`).
    #[must_use]
    pub fn latest_filename(mut self, name: &str) -> Self {
        match &mut self.state_file {
            StateFile::Written { name: own } | StateFile::Omitted { name: own } => {
                *own = name.to_owned();
            }
        }
        self
    }

    /// Writes no state file, and hence deletes nothing (`write_state=False`).
    #[must_use]
    pub fn without_state(mut self) -> Self {
        if let StateFile::Written { name } = self.state_file {
            self.state_file = StateFile::Omitted { name };
        }
        self
    }

    /// What the name of the MetaGraph file ends with, `meta` by default (`meta_graph_suffix`).
    #[must_use]
    pub fn meta_graph_suffix(mut self, suffix: &str) -> Self {
        match &mut self.meta_graph {
            MetaGraphFile::Written { suffix: own } | MetaGraphFile::Omitted { suffix: own } => {
                *own = suffix.to_owned();
            }
        }
        self
    }

    /// Writes no MetaGraph file (`write_meta_graph=False`).
    #[must_use]
    pub fn without_meta_graph(mut self) -> Self {
        if let MetaGraphFile::Written { suffix } = self.meta_graph {
            self.meta_graph = MetaGraphFile::Omitted { suffix };
        }
        self
    }

    /// Whether files are forced to the disk; they are by default.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Prefixes of the recent checkpoints, oldest first (`last_checkpoints`).
    pub fn last_checkpoints(&self) -> Vec<&str> {
        self.retention
            .last()
            .iter()
            .map(|(path, _)| path.as_str())
            .collect()
    }

    /// Replaces the list of recent checkpoints by these, which are taken for new
    /// (`set_last_checkpoints`).
    pub fn set_last_checkpoints<P: Into<String>>(&mut self, prefixes: impl IntoIterator<Item = P>) {
        let timed = prefixes.into_iter().map(|prefix| (prefix, f64::INFINITY));
        self.set_last_checkpoints_with_time(timed);
    }

    /// Replaces the list of recent checkpoints by these with the seconds since 1970 at which they
    /// were written (`set_last_checkpoints_with_time`).
    pub fn set_last_checkpoints_with_time<P: Into<String>>(
        &mut self,
        prefixes: impl IntoIterator<Item = (P, f64)>,
    ) {
        let list = prefixes
            .into_iter()
            .map(|(prefix, written)| (prefix.into(), written));
        self.retention.set_last(list.collect());
    }

    /// Replaces the list of recent checkpoints by those of these that still exist, with the times
    /// of their files (`recover_last_checkpoints`).
    pub fn recover_last_checkpoints<P: Into<String>>(
        &mut self,
        prefixes: impl IntoIterator<Item = P>,
    ) {
        let existing = prefixes.into_iter().filter_map(|prefix| {
            let prefix = prefix.into();
            let written = state::modified(&prefix)?;
            Some((prefix, written))
        });
        self.retention.set_last(existing.collect());
    }

    /// The prefix that saving at this step gives: `model.ckpt-100`.
    fn numbered(&self, path: &Path, step: Option<i64>) -> Result<String, ManagementError> {
        let path = paths::as_text(path)?;
        let Some(step) = step else {
            let name = self.state_file.name();
            if paths::basename(path) == name && self.sharding == Sharding::Together {
                let (name, path) = (name.to_owned(), path.to_owned());
                return Err(ManagementError::LatestFilenameCollides { name, path });
            }
            return Ok(path.to_owned());
        };
        let digits = self.step_digits;
        Ok(format!("{path}-{step:0digits$}"))
    }
}

impl StateFile {
    fn name(&self) -> &str {
        match self {
            StateFile::Written { name } | StateFile::Omitted { name } => name,
        }
    }
}
