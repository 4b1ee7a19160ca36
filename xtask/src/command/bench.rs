//! `cargo xtask bench`
use super::{BOARD, Bench, JSON, LIMIT, format};
use crate::{
    args::{Arguments, Command, Word},
    board, child,
    emulator::{self, Echo, Exit, Run, Time},
    example::{self, Example},
    figures::{self, Figure},
    firmware::{self, Build, Log},
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
    let benches: Vec<Example> = example::all()?
        .into_iter()
        .filter(|example| example.is_bench)
        .collect();
    let boards = match arguments.value(BOARD.name) {
        Some(name) => vec![board::find(name)?],
        None => board::all()?,
    };
    let mut all = Vec::new();
    for board in boards {
        let here: Vec<&Example> = benches
            .iter()
            .filter(|bench| bench.boards.contains(&board.name))
            .collect();
        if here.is_empty() {
            continue;
        }
        let bench = Bench::new(board)?;
        for example in here {
            all.extend(counted(&bench, example)?);
        }
    }
    if all.is_empty() {
        bail!("no bench program has printed a figure");
    }
    print!("{}", figures::text(&all, format(arguments)));
    Ok(())
}

/// The figures of a bench program, under the name of the board's processor.
fn counted(bench: &Bench, example: &Example) -> Result<Vec<Figure>> {
    let build = Build {
        example,
        board: &bench.board,
        log: Log::Off,
        story: None,
        mode: None,
        features: &[],
    };
    let elf = firmware::build(&bench.machine, &bench.toolchain, &build)?;
    let run = Run {
        board: &bench.board,
        elf: &elf,
        log: Log::Off,
        folder: &root::target()
            .join("run")
            .join(&bench.board.name)
            .join(&example.name),
        limit: LIMIT,
        time: Time::Counted,
        echo: Echo::Quiet,
    };
    let outcome = emulator::run(&bench.machine, &run)?;
    if outcome.exit != Exit::Success {
        bail!(
            "{} ended with {}: {}{}",
            example.name,
            outcome.exit,
            outcome.text,
            outcome.complaint
        );
    }
    let figures = outcome.text.lines().filter_map(Figure::from_line);
    let figures = figures.filter(|figure| figure.name != "stack_peak");
    let named = |figure: Figure| {
        Figure::new(
            format!("bench.{}.{}", bench.board.short, figure.name),
            figure.value,
            figure.unit,
        )
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
