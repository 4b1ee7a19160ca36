//! `cargo xtask run`
use super::{BOARD, Bench, LIMIT, LOG, STORY, build};
use crate::{
    args::{Arguments, Command},
    emulator::{self, Echo, Exit, Run, Time},
    root,
};
use anyhow::{Result, bail};

pub(super) const COMMAND: Command = Command {
    name: "run",
    summary: "Build an example and run it on a board in QEMU",
    words: &[build::EXAMPLE],
    flags: &[BOARD, LOG, STORY],
    details: "What the program prints comes on standard output; the files that it writes land in\n\
        target/run/BOARD/EXAMPLE.",
    run,
};

fn run(arguments: &Arguments) -> Result<()> {
    let bench = Bench::for_board_of(arguments)?;
    let elf = build::built(&bench, arguments)?;
    let name = arguments.word(0).unwrap_or_default();
    let outcome = emulator::run(
        &bench.machine,
        &Run {
            board: &bench.board,
            elf: &elf,
            log: build::log(arguments),
            folder: &root::target()
                .join("run")
                .join(&bench.board.name)
                .join(name),
            limit: LIMIT,
            time: Time::Free,
            echo: Echo::Quiet,
        },
    )?;
    print!("{}", outcome.text);
    match outcome.exit {
        Exit::Success => Ok(()),
        Exit::Stopped => bail!("{name} did not end within {} s", LIMIT.as_secs()),
        exit => bail!("{name} ended with {exit} {}", outcome.complaint.trim()),
    }
}
