//! Running a program on a board that QEMU plays.
use crate::{board::Board, child, machine::Machine, qemu, root};
use anyhow::{Context, Result};
use std::{
    fmt,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::firmware::Log;

/// What to run.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The board.
    pub board: &'a Board,
    /// The program.
    pub elf: &'a Path,
    /// Whether it was built to log.
    pub log: Log,
    /// QEMU's folder, made if it is not there: where the files that the program writes land.
    pub folder: &'a Path,
    /// How long it may take by the clock on the wall.
    pub limit: Duration,
    /// What the board's clock follows.
    pub time: Time,
    /// Whether its lines are shown as they come.
    pub echo: Echo,
}

/// What the board's clock follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The host's clock: fast.
    Free,
    /// The instructions executed: the same in every run.
    Counted,
}

/// Whether a program's lines are shown as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// Only kept.
    Quiet,
    /// On standard error, and kept.
    Loud,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why it ended.
    pub exit: Exit,
    /// What it printed and logged, a line each.
    pub text: String,
    /// What QEMU had to say.
    pub complaint: String,
}

/// Why a program ended. The codes are those of the board crate's module `exit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it is for.
    Success,
    /// It returned an error.
    Failure,
    /// It panicked.
    Panic,
    /// The processor faulted.
    Fault,
    /// The stack outgrew its memory.
    StackOverflow,
    /// QEMU ended with a code that no program of ours uses.
    Other(i32),
    /// Its time was up, or QEMU was ended from outside.
    Stopped,
}

impl Exit {
    fn from_code(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Success,
            Some(1) => Self::Failure,
            Some(101) => Self::Panic,
            Some(102) => Self::Fault,
            Some(103) => Self::StackOverflow,
            Some(other) => Self::Other(other),
            None => Self::Stopped,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Failure => f.write_str("failure"),
            Self::Panic => f.write_str("panic"),
            Self::Fault => f.write_str("fault"),
            Self::StackOverflow => f.write_str("stack overflow"),
            Self::Other(code) => write!(f, "unknown code {code}"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

/// Runs a program to its end or to its limit.
///
/// # Errors
/// If QEMU or the log's decoder cannot be started; how the *program* ended is in the [`Outcome`].
pub fn run(machine: &Machine, run: &Run<'_>) -> Result<Outcome> {
    let qemu = qemu::find(machine, &run.board.qemu.program)?;
    prepare(run)?;
    let mut command = machine.command(&qemu);
    let elf = run.elf.to_string_lossy();
    command
        .args(
            run.board
                .qemu
                .arguments
                .iter()
                .map(|argument| argument.replace("{elf}", &elf)),
        )
        .args([
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "file:serial.bin",
        ])
        .args(["-semihosting-config", "enable=on,target=native"])
        .current_dir(run.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if run.time == Time::Counted {
        command.args(["-icount", &format!("shift={}", run.board.qemu.icount_shift)]);
    }
    // Built before the clock starts to run.
    let decoder = match run.log {
        Log::Off => None,
        Log::On => Some(log_decoder(machine, run.elf)?),
    };

    let mut child = child::start(&mut command)?;
    let stdout = child.stdout.take().context("QEMU has no standard output")?;
    let mut stderr = child.stderr.take().context("QEMU has no standard error")?;
    let echo = run.echo;
    let complaint = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stderr.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let lines = match decoder {
        None => thread::spawn(move || Ok(lines(stdout, echo))),
        Some(mut decoder) => thread::spawn(move || {
            let mut decoding = child::start(decoder.stdin(stdout).stdout(Stdio::piped()))?;
            let text = decoding.stdout.take().map(|stdout| lines(stdout, echo));
            decoding.wait()?;
            Ok(text.unwrap_or_default())
        }),
    };
    let status = child::wait(&mut child, run.limit)?;
    let text: Result<String> = lines.join().unwrap_or_else(|_| Ok(String::new()));
    Ok(Outcome {
        exit: Exit::from_code(status.and_then(|status| status.code())),
        text: text?,
        complaint: complaint.join().unwrap_or_default(),
    })
}

/// Makes the folder, and the images of memories that survive power-off.
fn prepare(run: &Run<'_>) -> Result<()> {
    fs::create_dir_all(run.folder)
        .with_context(|| format!("cannot make {}", run.folder.display()))?;
    for image in &run.board.qemu.files {
        let file = run.folder.join(&image.name);
        if !file.exists() {
            let erased = vec![0xFF; image.bytes as usize];
            File::create(&file)
                .and_then(|mut created| created.write_all(&erased))
                .with_context(|| format!("cannot make {}", file.display()))?;
        }
    }
    Ok(())
}

fn lines(stream: impl Read, echo: Echo) -> String {
    let mut text = String::new();
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    while reader
        .read_until(b'\n', &mut bytes)
        .is_ok_and(|length| length > 0)
    {
        let line = String::from_utf8_lossy(&bytes);
        if echo == Echo::Loud {
            eprint!("    {line}");
        }
        text.push_str(&line);
        bytes.clear();
    }
    text
}

/// The program that turns the frames of `elf` into lines, built if need be.
fn log_decoder(machine: &Machine, elf: &Path) -> Result<Command> {
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    let cargo = |words: &[&str]| {
        let mut command = machine.command(&cargo);
        command.current_dir(root::repository()).args(words).args([
            "--quiet",
            "--package",
            "gradlet-log",
        ]);
        command
    };
    child::run(cargo(&["build"]).stdout(std::io::stderr()))?;
    let mut decoder = cargo(&["run"]);
    decoder.arg("--").arg(elf);
    Ok(decoder)
}
