//! `cargo xtask build`
use super::{BOARD, Bench, LOG, STORY};
use crate::{
    args::{Arguments, Command, Word},
    example,
    firmware::{self, Build, Log},
};
use anyhow::Result;
use std::path::PathBuf;

pub(super) const COMMAND: Command = Command {
    name: "build",
    summary: "Build an example for a board and print where the program is",
    words: &[EXAMPLE],
    flags: &[BOARD, LOG, STORY],
    details: "",
    run,
};

pub(super) const EXAMPLE: Word = Word {
    name: "EXAMPLE",
    help: "which one (`cargo xtask boards` lists them)",
    needed: true,
};

fn run(arguments: &Arguments) -> Result<()> {
    println!(
        "{}",
        built(&Bench::for_board_of(arguments)?, arguments)?.display()
    );
    Ok(())
}

pub(super) fn built(bench: &Bench, arguments: &Arguments) -> Result<PathBuf> {
    let example = example::find(arguments.word(0).unwrap_or_default())?;
    let story = arguments.path(STORY.name);
    let build = Build {
        example: &example,
        board: &bench.board,
        log: log(arguments),
        story: story.as_deref(),
        mode: None,
        features: &[],
    };
    firmware::build(&bench.machine, &bench.toolchain, &build)
}

pub(super) fn log(arguments: &Arguments) -> Log {
    if arguments.has(LOG.name) {
        Log::On
    } else {
        Log::Off
    }
}
