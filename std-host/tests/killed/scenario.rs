//! A run to be killed, again and again.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Failed, Trial};

use crate::folder::{Files, files};
use crate::tracer::{Ending, Kind, Moment, kill_at, watch};

/// What is run where, and what has to hold.
pub(crate) struct Scenario {
    /// Makes what is there before.
    pub(crate) prepare: fn(&Path) -> Result<()>,
    /// The program.
    pub(crate) command: fn(&Path) -> Command,
    /// What holds after a kill, given what was there before and what is there when all is done.
    pub(crate) killed: fn(&Path, &Files, &Files) -> Result<()>,
    /// What holds when all is done.
    pub(crate) complete: fn(&Path) -> Result<()>,
}

impl Scenario {
    /// The test of it.
    pub(crate) fn trial(self, name: &'static str) -> Trial {
        Trial::test(name, move || {
            self.try_every_moment()
                .map_err(|error| Failed::from(format!("{error:#}")))
        })
    }

    fn try_every_moment(&self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        (self.prepare)(folder.path())?;
        let before = files(folder.path())?;
        let changes = watch(&(self.command)(folder.path())).context("undisturbed")?;
        (self.complete)(folder.path()).context("undisturbed")?;
        let after = files(folder.path())?;
        ensure!(
            changes.len() > 3,
            "only {changes:?} was seen to change files"
        );

        let mut kills = 0;
        for (number, change) in changes.iter().enumerate() {
            let within = (change.kind == Kind::Write).then_some(Moment::Within(number));
            for moment in [Some(Moment::Before(number)), within].into_iter().flatten() {
                kills +=
                    u32::from(self.try_moment(moment, &before, &after).with_context(|| {
                        format!(
                            "killed {moment:?}, of {} changes, {change:?}",
                            changes.len()
                        )
                    })?);
            }
        }
        ensure!(
            kills as usize >= changes.len(),
            "only {kills} kills of {} changes",
            changes.len()
        );
        Ok(())
    }

    /// Whether the moment came.
    fn try_moment(&self, moment: Moment, before: &Files, after: &Files) -> Result<bool> {
        let folder = tempfile::tempdir()?;
        for (path, bytes) in before {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
            fs::write(path, bytes)?;
        }
        let command = (self.command)(folder.path());
        match kill_at(&command, moment)? {
            Ending::Killed => {}
            // A write of one byte has no middle.
            Ending::Exited(0) if matches!(moment, Moment::Within(_)) => return Ok(false),
            Ending::Exited(code) => bail!("it ended with {code} and was never killed"),
        }
        (self.killed)(folder.path(), before, after)?;

        let mut again = (self.command)(folder.path());
        let output = again.output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the next run fails: {complaint}");
        (self.complete)(folder.path()).context("after the next run")?;
        Ok(true)
    }
}
