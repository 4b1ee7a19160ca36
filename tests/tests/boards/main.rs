//! Every example on every board it names, in QEMU: what it prints is what the file beside it says,
//! it ends as that file says, within a limit by the clock on the wall.
//!
//! A bench only has to end well, on a board of each target: its counts differ between compilers.
//!
//! A program is compared with `PACKAGE/expected/NAME.BOARD.txt` if there is such a file, otherwise
//! with `PACKAGE/expected/NAME.txt`. `NAME` is the program's name, followed by the story and the
//! training order if it names any (`finetune-wand_digits-replay`). A `*` stands for any one word.
mod cuts;
mod expected;
mod tensorflow;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Trial};
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use tempfile::TempDir;
use xtask::{
    board::{self, Board},
    elf,
    emulator::{self, Echo, Exit, Outcome, Run, Time},
    example::{self, Example, Variant},
    figures,
    firmware::{self, Build, Log, Source},
    image::{self, Image},
    machine::{Installing, Machine},
    root,
    toolchain::{self, Policy, Toolchain},
};

/// The slowest program takes half a minute on an idle machine.
const LIMIT: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = trials().unwrap_or_else(|error| {
        let text = format!("{error:#}");
        vec![Trial::test(
            "the examples and boards are understood",
            || Err(text.into()),
        )]
    });
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test: when it applies to a program on a board, what it promises, how it is checked.
type Promise = (fn(&Place) -> bool, &'static str, fn(&Place) -> Result<()>);

const PROMISES: [Promise; 7] = [
    (
        |place| place.example.is_bench && place.is_first_of_its_target(),
        "ends well",
        ends_well,
    ),
    (
        |place| !place.example.is_bench,
        "prints what is expected",
        prints_what_is_expected,
    ),
    (
        |place| place.has("log"),
        "ends the same when it logs",
        ends_the_same_when_it_logs,
    ),
    (
        |place| place.has("prove-no-panic"),
        "has no reachable panic",
        has_no_reachable_panic,
    ),
    (
        |place| place.has("prove-no-panic"),
        "has no heap",
        has_no_heap,
    ),
    (
        |place| place.example.flash_budget.contains_key(&place.board.name),
        "keeps to its budget of flash",
        keeps_to_its_budget_of_flash,
    ),
    (
        Place::promises_a_bound_of_its_stack,
        "takes no more stack than is proved",
        takes_no_more_stack_than_is_proved,
    ),
];

fn trials() -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for example in example::all()?.into_iter().map(Arc::new) {
        for variant in example
            .variants
            .iter()
            .map(|variant| Arc::new(variant.clone()))
        {
            for board in &variant.boards {
                let place = Arc::new(Place {
                    board: board::find(board)?,
                    example: Arc::clone(&example),
                    variant: Arc::clone(&variant),
                });
                for (applies, promise, test) in PROMISES {
                    if applies(&place) {
                        let name = format!("{} on {board} {promise}", place.label());
                        let place = Arc::clone(&place);
                        let run = move || test(&place).map_err(|error| format!("{error:#}").into());
                        trials.push(Trial::test(name, run));
                    }
                }
            }
        }
    }
    ensure!(!trials.is_empty(), "there are no examples");
    trials.push(Trial::test(
        "resume on riscv-virt ends the same when it is killed at 200 random moments",
        || {
            cuts::a_run_that_is_killed_ends_as_one_that_is_not()
                .map_err(|error| format!("{error:#}").into())
        },
    ));
    Ok(trials)
}

/// An example, what it is built from, and a board that it runs on.
struct Place {
    example: Arc<Example>,
    variant: Arc<Variant>,
    board: Board,
}

impl Place {
    fn label(&self) -> String {
        self.variant.label(&self.example.name)
    }

    /// Whether it has a feature, which is tested with one of the variants of a board.
    fn has(&self, feature: &str) -> bool {
        let first = self.example.variant_on(&self.board.name);
        let is_first = first.is_ok_and(|variant| *variant == *self.variant);
        is_first && self.example.features.iter().any(|one| one == feature)
    }

    /// Of the variants of a board it is the first that is looked at.
    fn promises_a_bound_of_its_stack(&self) -> bool {
        let first = self.example.variant_on(&self.board.name);
        let is_first = first.is_ok_and(|variant| *variant == *self.variant);
        is_first
            && self
                .example
                .stack_bound_budget
                .contains_key(&self.board.name)
    }

    /// Boards of one target run the same code: a bench is tried on one of them.
    fn is_first_of_its_target(&self) -> bool {
        let target = |name: &String| board::find(name).map(|board| board.target).ok();
        let of_this_target = |name: &&String| target(name).as_ref() == Some(&self.board.target);
        self.variant.boards.iter().find(of_this_target) == Some(&self.board.name)
    }

    fn build(&self, log: Log, features: &[&str]) -> Result<PathBuf> {
        build(&self.example, &self.variant, &self.board, log, features)
    }

    fn run(&self, log: Log) -> Result<Ran> {
        self.run_built(self.build(log, &[])?, log)
    }

    fn run_built(&self, elf: PathBuf, log: Log) -> Result<Ran> {
        let (story, mode) = (self.variant.folder(), self.variant.mode.as_deref());
        let peer = self.example.serial.peer(story.as_deref(), mode)?;
        let folder =
            tempfile::tempdir_in(root::target()).context("cannot make a folder to run in")?;
        let run = Run {
            board: &self.board,
            elf: &elf,
            log,
            folder: folder.path(),
            limit: LIMIT,
            time: if self.example.is_bench {
                Time::Counted
            } else {
                Time::Free
            },
            echo: Echo::Quiet,
            peer: &peer,
        };
        let outcome = emulator::run(&Machine::this(Installing::Forbidden), &run)?;
        Ok(Ran {
            outcome,
            elf,
            folder,
        })
    }

