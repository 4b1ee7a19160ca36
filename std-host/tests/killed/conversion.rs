//! `gradlet convert`, killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use gradlet::{Adam, Head, checkpoint};
use gradlet_host::bundle::{Options, Writer};
use gradlet_host::state::{StateUpdate, latest_checkpoint, update_checkpoint_state};
use gradlet_host::{Durability, Tensor};
use libtest_mimic::{Failed, Trial};

use crate::folder::{
    Files, Holds, Values, expect, holds, others_are_untouched, state_is_sound, values,
};
use crate::scenario::Scenario;
use crate::tracer::{Kind, watch};

pub(crate) fn trials() -> Vec<Trial> {
    let scenario = |prepare, command, killed, complete| Scenario {
        prepare,
        command,
        killed,
        complete,
    };
    vec![
        scenario(
            older_checkpoint,
            to_new_prefix,
            new_or_nothing,
            new_is_there,
        )
        .trial("a_new_bundle_is_there_whole_or_not_at_all"),
        scenario(
            two_bundles,
            over_the_other,
            old_new_or_noticed,
            other_is_there,
        )
        .trial("a_mixture_of_old_and_new_is_noticed"),
        scenario(older_files, to_gck, old_or_new, |_| Ok(()))
            .trial("a_device_checkpoint_is_replaced_at_once"),
        scenario(older_files, to_npz, old_or_new, |_| Ok(())).trial("an_npz_is_replaced_at_once"),
        scenario(older_files, to_safetensors, old_or_new, |_| Ok(()))
            .trial("a_safetensors_file_is_replaced_at_once"),
        scenario(older_files, to_v1, old_or_new, |_| Ok(()))
            .trial("a_v1_checkpoint_is_replaced_at_once"),
        Trial::test("what_gets_its_name_is_on_the_disk", || {
            on_the_disk().map_err(|error| Failed::from(format!("{error:#}")))
        }),
    ]
}

fn gradlet(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradlet"));
    command.current_dir(folder).args(words);
    command
}

/// A device checkpoint after so many steps.
fn device(path: PathBuf, steps: usize) -> Result<()> {
    let mut head = Head::<5, 3, Adam>::new(Adam::new(0.01));
    for step in 0..steps {
        head.minimize(&[0.5, -0.25, 0.125, 1.0, 0.0], step % 3)?;
    }
    let mut bytes = vec![0; 4096];
    let len = checkpoint::write(&head, &mut bytes[..])?;
    Ok(fs::write(path, &bytes[..len as usize])?)
}

/// A bundle in two data files.
fn bundle(prefix: &Path, value: f32) -> Result<()> {
    let options = Options {
        durability: Durability::Unsynced,
        ..Options::default()
    };
    let mut writer = Writer::with_options(prefix, options)?;
    let tensor = |value: f32| Tensor::from_values(&[4], &[value, 1.0, 2.0, value]);
    writer.add("a", tensor(value)?.view())?;
    writer.add("b", tensor(value + 1.0)?.view())?;
    writer.next_shard()?;
    writer.add("c", tensor(value + 2.0)?.view())?;
    writer.add("d", Tensor::scalar_string(format!("text {value}")).view())?;
    Ok(writer.finish()?)
}

/// A folder with a checkpoint and a state file, and a newer device checkpoint.
fn older_checkpoint(folder: &Path) -> Result<()> {
    device(folder.join("device.gck"), 3)?;
    let run = folder.join("run");
    let older = run.join("model.ckpt-1");
    bundle(&older, 0.5)?;
    update_checkpoint_state(&StateUpdate {
        directory: &run.to_string_lossy(),
        model_checkpoint_path: "model.ckpt-1",
        ..StateUpdate::default()
    })?;
    Ok(())
}

fn to_new_prefix(folder: &Path) -> Command {
    gradlet(folder, &["convert", "device.gck", "run/model.ckpt"])
}

fn new_or_nothing(folder: &Path, before: &Files, after: &Files) -> Result<()> {
    let found = crate::folder::files(folder)?;
    let new = |path: &Path| !before.contains_key(path) && after.contains_key(path);
    let state = |path: &Path| path.ends_with("checkpoint");
    others_are_untouched(before, &found, |path| new(path) || state(path))?;
    state_is_sound(&folder.join("run"))?;
    let prefix = folder.join("run/model.ckpt-3");
    match holds(&prefix, &[&device_values(folder)?])? {
        Holds::Nothing | Holds::All(_) => Ok(()),
        Holds::Damage => expect(false, "half a checkpoint has an index"),
    }
}

fn new_is_there(folder: &Path) -> Result<()> {
    let found = holds(&folder.join("run/model.ckpt-3"), &[&device_values(folder)?])?;
    expect(found == Holds::All(0), "the new checkpoint is not there")?;
    state_is_sound(&folder.join("run"))?;
    let newest = latest_checkpoint(folder.join("run"), None)?;
    let newest = newest.is_some_and(|newest| newest.ends_with("model.ckpt-3"));
    expect(newest, "the state file does not name the new checkpoint")
}

