//! `cargo xtask build`
use super::{BOARD, Bench, LOG, MODE, Program, STORY, log};
use crate::{
    args::{Arguments, Command, Word},
    example,
};
use anyhow::Result;

pub(super) const COMMAND: Command = Command {
    name: "build",
    summary: "Build an example for a board and print where the program is",
    words: &[EXAMPLE],
    flags: &[BOARD, LOG, STORY, MODE],
    details: "",
    run,
};

pub(super) const EXAMPLE: Word = Word {
    name: "EXAMPLE",
    help: "which one (`cargo xtask boards` lists them)",
    needed: true,
};

fn run(arguments: &Arguments) -> Result<()> {
    let program = built(&Bench::for_board_of(arguments)?, arguments)?;
    println!("{}", program.elf.display());
    Ok(())
}

pub(super) fn built(bench: &Bench, arguments: &Arguments) -> Result<Program> {
    let example = example::find(arguments.word(0).unwrap_or_default())?;
    let source = bench.source(&example, arguments)?;
    bench.build(&example, source, log(arguments))
}
