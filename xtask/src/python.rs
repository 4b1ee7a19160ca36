//! A Python with TensorFlow, in a folder of its own under `target`.
use crate::{
    apt, child,
    machine::{Installing, Machine},
    root, say,
};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// What is installed. Both releases of Keras write checkpoints that have to be read, and TensorBoard
/// reads events.
const PACKAGES: [&str; 3] = [
    "tensorflow-cpu==2.21.0",
    "tf_keras==2.21.0",
    "tensorboard==2.21.0",
];

const QUESTION_LIMIT: Duration = Duration::from_secs(120);

/// How often pip is tried: a download of 300 MB is cut now and then.
const TRIES: usize = 3;

/// The Python of `GRADLET_PYTHON`, or the one under `target`, made and filled if need be.
///
/// # Errors
/// One sentence that names what is missing and the command that mends it.
pub fn with_tensorflow(machine: &Machine) -> Result<PathBuf> {
    if let Some(named) = env::var_os("GRADLET_PYTHON").map(PathBuf::from) {
        if !has_tensorflow(machine, &named) {
            let packages = PACKAGES.join(" ");
            bail!(
                "GRADLET_PYTHON is {}, which lacks {packages}: install them there",
                named.display()
            );
        }
        return Ok(named);
    }
    let folder = root::target().join("tensorflow");
    let python = folder.join("bin/python");
    if has_tensorflow(machine, &python) {
        return Ok(python);
    }
    make(machine, &folder)?;
    fill(machine, &python)?;
    if !has_tensorflow(machine, &python) {
        bail!(
            "TensorFlow is installed in {}, but it does not start; delete that folder and try again",
            folder.display()
        );
    }
    Ok(python)
}

fn has_tensorflow(machine: &Machine, python: &Path) -> bool {
    // Asks the packages' records: importing TensorFlow takes seconds.
    const QUESTION: &str = "import sys; from importlib.metadata import version; \
        sys.exit(any(version(name) != number for name, number in (word.split('==') for word in sys.argv[1:])))";
    let mut command = machine.command(python);
    let answer = child::capture(
        command.args(["-c", QUESTION]).args(PACKAGES),
        QUESTION_LIMIT,
    );
    answer.is_ok_and(|answer| answer.succeeded())
}

fn make(machine: &Machine, folder: &Path) -> Result<()> {
    if folder.exists() {
        // Half of one, left behind by an interruption.
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    say::step(&format!(
        "making a Python environment in {}",
        folder.display()
    ));
    let venv = |machine: &Machine| -> Result<bool> {
        let Some(python) = machine.find("python3") else {
            return Ok(false);
        };
        let mut command = machine.command(&python);
        command.args(["-m", "venv"]).arg(folder);
        Ok(child::capture(&mut command, QUESTION_LIMIT)?.succeeded())
    };
    if venv(machine)? {
        return Ok(());
    }
    apt::install(
        machine,
        &[&["python3", "python3-venv"]],
        "Python with venv is needed for TensorFlow",
    )?;
    if !venv(machine)? {
        bail!(
            "python3 cannot make an environment; try `python3 -m venv {}`",
            folder.display()
        );
    }
    Ok(())
}

fn fill(machine: &Machine, python: &Path) -> Result<()> {
    let by_hand = format!("{} -m pip install {}", python.display(), PACKAGES.join(" "));
    if machine.installing == Installing::Forbidden {
        bail!("TensorFlow is missing; `cargo xtask interop` installs it");
    }
    for attempt in 1..=TRIES {
        say::step(&format!(
            "pip install {} (attempt {attempt} of {TRIES})",
            PACKAGES.join(" ")
        ));
        let mut command = machine.command(python);
        command
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--progress-bar",
                "off",
                "--retries",
                "10",
            ])
            .args(PACKAGES)
            .stdout(std::io::stderr());
        if child::run(&mut command).is_ok() {
            return Ok(());
        }
    }
    bail!("TensorFlow cannot be installed: check the network and try `{by_hand}`")
}
