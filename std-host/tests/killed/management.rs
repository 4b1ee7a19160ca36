//! `Saver`, `CheckpointManager` and `merge`, killed.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use gradlet_host::bundle::{MergeOptions, Reader, Writer, merge};
use gradlet_host::checkpoint::Checkpoint;
use gradlet_host::manager::{CheckpointManager, ManagerOptions};
use gradlet_host::mapping::Mapping;
use gradlet_host::saver::Saver;
use gradlet_host::state::get_checkpoint_state;
use gradlet_host::{Tensor, Variables};
use libtest_mimic::Trial;

use crate::folder::{Files, Holds, Values, expect, files, holds, state_is_sound, values};
use crate::scenario::Scenario;

/// The word that makes this program the one that is killed.
pub(crate) const CHILD: &str = "--child";

/// Checkpoints that are kept, and saves that a run makes.
const KEPT: usize = 2;
const SAVES: i64 = 4;

pub(crate) fn trials() -> Vec<Trial> {
    let nothing = |_: &Path| Ok(());
    vec![
        Scenario {
            prepare: nothing,
            command: |folder| this_program("saver", folder),
            killed: |folder, _, _| every_listed_checkpoint_is_whole(folder),
            complete: |folder| kept_are_there(folder),
        }
        .trial("a_savers_state_file_names_whole_checkpoints_only"),
        Scenario {
            prepare: nothing,
            command: |folder| this_program("manager", folder),
            killed: |folder, _, _| state_is_sound(folder),
            complete: |folder| kept_are_there(folder),
        }
        .trial("a_managers_newest_checkpoint_is_whole"),
        Scenario {
            prepare: parts,
            command: |folder| this_program("merge", folder),
            killed: parts_or_whole,
            complete: merged,
        }
        .trial("a_merge_leaves_the_parts_or_the_whole"),
    ]
}

fn this_program(what: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap_or_default());
    command.arg(CHILD).arg(what).arg(folder);
    command
}

/// What the program does that is killed.
pub(crate) fn child(what: &str, folder: &Path) -> Result<()> {
    match what {
        "saver" => save_with_saver(folder),
        "manager" => save_with_manager(folder),
        "merge" if holds(&folder.join("whole"), &[&whole_values()?])? != Holds::Nothing => Ok(()),
        "merge" => {
            let parts = [folder.join("parts/a"), folder.join("parts/b")];
            Ok(merge(
                &parts,
                folder.join("whole"),
                MergeOptions::default(),
            )?)
        }
        other => bail!("there is no {other}"),
    }
}

fn variables(step: i64) -> Variables {
    [
        ("bias", Tensor::scalar(step as f32)),
        ("global_step", Tensor::scalar(step)),
    ]
    .into()
}

/// Goes on from what the folder holds.
fn save_with_saver(folder: &Path) -> Result<()> {
    let mut saver = Saver::new().max_to_keep(KEPT);
    if let Some(state) = get_checkpoint_state(folder, None)? {
        saver.recover_last_checkpoints(&state.all_model_checkpoint_paths);
    }
    let first = newest_step(folder)?;
    for step in first + 1..=first + SAVES {
        saver.save(&variables(step), folder.join("model.ckpt"), step)?;
    }
    Ok(())
}

fn newest_step(folder: &Path) -> Result<i64> {
    match get_checkpoint_state(folder, None)? {
        None => Ok(0),
        Some(state) => {
            let tensor = Reader::open(&state.model_checkpoint_path)?.read("global_step")?;
            let step = tensor.values::<i64>().context("a step is an int64")?;
            Ok(step.first().copied().unwrap_or_default())
        }
    }
}

fn save_with_manager(folder: &Path) -> Result<()> {
    let options = ManagerOptions {
        max_to_keep: Some(KEPT),
        ..ManagerOptions::default()
    };
    let mut manager = CheckpointManager::new(Checkpoint::new(Mapping::default()), folder, options)?;
    let mut values = variables(0);
    manager.restore_or_initialize(&mut values, |_| Ok(()))?;
    for _ in 0..SAVES {
        manager.save(&values)?;
    }
    Ok(())
}

fn every_listed_checkpoint_is_whole(folder: &Path) -> Result<()> {
    state_is_sound(folder)?;
    let state = get_checkpoint_state(folder, None)?;
    for path in state
        .iter()
        .flat_map(|state| &state.all_model_checkpoint_paths)
    {
        let reader = Reader::open(path).with_context(|| format!("the state file lists {path}"))?;
        reader.verify()?;
    }
    Ok(())
}

fn kept_are_there(folder: &Path) -> Result<()> {
    every_listed_checkpoint_is_whole(folder)?;
    let state = get_checkpoint_state(folder, None)?.context("there is a state file")?;
    let listed = state.all_model_checkpoint_paths.len();
    ensure!(
        listed == KEPT,
        "{listed} checkpoints are listed, not {KEPT}"
    );
    Ok(())
}

fn part(prefix: &Path, name: &str, value: f32) -> Result<()> {
    let mut writer = Writer::create(prefix)?;
    writer.add(name, Tensor::scalar(value).view())?;
    Ok(writer.finish()?)
}

fn parts(folder: &Path) -> Result<()> {
    part(&folder.join("parts/a"), "a", 1.0)?;
    part(&folder.join("parts/b"), "b", 2.0)
}

fn whole_values() -> Result<Values> {
    let a = (b"a".to_vec(), Tensor::scalar(1f32));
    Ok([a, (b"b".to_vec(), Tensor::scalar(2f32))].into())
}

fn parts_or_whole(folder: &Path, _: &Files, _: &Files) -> Result<()> {
    match holds(&folder.join("whole"), &[&whole_values()?])? {
        Holds::All(_) => Ok(()),
        Holds::Damage => expect(false, "half of a whole has an index"),
        Holds::Nothing => {
            let mut found = values(&folder.join("parts/a"))?;
            found.extend(values(&folder.join("parts/b"))?);
            expect(found == whole_values()?, "the parts are no longer whole")
        }
    }
}

fn merged(folder: &Path) -> Result<()> {
    let found = holds(&folder.join("whole"), &[&whole_values()?])?;
    expect(found == Holds::All(0), "the whole is not there")?;
    let names = files(folder)?;
    expect(!names.is_empty(), "nothing is there")
}
