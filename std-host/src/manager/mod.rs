//! `tf.train.CheckpointManager`: a directory of object-based checkpoints, of which the recent ones
//! are kept.
//!
//! ```
//! use gradlet_host::checkpoint::Checkpoint;
//! use gradlet_host::manager::{CheckpointManager, ManagerOptions};
//! use gradlet_host::mapping::Mapping;
//! use gradlet_host::{Tensor, Variables};
//!
//! # let folder = tempfile::tempdir()?;
//! # let run = folder.path();
//! let mut head: Variables = [("head/bias", Tensor::scalar(0.5f32))].into();
//! let options = ManagerOptions { max_to_keep: Some(3), ..ManagerOptions::default() };
//! let checkpoint = Checkpoint::new(Mapping::default());
//! let mut manager = CheckpointManager::new(checkpoint, run, options)?;
//! manager.restore_or_initialize(&mut head, |_| Ok(()))?;
//! manager.save(&head)?;
//! assert!(manager.latest_checkpoint().is_some_and(|newest| newest.ends_with("ckpt-1")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod active_set;

use std::path::Path;

use self::active_set::ActiveSet;
use crate::checkpoint::{Checkpoint, Saved};
use crate::clock::{Clock, SystemClock};
use crate::management::ManagementError;
use crate::profile::GLOBAL_STEP;
use crate::staged::Durability;
use crate::state::{
    PathForm, StateUpdate, get_checkpoint_state, paths, remove_bundle, update_checkpoint_state,
};
use crate::tensor::{Elements, TensorView};
use crate::variables::{Restorable, Saveable};

/// How a [`CheckpointManager`] keeps checkpoints; the arguments of `tf.train.CheckpointManager`.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagerOptions {
    /// Number of recent checkpoints to keep; `None` keeps all.
    pub max_to_keep: Option<usize>,
    /// Of those that would be deleted, keeps one for ever for every so many hours.
    pub keep_checkpoint_every_n_hours: Option<f64>,
    /// With what file names begin, `ckpt` by default.
    pub checkpoint_name: String,
    /// Saves only if so many steps were made since the last save.
    pub checkpoint_interval: Option<i64>,
    /// Name of the variable that counts steps, `global_step` by default.
    pub step_counter: String,
    /// Step of the last save, where it is known.
    pub last_checkpoint_step: Option<i64>,
    /// Whether files are forced to the disk; they are by default.
    pub durability: Durability,
}

impl Default for ManagerOptions {
    fn default() -> ManagerOptions {
        ManagerOptions {
            max_to_keep: Some(5),
            keep_checkpoint_every_n_hours: None,
            checkpoint_name: "ckpt".to_owned(),
            checkpoint_interval: None,
            step_counter: GLOBAL_STEP.to_owned(),
            last_checkpoint_step: None,
            durability: Durability::Synced,
        }
    }
}

/// Saves into a directory and keeps the recent checkpoints (`tf.train.CheckpointManager`).
///
/// What it manages it notes in the directory's state file, so that the next manager, this
/// library's or TensorFlow's, goes on with it. Only one should be at work in a directory.
#[derive(Clone, Debug)]
pub struct CheckpointManager<C = SystemClock> {
    checkpoint: Checkpoint,
    directory: String,
    options: ManagerOptions,
    clock: C,
    active: ActiveSet,
    latest: Option<String>,
}

/// Whether a save heeds `checkpoint_interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interval {
    Heeded,
    Ignored,
}

impl CheckpointManager {
    /// A manager of the checkpoints in `directory`, which goes on where the last one stopped.
    ///
    /// # Errors
    /// [`ManagementError::MaxToKeep`] for 0; the state file of the directory names no checkpoint.
    pub fn new(
        checkpoint: Checkpoint,
        directory: impl AsRef<Path>,
        options: ManagerOptions,
    ) -> Result<CheckpointManager, ManagementError> {
        CheckpointManager::with_clock(checkpoint, directory, options, SystemClock)
    }
}