    fn expected(&self) -> Result<String> {
        expected::read(
            &self.example.folder.join("expected"),
            &self.label(),
            &self.board.name,
        )
    }
}

type Builder = fn(&Machine, &Toolchain, &Build<'_>) -> Result<PathBuf>;

/// Builds a program with what the machine has.
fn build(
    example: &Example,
    variant: &Variant,
    board: &Board,
    log: Log,
    features: &[&str],
) -> Result<PathBuf> {
    build_by(firmware::build, example, variant, board, log, features)
}

fn build_by(
    builder: Builder,
    example: &Example,
    variant: &Variant,
    board: &Board,
    log: Log,
    features: &[&str],
) -> Result<PathBuf> {
    let machine = Machine::this(Installing::Forbidden);
    let toolchain = toolchain::choose(&machine, &board.target, Policy::from_environment()?)?;
    let source = Source {
        story: variant.folder(),
        mode: variant.mode.clone(),
    };
    let build = Build {
        example,
        board,
        source,
        log,
        features,
    };
    builder(&machine, &toolchain, &build)
}

/// What a run has left.
struct Ran {
    outcome: Outcome,
    elf: PathBuf,
    /// Where the files are that the program has written.
    folder: TempDir,
}

fn ends_well(place: &Place) -> Result<()> {
    let outcome = place.run(Log::Off)?.outcome;
    ensure!(outcome.exit == Exit::Success, "{}", shown(&outcome));
    Ok(())
}

fn prints_what_is_expected(place: &Place) -> Result<()> {
    let ran = place.run(Log::Off)?;
    expected::compare(&place.expected()?, &shown(&ran.outcome))?;
    if ran.outcome.exit == Exit::Success {
        keeps_to_its_budgets(&place.example, &ran)?;
    }
    if let (true, Some(story), Some(mode)) = (
        place.example.is_tensorflows,
        place.variant.folder(),
        &place.variant.mode,
    ) {
        tensorflow::compare(&ran.folder.path().join("checkpoint.gck"), &story, mode)?;
    }
    Ok(())
}

fn keeps_to_its_budgets(example: &Example, ran: &Ran) -> Result<()> {
    let peak =
        figures::number(&ran.outcome.text, "stack_peak").context("there is no stack_peak")?;
    let peak = peak as u64;
    let ram = elf::sizes(&ran.elf)?.static_ram() + peak;
    for (what, bytes, budget) in [
        ("the stack's peak is", peak, example.stack_budget),
        ("statics and stack take", ram, example.ram_budget),
    ] {
        let budget = budget.unwrap_or(u64::MAX);
        ensure!(
            bytes <= budget,
            "{what} {bytes} bytes, the budget is {budget}"
        );
    }
    Ok(())
}

/// The log adds lines and costs stack, and changes nothing else.
fn ends_the_same_when_it_logs(place: &Place) -> Result<()> {
    let outcome = place.run(Log::On)?.outcome;
    expected::compare(&place.expected()?, &expected::without_log(&shown(&outcome)))
}

fn has_no_reachable_panic(place: &Place) -> Result<()> {
    place.build(Log::Off, &["prove-no-panic"]).map(drop)
}

fn has_no_heap(place: &Place) -> Result<()> {
    let heap = elf::heap(&place.build(Log::Off, &[])?)?;
    ensure!(heap.is_empty(), "it has {}", heap.join(", "));
    Ok(())
}

/// Without what only prints, where the example can do without, and proved to have no panic.
fn keeps_to_its_budget_of_flash(place: &Place) -> Result<()> {
    let budgets = &place.example.flash_budget;
    let budget = budgets.get(&place.board.name).context("it has none")?;
    let features = ["quiet", "prove-no-panic"];
    let features: Vec<&str> = features.into_iter().filter(|one| place.has(one)).collect();
    let sizes = elf::sizes(&place.build(Log::Off, &features)?)?;
    let flash = sizes.text + sizes.rodata + sizes.data;
    ensure!(
        flash <= *budget,
        "code and constants take {flash} bytes, the budget is {budget}: {sizes:?}"
    );
    Ok(())
}

fn takes_no_more_stack_than_is_proved(place: &Place) -> Result<()> {
    let Place {
        example,
        variant,
        board,
    } = place;
    let builder = firmware::build_with_frames;
    let elf = build_by(builder, example, variant, board, Log::Off, &[])?;
    let bound = image::bound(&Image::read(&elf)?)?.total();
    let outcome = place.run_built(elf, Log::Off)?.outcome;
    let peak = figures::number(&outcome.text, "stack_peak").context("there is no stack_peak")?;
    ensure!(
        peak > 0.0 && peak as u64 <= bound,
        "the stack's peak is {peak} bytes, its bound {bound}"
    );
    let budgets = &place.example.stack_bound_budget;
    let budget = *budgets.get(&place.board.name).context("it has none")?;
    ensure!(
        bound <= budget,
        "the stack's bound is {bound} bytes, the budget is {budget}"
    );
    Ok(())
}

/// What an expected file describes: the lines, and how the program ended.
fn shown(outcome: &Outcome) -> String {
    format!(
        "{}exit: {}\n{}",
        outcome.text, outcome.exit, outcome.complaint
    )
}
