//! The example `telemetry` on a board, with `gradlet` at the other end of its log.
use anyhow::{Context, Result, ensure};
use gradlet_host::events::{Dialect, EventWriter};
use gradlet_host::telemetry::{Log, Tally, follow};
use std::{
    path::Path,
    process::Stdio,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};
use xtask::{
    board, example,
    firmware::{self, Build, Source},
    machine::{Installing, Machine},
    qemu,
    toolchain::{self, Policy},
};

/// A program that has not ended by then hangs.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs the program and writes what it logs to tfevents in `logs`; `each` is told of every line.
pub(crate) fn record(
    logs: &Path,
    mut each: impl FnMut(&Path, &str) -> std::io::Result<()>,
) -> Result<Tally> {
    let machine = Machine::this(Installing::Forbidden);
    let board = board::find(board::DEFAULT)?;
    let toolchain = toolchain::choose(&machine, &board.target, Policy::from_environment()?)?;
    let build = Build {
        example: &example::find("telemetry")?,
        board: &board,
        source: Source::default(),
        log: firmware::Log::On,
        features: &[],
    };
    let elf = firmware::build(&machine, &toolchain, &build)?;
    let log = Log::of_program(&elf)?;

    let mut command = machine.command(&qemu::find(&machine, &board.qemu.program)?);
    let elf = elf.to_string_lossy();
    let arguments = board.qemu.arguments.iter();
    command
        .args(arguments.map(|argument| argument.replace("{elf}", &elf)))
        .args(["-display", "none", "-monitor", "none", "-serial", "null"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .current_dir(logs)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut emulator = command.spawn().context("cannot start QEMU")?;
    let stdout = emulator.stdout.take().context("QEMU has no output")?;
    let (ended, watch) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        if watch.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            let _ = emulator.kill();
        }
        emulator.wait()
    });
    let mut events = EventWriter::create(logs, Dialect::V2)?;
    let file = events.path().to_owned();
    let tally = follow(stdout, &log, &mut events, |line| each(&file, line))?;
    drop(ended);
    let status = watchdog
        .join()
        .map_err(|_| anyhow::anyhow!("the watchdog died"))??;
    ensure!(status.success(), "QEMU ended with {status}");
    Ok(tally)
}
