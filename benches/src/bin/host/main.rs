//! How fast checkpoints are written, read, listed and converted on this machine, beside TensorFlow
//! and `cp` doing the same in the same run.
//!
//! `cargo run --release -p gradlet-benches --bin host` after `cargo build --release`. Every figure
//! is the best of some rounds in which all competitors take their turn, so that what else the
//! machine does disturbs them alike. A ratio to TensorFlow is a ratio of speeds (2 means twice as
//! fast); a ratio to `cp` is a ratio of times (1.5 means half as long again).

mod convert;
mod figures;
mod large;
mod many;
mod tensorflow;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use figures::Figures;
use tensorflow::TensorFlow;

/// Measure checkpoints on the host.
#[derive(Debug, Parser)]
#[command(name = "host")]
struct Arguments {
    /// A folder in memory, for all that is not synced
    #[arg(long)]
    memory: Option<PathBuf>,
    /// A folder on disk, for what is synced; 2 GiB are needed
    #[arg(long)]
    disk: Option<PathBuf>,
    /// Python with TensorFlow; without it the ratios to TensorFlow are left out
    #[arg(long, env = "GRADLET_PYTHON", default_value = "python3")]
    python: PathBuf,
    /// Rounds, of which the best counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Rewrite a bundle and stop (how the memory that takes is measured)
    #[arg(long, hide = true, num_args = 2)]
    rewrite: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if let [from, to] = arguments.rewrite.as_slice() {
        gradlet_host::bundle::rewrite(from, to, gradlet_host::Durability::Unsynced)?;
        return Ok(());
    }
    let shared = PathBuf::from("/dev/shm");
    let memory = match &arguments.memory {
        Some(folder) => folder.clone(),
        None if shared.is_dir() => shared,
        None => env::temp_dir(),
    };
    let memory = temporary(memory)?;
    let disk = temporary(arguments.disk.clone().unwrap_or_else(env::temp_dir))?;
    let mut figures = Figures::default();
    // First, while this process is small: a child is charged with its parent's memory at the fork.
    convert::small(&mut figures, memory.path(), arguments.rounds)?;
    large::memory(&mut figures, memory.path())?;
    let mut tensorflow = TensorFlow::start(&arguments.python);
    if tensorflow.is_none() {
        let python = arguments.python.display();
        eprintln!("no TensorFlow in {python}: its ratios are left out (--python names another)");
    }
    many::measure(
        &mut figures,
        memory.path(),
        arguments.rounds,
        tensorflow.as_mut(),
    )?;
    large::unsynced(
        &mut figures,
        memory.path(),
        arguments.rounds,
        tensorflow.as_mut(),
    )?;
    large::synced(&mut figures, disk.path(), arguments.rounds)?;
    figures.print(arguments.json);
    Ok(())
}

fn temporary(folder: PathBuf) -> Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("gradlet-bench")
        .tempdir_in(&folder)
        .with_context(|| format!("cannot make a folder in {}", folder.display()))
}
