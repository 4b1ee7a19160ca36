//! The commands, a file each.
mod bench;
mod boards;
mod build;
mod demo;
mod interop;
mod lint;
mod run;
mod setup;
mod sizes;
mod test;

use crate::{
    args::{Arguments, Command, Flag},
    board::{self, Board},
    figures::Format,
    machine::{Installing, Machine},
    toolchain::{self, Policy, Toolchain},
};
use anyhow::Result;
use std::time::Duration;

/// All of them, in the order of the help.
pub const ALL: &[Command] = &[
    demo::COMMAND,
    setup::COMMAND,
    test::COMMAND,
    interop::COMMAND,
    run::COMMAND,
    build::COMMAND,
    sizes::COMMAND,
    bench::COMMAND,
    boards::COMMAND,
    lint::COMMAND,
];

/// A program that has not ended by then hangs.
pub const LIMIT: Duration = Duration::from_secs(600);

const BOARD: Flag = Flag {
    name: "--board",
    value: Some("BOARD"),
    help: "the board (default: mps2-an386)",
};
const LOG: Flag = Flag {
    name: "--log",
    value: None,
    help: "log with defmt, shown as it comes",
};
const STORY: Flag = Flag {
    name: "--story",
    value: Some("DIR"),
    help: "the story folder to generate the program from",
};
const JSON: Flag = Flag {
    name: "--json",
    value: None,
    help: "print the figures as JSON",
};

/// What most commands need: the board that was named, and a compiler for it.
struct Bench {
    machine: Machine,
    board: Board,
    toolchain: Toolchain,
}

impl Bench {
    fn for_board_of(arguments: &Arguments) -> Result<Self> {
        let board = board::find(arguments.value(BOARD.name).unwrap_or(board::DEFAULT))?;
        Self::new(board)
    }

    fn new(board: Board) -> Result<Self> {
        let machine = Machine::this(Installing::Allowed);
        let toolchain = toolchain::choose(&machine, &board.target, Policy::from_environment()?)?;
        Ok(Self {
            machine,
            board,
            toolchain,
        })
    }
}

fn format(arguments: &Arguments) -> Format {
    if arguments.has(JSON.name) {
        Format::Json
    } else {
        Format::Lines
    }
}
