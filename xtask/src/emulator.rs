//! Running a program on a board that QEMU plays.
use crate::{
    board::Board,
    child,
    line::{Ending, Line},
    machine::Machine,
    peer::Peer,
    qemu, root,
};
use anyhow::{Context, Result};
use std::{
    fmt,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
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
    /// Who is at the other end of its serial line.
    pub peer: &'a Peer,
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
    /// The other end of its serial line has cut the power.
    Cut,
}

impl Exit {
    pub(crate) fn from_code(code: Option<i32>) -> Self {
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
            Self::Cut => f.write_str("power cut"),
        }
    }
}

/// Runs a program to its end or to its limit.
///
/// # Errors
/// If QEMU or the log's decoder cannot be started; how the *program* ended is in the [`Outcome`].
pub fn run(machine: &Machine, run: &Run<'_>) -> Result<Outcome> {
    converse(machine, run, |line| run.peer.talk(line))
}

/// Runs a program with `talk` at the other end of its serial line, instead of [`Run::peer`].
///
/// What the board sends is kept in `serial.bin` in the run's folder, read or not. An error of
/// `talk` ends the run, and is among the outcome's complaints.
///
/// # Errors
/// Those of [`run()`].
pub fn converse(
    machine: &Machine,
    run: &Run<'_>,
    talk: impl FnOnce(&mut Line) -> Result<Ending> + Send,
) -> Result<Outcome> {
    let qemu = qemu::find(machine, &run.board.qemu.program)?;
    prepare(run)?;
    // Built before the clock starts to run.
    let decoder = match run.log {
        Log::Off => None,
        Log::On => Some(log_decoder(machine, run.elf)?),
    };
    let (mut line, far_end) = Line::open(&run.folder.join("serial.bin"))?;
    let mut child = child::start(command(machine.command(&qemu), run).stdin(far_end))?;
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
    let (exit, said) = thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let talking = scope.spawn(move || {
            let ending = talk(&mut line);
            let _ = tell.send(
                ending
                    .as_ref()
                    .map_or(Wish::End, |&ending| Wish::Ending(ending)),
            );
            line.drain();
            ending
        });
        let exit = wait(&mut child, run.limit, &told);
        let said = talking.join().unwrap_or(Ok(Ending::LetRun));
        exit.map(|exit| (exit, said))
    })?;
    let text: Result<String> = lines.join().unwrap_or_else(|_| Ok(String::new()));
    let mut complaint = complaint.join().unwrap_or_default();
    if let Err(error) = said {
        complaint.push_str(&format!("the other end of the serial line: {error:#}\n"));
    }
    Ok(Outcome {
        exit,
        text: text?,
        complaint,
    })
}

fn command(mut command: Command, run: &Run<'_>) -> Command {
    let elf = run.elf.to_string_lossy();
    let qemu = &run.board.qemu;
    command
        .args(
            qemu.arguments
                .iter()
                .map(|argument| argument.replace("{elf}", &elf)),
        )
        .args(["-display", "none", "-monitor", "none"])
        // The line is a socket that QEMU gets as its standard input: no name in a file system,
        // no port, and both ends notice when the other is gone.
        .args(["-chardev", "socket,id=line,fd=0"])
        .args(["-serial", "chardev:line"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .current_dir(run.folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if run.time == Time::Counted {
        command.args(["-icount", &format!("shift={}", qemu.icount_shift)]);
    }
    command
}

/// What the thread that talks wants to happen.
enum Wish {
    Ending(Ending),
    /// It has failed, perhaps because the program has ended.
    End,
}

/// Waits until QEMU ends, its limit has passed or its power is to be cut.
fn wait(child: &mut Child, limit: Duration, told: &Receiver<Wish>) -> Result<Exit> {
    const PAUSE: Duration = Duration::from_millis(5);
    /// How long a program that nobody talks with any more has to end by itself.
    const GRACE: Duration = Duration::from_secs(2);
    let mut deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Exit::from_code(status.code()));
        }
        if Instant::now() >= deadline {
            return stop(child, Exit::Stopped);
        }
        match told.recv_timeout(PAUSE) {
            Ok(Wish::Ending(Ending::CutPower)) => return stop(child, Exit::Cut),
            Ok(Wish::Ending(Ending::LetRun)) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Wish::End) => deadline = deadline.min(Instant::now() + GRACE),
            Err(RecvTimeoutError::Disconnected) => thread::sleep(PAUSE),
        }
    }
}

/// Ends QEMU at once, in the middle of whatever it does, unless it has ended by itself.
fn stop(child: &mut Child, stopped: Exit) -> Result<Exit> {
    child.kill()?;
    let code = child.wait()?.code();
    Ok(code.map_or(stopped, |_| Exit::from_code(code)))
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
