//! Building an example for a board.
use crate::{
    board::Board, child, example::Example, machine::Machine, root, say, toolchain::Toolchain,
};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// What to build.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// The program.
    pub example: &'a Example,
    /// The board it is for.
    pub board: &'a Board,
    /// Whether it logs.
    pub log: Log,
    /// The story folder that it is generated from, where it is generated from one and this is not
    /// the one it takes by itself.
    pub story: Option<&'a Path>,
    /// The training order of that story, where it is not the one the program takes by itself.
    pub mode: Option<&'a str>,
    /// Features beside those.
    pub features: &'a [&'a str],
}

/// Whether a program logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// It prints its figures as text and logs nothing.
    Off,
    /// It sends defmt frames; figures are among them.
    On,
}

/// Builds the program and returns where it is.
///
/// # Errors
/// If the board is not one of the example's, or the compiler refuses.
pub fn build(machine: &Machine, toolchain: &Toolchain, build: &Build<'_>) -> Result<PathBuf> {
    let Build {
        example,
        board,
        log,
        story,
        mode,
        features,
    } = build;
    if !example.boards.contains(&board.name) {
        let boards = example.boards.join(", ");
        bail!(
            "{} does not run on {}; it runs on {boards}",
            example.name,
            board.name
        );
    }
    let made = root::target().join("firmware");
    let place = made.join(&board.name);
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    // Cargo's own output is one file for all boards of a target: nobody may build for another
    // board between the end of the build and the copy.
    let lock = File::create(made.join(".lock")).context("cannot make the lock of the builds")?;
    lock.lock().context("cannot lock the builds")?;

    say::step(&format!(
        "building {} for {} ({})",
        example.name, board.name, board.target
    ));
    let target = root::target().join(toolchain.name());
    let mut command = toolchain.cargo(machine, "build", &board.target);
    command
        .current_dir(root::firmware_examples())
        .args([
            "--quiet",
            "--release",
            "--package",
            &example.package,
            "--bin",
            &example.name,
        ])
        .arg("--target-dir")
        .arg(&target)
        .env("GRADLET_BOARD", &board.name)
        // What the caller did not name must not come in by the environment.
        .env_remove("GRADLET_STORY")
        .env_remove("GRADLET_MODE")
        .env(
            "DEFMT_LOG",
            std::env::var_os("DEFMT_LOG").unwrap_or_else(|| "info".into()),
        );
    let mut all_features = features.to_vec();
    if *log == Log::On {
        all_features.push("log");
    }
    if !all_features.is_empty() {
        command.args(["--features", &all_features.join(",")]);
    }
    let mut name = [&[example.name.as_str()], &all_features[..]]
        .concat()
        .join("-")
        .replace('/', "-");
    if let Some(story) = story {
        let folder = fs::canonicalize(story)
            .with_context(|| format!("there is no story folder {}", story.display()))?;
        name = format!(
            "{name}-{}",
            folder.file_name().unwrap_or_default().to_string_lossy()
        );
        command.env("GRADLET_STORY", folder);
    }
    if let Some(mode) = mode {
        name = format!("{name}-{mode}");
        command.env("GRADLET_MODE", mode);
    }
    child::run(command.stdout(std::io::stderr()))
        .with_context(|| format!("{} does not build for {}", example.name, board.name))?;

    let elf = place.join(format!("{name}.elf"));
    let built = target
        .join(&board.target)
        .join("release")
        .join(&example.name);
    fs::copy(&built, &elf).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(elf)
}
