//! `cargo xtask bench`
use super::{BOARD, Bench, JSON, boards, format};
use crate::{
    args::{Arguments, Command, Word},
    child,
    emulator::{Echo, Exit, Time},
    example::{self, Example},
    figures::{self, Figure},
    firmware::Log,
    machine::{Installing, Machine},
    root, say,
};
use anyhow::{Context, Result, bail};

pub(super) const COMMAND: Command = Command {
    name: "bench",
    summary: "Count instructions on boards, or measure throughput on the host",
    words: &[Word {
        name: "device|host",
        help: "on boards in QEMU, or here",
        needed: true,
    }],
    flags: &[BOARD, JSON],
    details: "On a device QEMU's clock follows the instructions: the counts are the same in every run.\n\
        Without --board, on every board that the bench programs name.",
    run,
};

fn run(arguments: &Arguments) -> Result<()> {
    match arguments.word(0) {
        Some("device") => device(arguments),
        Some("host") => host(),
        _ => bail!("benches run on `device` or on `host`; see `cargo xtask bench --help`"),
    }
}

fn device(arguments: &Arguments) -> Result<()> {
    let examples = example::all()?;
    let mut all = Vec::new();
    for board in boards(arguments)? {
        let is_here =
            |example: &&Example| example.is_bench && example.boards().contains(board.name.as_str());
        let here: Vec<&Example> = examples.iter().filter(is_here).collect();
        if here.is_empty() {
            continue;
        }
        let bench = Bench::new(board)?;
        for example in here {
            all.extend(counted(&bench, example, arguments)?);
        }
    }
    if all.is_empty() {
        bail!("there is no bench program for the board");
    }
    print!("{}", figures::text(&all, format(arguments)));
    Ok(())
}

/// The figures of a bench program, under the name of the board's processor.
fn counted(bench: &Bench, example: &Example, arguments: &Arguments) -> Result<Vec<Figure>> {
    let program = bench.build(example, bench.source(example, arguments)?, Log::Off)?;
    let outcome = bench.run(&program, Time::Counted, Echo::Quiet)?;
    if outcome.exit != Exit::Success {
        let said = outcome.text + &outcome.complaint;
        bail!("{} ended with {}: {said}", example.name, outcome.exit);
    }
    let figures = outcome.text.lines().filter_map(Figure::from_line);
    let figures = figures.filter(|figure| figure.name != "stack_peak");
    let named = |figure: Figure| {
        let name = format!("bench.{}.{}", bench.board.short, figure.name);
        Figure::new(name, figure.value, figure.unit)
    };
    Ok(figures.map(named).collect())
}

fn host() -> Result<()> {
    let machine = Machine::this(Installing::Allowed);
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    let words = ["bench", "--package", "gradlet-benches"];
    say::step(&format!("cargo {}", words.join(" ")));
    child::run(
        machine
            .command(&cargo)
            .current_dir(root::repository())
            .args(words),
    )
}
