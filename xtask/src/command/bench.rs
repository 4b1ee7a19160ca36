//! `cargo xtask bench`
use super::{BOARD, Bench, JSON, boards, format};
use crate::{
    args::{Arguments, Command, Word},
    child,
    cycles::{self, Count},
    emulator::{Echo, Exit, Time},
    example::{self, Example},
    figures::{self, Figure},
    firmware::Log,
    machine::{Installing, Machine},
    python, root, say,
};
use anyhow::{Context, Result, bail, ensure};

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
        Without --board, on every board that the bench programs name. For the Cortex-M4F each count\n\
        comes with the cycles that it takes in a model (the processor's published timings, memory\n\
        without wait states).",
    run,
};

fn run(arguments: &Arguments) -> Result<()> {
    match arguments.word(0) {
        Some("device") => device(arguments),
        Some("host") => host(arguments),
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
            for features in &example.bench_features {
                all.extend(counted(&bench, example, arguments, features)?);
            }
        }
    }
    if all.is_empty() {
        bail!("there is no bench program for the board");
    }
    print!("{}", figures::text(&all, format(arguments)));
    Ok(())
}

/// The figures of a bench program, under the name of the board's processor.
fn counted(
    bench: &Bench,
    example: &Example,
    arguments: &Arguments,
    features: &str,
) -> Result<Vec<Figure>> {
    let source = bench.source(example, arguments)?;
    let features: Vec<&str> = features.split(',').filter(|one| !one.is_empty()).collect();
    let program = bench.build_with(example, source, Log::Off, &features)?;
    let outcome = bench.run(&program, Time::Counted, Echo::Quiet)?;
    if outcome.exit != Exit::Success {
        let said = outcome.text + &outcome.complaint;
        bail!("{} ended with {}: {said}", example.name, outcome.exit);
    }
    let printed = outcome.text.lines().filter_map(Figure::from_line);
    let mut figures: Vec<Figure> = printed.filter(|one| one.name != "stack_peak").collect();
    if bench.board.core == cycles::CORE {
        figures = with_cycles(figures, &bench.trace(&program)?)
            .with_context(|| format!("{} on {}", example.name, bench.board.name))?;
    }
    let named = |figure: Figure| {
        let name = format!("bench.{}.{}", bench.board.short, figure.name);
        Figure::new(name, figure.value, figure.unit)
    };
    Ok(figures.into_iter().map(named).collect())
}

/// The unit of what a program counts.
const INSTRUCTION: &str = "instruction";

/// Each count of instructions is followed by the cycles that they take in the model.
fn with_cycles(figures: Vec<Figure>, traces: &[Count]) -> Result<Vec<Figure>> {
    let mut traces = traces.iter();
    let mut all = Vec::new();
    for figure in figures {
        if figure.unit != INSTRUCTION {
            all.push(figure);
            continue;
        }
        let trace = traces.next().context("less was traced than counted")?;
        let number = figure.number().filter(|&number| number > 0.0);
        let number = number.with_context(|| format!("{} is no count", figure.name))?;
        // The program divides its count by the things it treats, a whole number.
        let things = (trace.instructions as f64 / number).round();
        let (counted, traced) = (number * things, trace.instructions as f64);
        ensure!(
            (counted - traced).abs() <= 2.0 + traced * COUNTING_ERROR,
            "{}: the program counts {counted} instructions, its trace has {traced}",
            figure.name,
        );
        let name = figure.name.replacen("instructions", "modelled_cycles", 1);
        let cycles = format!("{:.2}", trace.cycles as f64 / things);
        all.extend([figure, Figure::new(name, cycles, "cycle")]);
    }
    ensure!(traces.next().is_none(), "more was traced than counted");
    Ok(all)
}

/// By how much of the whole a clock that follows the instructions, and rounding in print, may be
/// wrong.
const COUNTING_ERROR: f64 = 1e-4;

/// The program measures; here it is built, and given a TensorFlow to compare with.
fn host(arguments: &Arguments) -> Result<()> {
    let machine = Machine::this(Installing::Allowed);
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    let words = "build --quiet --release --package gradlet-host --package gradlet-benches --bins";
    say::step(&format!("cargo {words}"));
    let mut build = machine.command(&cargo);
    build
        .current_dir(root::repository())
        .args(words.split(' '))
        .arg("--target-dir")
        .arg(root::target());
    child::run(build.stdout(std::io::stderr()))?;
    let mut program = machine.command(&root::target().join("release/host"));
    match python::with_tensorflow(&machine) {
        Ok(python) => {
            program.arg("--python").arg(python);
        }
        Err(error) => say::error(&format!("{error:#}: its ratios are left out")),
    }
    if arguments.has(JSON.name) {
        program.arg(JSON.name);
    }
    child::run(&mut program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(instructions: u64, cycles: u64) -> Count {
        Count {
            instructions,
            cycles,
        }
    }

    #[test]
    fn a_count_is_followed_by_its_cycles() {
        let size = Figure::new("state.size", 160, "byte");
        let step = Figure::new("step.instructions", 1000, INSTRUCTION);
        let adam = Figure::new("adam.instructions_per_param", "13.2344", INSTRUCTION);
        let figures = vec![step.clone(), size.clone(), adam.clone()];
        let found = with_cycles(figures, &[trace(1001, 1500), trace(4235, 14_912)]).unwrap();
        let step_cycles = Figure::new("step.modelled_cycles", "1500.00", "cycle");
        let adam_cycles = Figure::new("adam.modelled_cycles_per_param", "46.60", "cycle");
        assert_eq!(found, [step, step_cycles, size, adam, adam_cycles]);
    }

    #[test]
    fn a_trace_of_something_else_is_refused() {
        let figures = || vec![Figure::new("step.instructions", 1000, INSTRUCTION)];
        for traces in [
            &[trace(1400, 1)][..],
            &[],
            &[trace(1000, 1), trace(1000, 1)],
        ] {
            assert!(with_cycles(figures(), traces).is_err(), "{traces:?}");
        }
    }
}
