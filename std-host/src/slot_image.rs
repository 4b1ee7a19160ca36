//! Dumps of a device's flash: the slots that the small manager keeps, read on the host.
//!
//! The layout is the device crate's own ([`gradlet::manager`]); the records in front of the
//! checkpoints are found wherever they are in the dump.

use std::path::{Path, PathBuf};

use gradlet::manager::{Recorded, recorded};

use crate::device::DeviceCheckpoint;
use crate::error::{Error, Result};

/// The checkpoints of a small manager in a dump, which [`Dump::open`](crate::flash_image::Dump::open)
/// reads.
#[derive(Debug)]
pub struct SlotImage {
    path: PathBuf,
    bytes: Vec<u8>,
    checkpoints: Vec<Recorded>,
}

impl SlotImage {
    pub(crate) fn of(path: &Path, bytes: Vec<u8>) -> Self {
        let mut checkpoints: Vec<Recorded> = recorded(&bytes).collect();
        checkpoints.sort_by_key(|found| (found.saved.save_counter, found.record));
        checkpoints.reverse();
        Self {
            path: path.to_path_buf(),
            bytes,
            checkpoints,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every checkpoint that a record tells of, newest first.
    pub fn checkpoints(&self) -> &[Recorded] {
        &self.checkpoints
    }

    /// The whole ones, newest first.
    pub fn whole(&self) -> impl Iterator<Item = &Recorded> {
        self.checkpoints.iter().filter(|found| found.is_whole)
    }

    /// The bytes of a checkpoint, as many of them as the file has.
    pub fn read(&self, found: &Recorded) -> &[u8] {
        let range = found.range();
        let end = range.end.min(self.bytes.len());
        self.bytes.get(range.start..end).unwrap_or_default()
    }

    /// The newest whole checkpoint.
    ///
    /// # Errors
    /// [`Error::NoRegion`] if no checkpoint is whole.
    pub fn newest(&self) -> Result<DeviceCheckpoint> {
        match self.whole().next() {
            Some(newest) => self.device(newest),
            None => Err(self.error("its slots hold no whole checkpoint".to_owned())),
        }
    }

    /// The newest whole checkpoint of a global step.
    ///
    /// # Errors
    /// [`Error::NoRegion`] with the steps that there are, if there is none of this one.
    pub fn at_step(&self, step: i64) -> Result<DeviceCheckpoint> {
        let step_of = |found: &&Recorded| found.saved.info.global_step;
        if let Some(found) = self.whole().find(|found| step_of(found) == Some(step)) {
            return self.device(found);
        }
        let steps = self.whole().filter_map(|found| step_of(&found));
        let steps: Vec<String> = steps.map(|step| step.to_string()).collect();
        Err(self.error(format!(
            "its slots hold no whole checkpoint of step {step}; those that are there are of steps {}",
            steps.join(", ")
        )))
    }

    fn device(&self, found: &Recorded) -> Result<DeviceCheckpoint> {
        DeviceCheckpoint::from_bytes(&self.path, self.read(found).to_vec())
    }

    fn error(&self, reason: String) -> Error {
        Error::NoRegion {
            path: self.path.clone(),
            reason,
        }
    }
}