fn device_values(folder: &Path) -> Result<Values> {
    let device = gradlet_host::open(folder.join("device.gck"))?;
    let value = |tensor: gradlet_host::DeviceTensor<'_>| {
        Ok((tensor.name.as_bytes().to_vec(), tensor.load()?))
    };
    device.tensors().map(value).collect()
}

fn two_bundles(folder: &Path) -> Result<()> {
    bundle(&folder.join("other/b"), 7.0)?;
    bundle(&folder.join("run/m"), 0.5)
}

fn over_the_other(folder: &Path) -> Command {
    gradlet(folder, &["convert", "other/b", "run/m"])
}

fn old_new_or_noticed(folder: &Path, before: &Files, _: &Files) -> Result<()> {
    let found = crate::folder::files(folder)?;
    others_are_untouched(before, &found, |path| path.starts_with("run"))?;
    let kept = tempfile::tempdir()?;
    let old = kept.path().join("m");
    bundle(&old, 0.5)?;
    let sets = [&values(&old)?, &values(&folder.join("other/b"))?];
    let found = holds(&folder.join("run/m"), &sets)?;
    expect(found != Holds::Nothing, "what was there is gone")
}

fn other_is_there(folder: &Path) -> Result<()> {
    let other = values(&folder.join("other/b"))?;
    let found = holds(&folder.join("run/m"), &[&other])?;
    expect(found == Holds::All(0), "the new values are not there")
}

/// One older file of each format, and a newer device checkpoint.
fn older_files(folder: &Path) -> Result<()> {
    device(folder.join("older.gck"), 2)?;
    for target in ["out.gck", "out.npz", "out.safetensors"] {
        let output = gradlet(folder, &["convert", "older.gck", target]).output()?;
        ensure!(output.status.success(), "{target} cannot be made");
    }
    let v1 = ["convert", "older.gck", "v1", "--to", "v1", "--exact"];
    ensure!(
        gradlet(folder, &v1).output()?.status.success(),
        "a V1 checkpoint cannot be made"
    );
    device(folder.join("device.gck"), 3)
}

fn to_gck(folder: &Path) -> Command {
    gradlet(folder, &["convert", "device.gck", "out.gck"])
}

fn to_npz(folder: &Path) -> Command {
    gradlet(folder, &["convert", "device.gck", "out.npz"])
}

fn to_safetensors(folder: &Path) -> Command {
    gradlet(folder, &["convert", "device.gck", "out.safetensors"])
}

fn to_v1(folder: &Path) -> Command {
    gradlet(
        folder,
        &["convert", "device.gck", "v1", "--to", "v1", "--exact"],
    )
}

/// Every file has the bytes that it had before or those that it has in the end.
fn old_or_new(folder: &Path, before: &Files, after: &Files) -> Result<()> {
    let found = crate::folder::files(folder)?;
    others_are_untouched(before, &found, |path| after.contains_key(path))?;
    for (path, bytes) in before {
        let found = found.get(path);
        let either = found == Some(bytes) || found == after.get(path);
        ensure!(either, "{} is neither old nor new", path.display());
    }
    state_is_sound(folder)
}

/// Every file that was written is synced before a file gets its name, and the folder after;
/// nothing is, if the user says so.
fn on_the_disk() -> Result<()> {
    let folder = tempfile::tempdir()?;
    older_checkpoint(folder.path())?;
    let changes = watch(&to_new_prefix(folder.path()))?;
    let renames = || {
        changes
            .iter()
            .filter(|change| change.kind == Kind::Rename)
            .count()
    };
    ensure!(
        renames() == 3,
        "data, index and state file get their names: {changes:?}"
    );
    let mut unsynced = Vec::new();
    for change in &changes {
        match change.kind {
            Kind::Write => unsynced.push(change.fd),
            Kind::Sync => unsynced.retain(|&fd| fd != change.fd),
            Kind::Rename => ensure!(
                unsynced.is_empty(),
                "a rename overtakes the data: {changes:?}"
            ),
            _ => {}
        }
    }
    let last = changes
        .iter()
        .rposition(|change| change.kind == Kind::Rename);
    let synced = changes.iter().rposition(|change| change.kind == Kind::Sync);
    ensure!(
        synced > last,
        "the last name may be lost with the power: {changes:?}"
    );

    let mut fast = to_new_prefix(folder.path());
    fast.arg("--no-sync");
    let changes = watch(&fast)?;
    let syncs = changes
        .iter()
        .filter(|change| change.kind == Kind::Sync)
        .count();
    ensure!(syncs == 0, "--no-sync syncs {syncs} times");
    Ok(())
}