impl<C: Clock> CheckpointManager<C> {
    /// As [`CheckpointManager::new`], with the time from `clock`.
    ///
    /// # Errors
    /// As [`CheckpointManager::new`].
    pub fn with_clock(
        checkpoint: Checkpoint,
        directory: impl AsRef<Path>,
        options: ManagerOptions,
        clock: C,
    ) -> Result<CheckpointManager<C>, ManagementError> {
        if options.max_to_keep == Some(0) {
            return Err(ManagementError::MaxToKeep { found: 0 });
        }
        let directory = paths::as_text(directory.as_ref())?.to_owned();
        let state = get_checkpoint_state(&directory, None)?;
        let now = clock.now();
        let latest = state
            .as_ref()
            .map(|state| state.model_checkpoint_path.clone());
        let active = match state {
            Some(state) => ActiveSet::recovered(state, now),
            None => ActiveSet::new(now),
        };
        let checkpoint = checkpoint.durability(options.durability);
        Ok(CheckpointManager {
            checkpoint,
            directory,
            options,
            clock,
            active,
            latest,
        })
    }

    /// The directory.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// The checkpoint that is saved and restored.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Prefix of the newest checkpoint (`latest_checkpoint`).
    pub fn latest_checkpoint(&self) -> Option<&str> {
        self.latest.as_deref()
    }

    /// Prefixes of the managed checkpoints, oldest first; those kept for ever are not among them
    /// (`checkpoints`).
    pub fn checkpoints(&self) -> Vec<&str> {
        self.active.paths().collect()
    }

    /// Steps between two saves (`checkpoint_interval`).
    pub fn checkpoint_interval(&self) -> Option<i64> {
        self.options.checkpoint_interval
    }

    /// Saves under the next number, or returns `None` if the interval since the last save is too
    /// short (`save`).
    ///
    /// # Errors
    /// The variables cannot be arranged, there is an interval but no variable that counts steps, or
    /// a file cannot be written or removed.
    pub fn save(&mut self, variables: &impl Saveable) -> Result<Option<Saved>, ManagementError> {
        self.save_as(variables, None, Interval::Heeded)
    }

    /// As [`CheckpointManager::save`], under a number of one's own (`save(checkpoint_number=…)`).
    ///
    /// # Errors
    /// As [`CheckpointManager::save`].
    pub fn save_numbered(
        &mut self,
        variables: &impl Saveable,
        number: i64,
    ) -> Result<Option<Saved>, ManagementError> {
        self.save_as(variables, Some(number), Interval::Heeded)
    }

    /// Saves also if the interval since the last save is too short, but never twice at one step
    /// (`save(check_interval=False)`).
    ///
    /// # Errors
    /// As [`CheckpointManager::save`].
    pub fn save_now(
        &mut self,
        variables: &impl Saveable,
    ) -> Result<Option<Saved>, ManagementError> {
        self.save_as(variables, None, Interval::Ignored)
    }

    fn save_as(
        &mut self,
        variables: &impl Saveable,
        number: Option<i64>,
        interval: Interval,
    ) -> Result<Option<Saved>, ManagementError> {
        if let Some(steps) = self.options.checkpoint_interval {
            let step = self.step(variables)?;
            if let Some(last) = self.options.last_checkpoint_step {
                let early = interval == Interval::Heeded && step < last.saturating_add(steps);
                if step == last || early {
                    return Ok(None);
                }
            }
            self.options.last_checkpoint_step = Some(step);
        }
        let counted = self.checkpoint.count();
        let number = number.unwrap_or(counted);
        let name = paths::join(&self.directory, &self.options.checkpoint_name);
        let saved = self
            .checkpoint
            .write(variables, format!("{name}-{number}"))?;
        self.active.insert(&saved.prefix, self.clock.now());
        self.latest = Some(saved.prefix.clone());
        // Noted before anything is deleted, so that an interrupted deletion leaves a state that
        // names the new checkpoint, and again when the old ones are gone.
        self.note()?;
        self.sweep()?;
        self.note()?;
        Ok(Some(saved))
    }

