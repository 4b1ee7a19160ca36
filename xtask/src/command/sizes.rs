//! `cargo xtask sizes`
use super::{BOARD, Bench, JSON, LIMIT, STORY, format};
use crate::{
    args::{Arguments, Command, Word},
    board,
    elf::{self, Sizes},
    emulator::{self, Echo, Exit, Run, Time},
    example::{self, Example},
    figures::{self, Figure},
    firmware::{self, Build, Log},
    root, say,
};
use anyhow::{Context, Result};

pub(super) const COMMAND: Command = Command {
    name: "sizes",
    summary: "Measure flash, static RAM and peak stack of the examples",
    words: &[Word {
        name: "EXAMPLE",
        help: "only this one",
        needed: false,
    }],
    flags: &[BOARD, STORY, JSON],
    details: "Without --board, on every board. Built in release without logging; the peak of the\n\
        stack is measured by painting it and running the program in QEMU.",
    run,
};

fn run(arguments: &Arguments) -> Result<()> {
    let examples = match arguments.word(0) {
        Some(name) => vec![example::find(name)?],
        None => example::all()?,
    };
    let boards = match arguments.value(BOARD.name) {
        Some(name) => vec![board::find(name)?],
        None => board::all()?,
    };
    let mut all = Vec::new();
    for board in boards {
        let bench = Bench::new(board)?;
        for example in examples
            .iter()
            .filter(|example| example.boards.contains(&bench.board.name))
        {
            all.extend(measured(&bench, example, arguments)?);
        }
    }
    print!("{}", figures::text(&all, format(arguments)));
    Ok(())
}

fn measured(bench: &Bench, example: &Example, arguments: &Arguments) -> Result<Vec<Figure>> {
    let story = arguments.path(STORY.name);
    let build = Build {
        example,
        board: &bench.board,
        log: Log::Off,
        story: story.as_deref(),
        mode: None,
        features: &[],
    };
    let elf = firmware::build(&bench.machine, &bench.toolchain, &build)?;
    let sizes = elf::sizes(&elf)?;
    let folder = root::target()
        .join("run")
        .join(&bench.board.name)
        .join(&example.name);
    let run = Run {
        board: &bench.board,
        elf: &elf,
        log: Log::Off,
        folder: &folder,
        limit: LIMIT,
        time: Time::Free,
        echo: Echo::Quiet,
    };
    let outcome = emulator::run(&bench.machine, &run)?;
    // Only a program that ended well has measured its stack.
    let stack = (outcome.exit == Exit::Success).then(|| {
        let missing = || {
            format!(
                "{} on {} printed no stack_peak",
                example.name, bench.board.name
            )
        };
        figures::number(&outcome.text, "stack_peak").with_context(missing)
    });
    if stack.is_none() {
        say::step(&format!(
            "{} ended with {}: no peak of the stack",
            example.name, outcome.exit
        ));
    }
    let stack = stack.transpose()?.map(|bytes| bytes as u64);
    let Sizes {
        text,
        rodata,
        data,
        bss,
    } = sizes;
    let flash = sizes.flash();
    let all = [
        ("text", Some(text)),
        ("rodata", Some(rodata)),
        ("data", Some(data)),
        ("bss", Some(bss)),
        ("flash", Some(flash)),
        ("static_ram", Some(sizes.static_ram())),
        ("stack", stack),
    ];
    let named = |name: &str| format!("size.{}.{}.{name}", bench.board.name, example.name);
    Ok(all
        .iter()
        .filter_map(|(name, value)| Some(Figure::new(named(name), (*value)?, "byte")))
        .collect())
}
