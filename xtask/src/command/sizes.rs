//! `cargo xtask sizes`
use super::{BOARD, Bench, JSON, MODE, STORY, boards, format};
use crate::{
    args::{Arguments, Command, Word},
    elf,
    emulator::{Echo, Exit, Outcome, Time},
    example::{self, Example},
    figures::{self, Figure},
    firmware::Log,
    say,
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
    flags: &[BOARD, STORY, MODE, JSON],
    details: "Without --board, on every board. Built in release without logging; the peak of the\n\
        stack is measured by painting it and running the program in QEMU.",
    run,
};

fn run(arguments: &Arguments) -> Result<()> {
    let examples = match arguments.word(0) {
        Some(name) => vec![example::find(name)?],
        None => example::all()?,
    };
    let mut all = Vec::new();
    for board in boards(arguments)? {
        let bench = Bench::new(board)?;
        let runs_here = |example: &&Example| example.boards().contains(bench.board.name.as_str());
        for example in examples.iter().filter(runs_here) {
            all.extend(measured(&bench, example, arguments)?);
        }
    }
    print!("{}", figures::text(&all, format(arguments)));
    Ok(())
}

fn measured(bench: &Bench, example: &Example, arguments: &Arguments) -> Result<Vec<Figure>> {
    let program = bench.build(example, bench.source(example, arguments)?, Log::Off)?;
    let sizes = elf::sizes(&program.elf)?;
    let outcome = bench.run(&program, Time::Free, Echo::Quiet)?;
    let all = [
        ("text", Some(sizes.text)),
        ("rodata", Some(sizes.rodata)),
        ("data", Some(sizes.data)),
        ("bss", Some(sizes.bss)),
        ("flash", Some(sizes.flash())),
        ("static_ram", Some(sizes.static_ram())),
        ("stack", peak_of_stack(bench, example, &outcome)?),
    ];
    let figure = |(name, value): &(&str, Option<u64>)| {
        let name = format!("size.{}.{}.{name}", bench.board.name, example.name);
        value.map(|value| Figure::new(name, value, "byte"))
    };
    Ok(all.iter().filter_map(figure).collect())
}

/// Only a program that ended well has measured its stack.
fn peak_of_stack(bench: &Bench, example: &Example, outcome: &Outcome) -> Result<Option<u64>> {
    let (name, board) = (&example.name, &bench.board.name);
    if outcome.exit != Exit::Success {
        say::step(&format!(
            "{name} on {board} ended with {}: no peak of the stack",
            outcome.exit
        ));
        return Ok(None);
    }
    let peak = figures::number(&outcome.text, "stack_peak");
    let peak = peak.with_context(|| format!("{name} on {board} printed no stack_peak"))?;
    Ok(Some(peak as u64))
}
