//! `cargo xtask prove`
use super::{BOARD, Bench, JSON, Program, format, test};
use crate::{
    args::{Arguments, Command, Word},
    elf,
    emulator::{Echo, Exit, Time},
    example::{self, Example},
    figures::{self, Figure},
    firmware::{self, Build, Log, Source},
    image::{self, Image},
    say,
};
use anyhow::{Context, Result, bail};

pub(super) const COMMAND: Command = Command {
    name: "prove",
    summary: "Prove of release images that no panic and no heap is in them, and bound their stack",
    words: &[Word {
        name: "EXAMPLE",
        help: "only this one, and not the core's tests (default: all that can prove it on the board)",
        needed: false,
    }],
    flags: &[BOARD, JSON],
    details: "Release, logging off. No panic: the image links although its panic handler calls a\n\
        function that nobody defines. No heap: no allocator is among its symbols. Stack: the\n\
        compiler's frame sizes, along all calls, beside the peak that a run in QEMU has painted;\n\
        a call of a pointer may lead to any function whose address is kept somewhere.\n\
        Then the core's tests run with AddressSanitizer.",
    run,
};

/// The feature with which an image links only if no panic is reachable.
const NO_PANIC: &str = "prove-no-panic";
/// The feature that leaves out what only prints.
const QUIET: &str = "quiet";

fn run(arguments: &Arguments) -> Result<()> {
    let bench = Bench::for_board_of(arguments)?;
    let examples = match arguments.word(0) {
        Some(name) => vec![example::find(name)?],
        None => example::all()?,
    };
    let mut all = Vec::new();
    for example in examples {
        let can_prove = example.features.iter().any(|one| one == NO_PANIC);
        if can_prove && example.boards().contains(bench.board.name.as_str()) {
            all.extend(proved(&bench, &example, arguments)?);
        } else if arguments.word(0).is_some() {
            bail!(
                "{} has no feature {NO_PANIC}, or not that board",
                example.name
            );
        }
    }
    print!("{}", figures::text(&all, format(arguments)));
    if arguments.word(0).is_none() {
        let mut tally = test::Tally::default();
        test::sanitized(&bench.machine, &mut tally)?;
        if tally != test::Tally::default() {
            test::finish(tally)?;
        }
    }
    Ok(())
}

fn proved(bench: &Bench, example: &Example, arguments: &Arguments) -> Result<Vec<Figure>> {
    let (name, board) = (&example.name, &bench.board.name);
    let source = bench.source(example, arguments)?;
    bench
        .build_with(example, source.clone(), Log::Off, &[NO_PANIC])
        .with_context(|| format!("{name} on {board} may have a reachable panic"))?;
    let program = bench.build_with_frames(example, source)?;
    let heap = elf::heap(&program.elf)?;
    if !heap.is_empty() {
        bail!("{name} on {board} has a heap: {}", heap.join(", "));
    }
    let figure = |what: &str, value: u64, unit: &str| {
        Figure::new(format!("prove.{board}.{name}.{what}"), value, unit)
    };
    let mut all = vec![
        figure("panics_reachable", 0, "function"),
        figure("heap_symbols", 0, "function"),
    ];
    if example.features.iter().any(|one| one == QUIET) {
        let source = bench.source(example, arguments)?;
        let quiet = bench.build_with(example, source, Log::Off, &[NO_PANIC, QUIET])?;
        let sizes = elf::sizes(&quiet.elf)?;
        let taken = sizes.text + sizes.rodata + sizes.data;
        all.push(figure("code_and_constants_without_prints", taken, "byte"));
    }
    let outcome = bench.run(&program, Time::Free, Echo::Quiet)?;
    let measured = figures::number(&outcome.text, "stack_peak").unwrap_or(0.0) as u64;
    let measured = (outcome.exit == Exit::Success && measured > 0).then_some(measured);
    let Some(measured) = measured else {
        bail!(
            "{name} on {board} ended with {} and no stack_peak",
            outcome.exit
        );
    };
    let bound = image::bound(&Image::read(&program.elf)?)
        .with_context(|| format!("the stack of {name} on {board} has no bound"))?;
    explain(name, &bound);
    let (total, pointer_callers) = (bound.total(), bound.pointer_callers.len() as u64);
    all.push(figure("stack_bound", bound.program, "byte"));
    all.push(figure("stack_bound_with_exceptions", total, "byte"));
    let read = bound.read as u64;
    all.push(figure("frames_read_from_assembly", read, "function"));
    all.push(figure("pointer_callers", pointer_callers, "function"));
    if measured > total {
        bail!("{name} on {board} used {measured} bytes of stack, more than its bound {total}");
    }
    all.push(figure("stack_measured", measured, "byte"));
    Ok(all)
}

/// What a reader of the bound has to know.
fn explain(name: &str, bound: &image::Bound) {
    say::step(&format!("the deepest way through {name}:"));
    for (function, bytes) in &bound.deepest {
        eprintln!("    {bytes:>6} {function}");
    }
    if !bound.pointer_callers.is_empty() {
        let callers = bound.pointer_callers.join(", ");
        eprintln!("    calls of pointers, taken to lead to the deepest function kept: {callers}");
    }
}

impl Bench {
    fn build_with_frames(&self, example: &Example, source: Source) -> Result<Program> {
        let (story, mode) = (source.story.as_deref(), source.mode.as_deref());
        let peer = example.serial.peer(story, mode)?;
        let build = Build {
            example,
            board: &self.board,
            source,
            log: Log::Off,
            features: &[],
        };
        let elf = firmware::build_with_frames(&self.machine, &self.toolchain, &build)?;
        Ok(Program {
            elf,
            log: Log::Off,
            peer,
        })
    }
}
