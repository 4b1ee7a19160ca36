//! The program `gradlet`, built from this repository.
use crate::{child, machine::Machine, root, story};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{fs, path::Path, time::Duration};

const LIMIT: Duration = Duration::from_secs(600);

/// The program, built.
pub struct Gradlet<'a> {
    machine: &'a Machine,
    program: std::path::PathBuf,
}

impl<'a> Gradlet<'a> {
    /// Builds it.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn build(machine: &'a Machine) -> Result<Self> {
        let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
        let mut command = machine.command(&cargo);
        command
            .current_dir(root::repository())
            .args([
                "build",
                "--quiet",
                "--package",
                "gradlet-host",
                "--bin",
                "gradlet",
            ])
            .stdout(std::io::stderr());
        child::run(&mut command)?;
        Ok(Self {
            machine,
            program: root::target().join("debug/gradlet"),
        })
    }

    /// Runs it with `--json` and returns its answer.
    ///
    /// # Errors
    /// With what it says, if it fails.
    pub fn json(&self, words: &[&str]) -> Result<Value> {
        let mut command = self.machine.command(&self.program);
        let answer = child::capture(command.args(words).arg("--json"), LIMIT)?;
        if !answer.succeeded() {
            bail!(
                "`gradlet {}` failed: {}",
                words.join(" "),
                answer.complaint()
            );
        }
        serde_json::from_str(&answer.text())
            .with_context(|| format!("in the answer of gradlet {}", words[0]))
    }
}

/// The numbers of one tensor of a bundle whose data are in one file, found by `gradlet inspect`.
///
/// # Errors
/// If the bundle has no such tensor or its data are too short.
pub fn tensor(inspected: &Value, prefix: &Path, name: &str) -> Result<Vec<f32>> {
    let tensors = inspected["tensors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let missing = || format!("{} has no tensor {name}", prefix.display());
    let entry = tensors
        .iter()
        .find(|entry| entry["name"] == name)
        .with_context(missing)?;
    let number = |key: &str| {
        entry[key]
            .as_u64()
            .map(|number| number as usize)
            .with_context(missing)
    };
    let (offset, length) = (number("offset")?, number("bytes")?);
    let data = format!("{}.data-00000-of-00001", prefix.display());
    let bytes = fs::read(&data).with_context(|| format!("cannot read {data}"))?;
    let bytes = bytes
        .get(offset..offset + length)
        .with_context(|| format!("{data} is too short"))?;
    Ok(story::floats(bytes))
}