    /// Sets the variables to the newest checkpoint, or calls `initialize` if there is none; returns
    /// the prefix of what was restored (`restore_or_initialize`).
    ///
    /// # Errors
    /// Those of [`Checkpoint::restore`] and of `initialize`.
    pub fn restore_or_initialize<R: Restorable>(
        &mut self,
        variables: &mut R,
        initialize: impl FnOnce(&mut R) -> Result<(), ManagementError>,
    ) -> Result<Option<String>, ManagementError> {
        let Some(latest) = self.latest.clone() else {
            initialize(variables)?;
            return Ok(None);
        };
        let mut seen = StepWatch {
            variables,
            counter: &self.options.step_counter,
            step: None,
        };
        // As in TensorFlow, what fits is taken.
        let _ = self.checkpoint.restore(&mut seen, &latest)?;
        if let (Some(_), Some(step)) = (self.options.checkpoint_interval, seen.step) {
            self.options.last_checkpoint_step = Some(step);
        }
        Ok(Some(latest))
    }

    /// The value of the variable that counts steps.
    fn step(&self, variables: &impl Saveable) -> Result<i64, ManagementError> {
        let name = &self.options.step_counter;
        let list = variables.variables()?;
        let number = list
            .iter()
            .position(|variable| variable.name == name.as_str());
        let mut step = None;
        if let Some(number) = number {
            variables.look(number, &mut |value| {
                step = integer(value);
                Ok(())
            })?;
        }
        step.ok_or_else(|| ManagementError::NoStepCounter { name: name.clone() })
    }

    /// Writes the state file.
    fn note(&self) -> Result<(), ManagementError> {
        let Some(latest) = &self.latest else {
            return Ok(());
        };
        update_checkpoint_state(&StateUpdate {
            directory: &self.directory,
            model_checkpoint_path: latest,
            all_model_checkpoint_paths: self.active.paths().map(str::to_owned).collect(),
            path_form: PathForm::Relative,
            all_model_checkpoint_timestamps: self.active.timestamps().collect(),
            last_preserved_timestamp: self.active.last_preserved(),
            durability: self.options.durability,
            ..StateUpdate::default()
        })
    }

    /// Deletes what exceeds the number to keep, or keeps it for ever.
    fn sweep(&mut self) -> Result<(), ManagementError> {
        let Some(max_to_keep) = self.options.max_to_keep else {
            return Ok(());
        };
        let hours = self.options.keep_checkpoint_every_n_hours;
        while let Some(old) = self.active.exceeding(max_to_keep, hours) {
            if let Some(prefix) = old {
                remove_bundle(&prefix)?;
            }
        }
        Ok(())
    }
}

/// Passes values on and notes the one of the step counter.
struct StepWatch<'w, R> {
    variables: &'w mut R,
    counter: &'w str,
    step: Option<i64>,
}

impl<R: Restorable> Restorable for StepWatch<'_, R> {
    fn variables(&self) -> Vec<crate::variables::Variable> {
        self.variables.variables()
    }

    fn assign(&mut self, number: usize, value: crate::tensor::Tensor) -> crate::error::Result<()> {
        let list = self.variables.variables();
        if list
            .get(number)
            .is_some_and(|variable| variable.name == self.counter)
        {
            self.step = integer(value.view());
        }
        self.variables.assign(number, value)
    }
}

/// The integer that a scalar holds.
fn integer(value: TensorView<'_>) -> Option<i64> {
    let Elements::Bytes(bytes) = value.elements else {
        return None;
    };
    match *bytes {
        [a, b, c, d] if value.dtype == crate::dtype::DType::Int32 => {
            Some(i64::from(i32::from_le_bytes([a, b, c, d])))
        }
        _ if value.dtype == crate::dtype::DType::Int64 => {
            bytes.try_into().ok().map(i64::from_le_bytes)
        }
        _ => None,
    }
}
