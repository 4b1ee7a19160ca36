//! The commands, a file each.
mod bench;
mod boards;
mod build;
mod demo;
mod fuzz;
mod interop;
mod lint;
mod prove;
mod run;
mod setup;
mod sizes;
mod test;

use crate::{
    args::{Arguments, Command, Flag},
    board::{self, Board},
    cycles::Count,
    emulator::{self, Echo, Outcome, Run, Time},
    example::Example,
    figures::Format,
    firmware::{self, Build, Log, Source},
    machine::{Installing, Machine},
    peer::Peer,
    root,
    toolchain::{self, Policy, Toolchain},
    trace,
};
use anyhow::Result;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// All of them, in the order of the help.
pub const ALL: &[Command] = &[
    demo::COMMAND,
    setup::COMMAND,
    test::COMMAND,
    interop::COMMAND,
    run::COMMAND,
    build::COMMAND,
    sizes::COMMAND,
    prove::COMMAND,
    bench::COMMAND,
    fuzz::COMMAND,
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
    help: "log with defmt",
};
const STORY: Flag = Flag {
    name: "--story",
    value: Some("DIR"),
    help: "the story folder to generate the program from",
};
const MODE: Flag = Flag {
    name: "--mode",
    value: Some("TAG"),
    help: "the training order, any that the story has",
};
const JSON: Flag = Flag {
    name: "--json",
    value: None,
    help: "print the figures as JSON",
};

/// A program, built.
struct Program {
    elf: PathBuf,
    log: Log,
    peer: Peer,
}

/// A board, and what it takes to build for it.
struct Bench {
    machine: Machine,
    board: Board,
    toolchain: Toolchain,
}

impl Bench {
    fn for_board_of(arguments: &Arguments) -> Result<Self> {
        Self::new(board::find(
            arguments.value(BOARD.name).unwrap_or(board::DEFAULT),
        )?)
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

    /// What `--story` and `--mode` ask for, otherwise what the example takes on this board.
    fn source(&self, example: &Example, arguments: &Arguments) -> Result<Source> {
        let variant = example.variant_on(&self.board.name)?;
        Ok(Source {
            story: arguments.path(STORY.name).or_else(|| variant.folder()),
            mode: arguments
                .value(MODE.name)
                .map(String::from)
                .or_else(|| variant.mode.clone()),
        })
    }

    fn build(&self, example: &Example, source: Source, log: Log) -> Result<Program> {
        self.build_with(example, source, log, &[])
    }

    fn build_with(
        &self,
        example: &Example,
        source: Source,
        log: Log,
        features: &[&str],
    ) -> Result<Program> {
        let peer = example
            .serial
            .peer(source.story.as_deref(), source.mode.as_deref())?;
        let build = Build {
            example,
            board: &self.board,
            source,
            log,
            features,
        };
        let elf = firmware::build(&self.machine, &self.toolchain, &build)?;
        Ok(Program { elf, log, peer })
    }

    fn run(&self, program: &Program, time: Time, echo: Echo) -> Result<Outcome> {
        let name = program.elf.file_stem().unwrap_or_default();
        let folder = root::target().join("run").join(&self.board.name).join(name);
        self.run_in(&folder, program, time, echo)
    }

    /// What the program executes each time that it counts.
    fn trace(&self, program: &Program) -> Result<Vec<Count>> {
        trace::counted(&self.machine, &self.board, &program.elf, LIMIT)
    }

    fn run_in(&self, folder: &Path, program: &Program, time: Time, echo: Echo) -> Result<Outcome> {
        let run = Run {
            board: &self.board,
            elf: &program.elf,
            log: program.log,
            folder,
            limit: LIMIT,
            time,
            echo,
            peer: &program.peer,
        };
        emulator::run(&self.machine, &run)
    }
}

/// The boards that `--board` names, which are all of them without it.
fn boards(arguments: &Arguments) -> Result<Vec<Board>> {
    match arguments.value(BOARD.name) {
        Some(name) => Ok(vec![board::find(name)?]),
        None => board::all(),
    }
}

fn log(arguments: &Arguments) -> Log {
    if arguments.has(LOG.name) {
        Log::On
    } else {
        Log::Off
    }
}

fn format(arguments: &Arguments) -> Format {
    if arguments.has(JSON.name) {
        Format::Json
    } else {
        Format::Lines
    }
}
