//! `cargo xtask run`
use super::{BOARD, Bench, LIMIT, LOG, MODE, STORY, build};
use crate::{
    args::{Arguments, Command},
    emulator::{Echo, Exit, Time},
};
use anyhow::{Result, bail};

pub(super) const COMMAND: Command = Command {
    name: "run",
    summary: "Build an example and run it on a board in QEMU",
    words: &[build::EXAMPLE],
    flags: &[BOARD, LOG, STORY, MODE],
    details: "What the program prints comes on standard output; the files that it writes land in a\n\
        folder under target/run/BOARD.",
    run,
};

fn run(arguments: &Arguments) -> Result<()> {
    let bench = Bench::for_board_of(arguments)?;
    let program = build::built(&bench, arguments)?;
    let outcome = bench.run(&program, Time::Free, Echo::Quiet)?;
    print!("{}", outcome.text);
    let name = program.elf.file_stem().unwrap_or_default().display();
    match outcome.exit {
        Exit::Success => Ok(()),
        Exit::Stopped => bail!("{name} did not end within {} s", LIMIT.as_secs()),
        exit => bail!("{name} ended with {exit} {}", outcome.complaint.trim()),
    }
}
