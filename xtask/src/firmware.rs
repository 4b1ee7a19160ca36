//! Building an example for a board.
use crate::{
    board::Board,
    c, child,
    example::{Example, Language},
    machine::Machine,
    root, say,
    toolchain::Toolchain,
};
use anyhow::{Context, Result};
use std::{
    env,
    fs::{self, File},
    path::PathBuf,
};

/// What to build.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// The program.
    pub example: &'a Example,
    /// The board it is for.
    pub board: &'a Board,
    /// What it is generated from.
    pub source: Source,
    /// Whether it logs.
    pub log: Log,
    /// Features beside that.
    pub features: &'a [&'a str],
}

/// What a program is generated from. Where nothing is said the program decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// A story's folder.
    pub story: Option<PathBuf>,
    /// The story's training order.
    pub mode: Option<String>,
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
/// If there is no such story, or the compiler refuses.
pub fn build(machine: &Machine, toolchain: &Toolchain, build: &Build<'_>) -> Result<PathBuf> {
    made(machine, toolchain, build, Frames::Unstated)
}

/// The same, with the size of each function's stack frame stated in the image.
///
/// # Errors
/// Those of [`build()`].
pub fn build_with_frames(
    machine: &Machine,
    toolchain: &Toolchain,
    build: &Build<'_>,
) -> Result<PathBuf> {
    made(machine, toolchain, build, Frames::Stated)
}

/// Whether the image states the sizes of stack frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frames {
    Unstated,
    Stated,
}

fn made(
    machine: &Machine,
    toolchain: &Toolchain,
    build: &Build<'_>,
    frames: Frames,
) -> Result<PathBuf> {
    let Build {
        example,
        board,
        source,
        log,
        features,
    } = build;
    let made = root::target().join("firmware");
    let place = made.join(&board.name);
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    // Cargo's own output is one file for all boards of a target: nobody may build for another
    // board between the end of the build and the copy.
    let lock = File::create(made.join(".lock")).context("cannot make the lock of the builds")?;
    lock.lock().context("cannot lock the builds")?;

    let target = root::target().join(match frames {
        Frames::Unstated => toolchain.name().to_owned(),
        // Everything is compiled with other options there.
        Frames::Stated => format!("{}-frames", toolchain.name()),
    });
    let mut command = toolchain.cargo(machine, "build", &board.target);
    command
        .current_dir(root::firmware_examples())
        .args(["--quiet", "--release"])
        .args(["--package", &example.package])
        .arg("--target-dir")
        .arg(&target)
        .env("GRADLET_BOARD", &board.name)
        .env(
            "DEFMT_LOG",
            env::var_os("DEFMT_LOG").unwrap_or_else(|| "info".into()),
        )
        // What the caller did not name must not come in by the environment.
        .env_remove("GRADLET_STORY")
        .env_remove("GRADLET_MODE");
    if frames == Frames::Stated {
        let triple = board.target.to_uppercase().replace(['-', '.'], "_");
        command.env("RUSTC_BOOTSTRAP", "1").env(
            format!("CARGO_TARGET_{triple}_RUSTFLAGS"),
            "-Zemit-stack-sizes",
        );
    }
    match example.language {
        Language::Rust => command.args(["--bin", &example.name]),
        Language::C => command.arg("--lib"),
    };
    let mut features = features.to_vec();
    if *log == Log::On {
        features.push("log");
    }
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    let mut name = vec![example.name.clone()];
    if let Some(story) = &source.story {
        let folder = fs::canonicalize(story)
            .with_context(|| format!("there is no story folder {}", story.display()))?;
        name.extend(
            folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned()),
        );
        command.env("GRADLET_STORY", folder);
    }
    if let Some(mode) = &source.mode {
        name.push(mode.clone());
        command.env("GRADLET_MODE", mode);
    }
    let name = name.join("-");
    say::step(&format!(
        "building {name} for {} ({})",
        board.name, board.target
    ));
    child::run(command.stdout(std::io::stderr()))
        .with_context(|| format!("{name} does not build for {}", board.name))?;

    let suffix: String = features
        .iter()
        .map(|feature| format!("-{feature}"))
        .collect();
    let frames = if frames == Frames::Stated {
        "-frames"
    } else {
        ""
    };
    let elf = place.join(format!("{name}{suffix}{frames}.elf"));
    let made = target.join(&board.target).join("release");
    match example.language {
        Language::Rust => {
            let built = made.join(&example.name);
            fs::copy(&built, &elf).with_context(|| format!("cannot copy {}", built.display()))?;
        }
        Language::C => {
            let library = made.join(format!("lib{}.a", example.name));
            c::link(machine, example, board, &library, &elf)?;
        }
    }
    Ok(elf)
}
