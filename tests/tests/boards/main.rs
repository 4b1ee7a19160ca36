//! Every example on every board it names, in QEMU: what it prints is what the file beside it says,
//! it ends as that file says, within a limit by the clock on the wall.
//!
//! A bench only has to end well: its counts differ between compilers.
//!
//! `NAME` of the package `PACKAGE` is compared with `PACKAGE/expected/NAME.BOARD.txt` if there is
//! one, otherwise with `PACKAGE/expected/NAME.txt`; a `*` stands for any one word.
mod expected;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use xtask::{
    board::{self, Board},
    emulator::{self, Echo, Exit, Outcome, Run, Time},
    example::{self, Example},
    figures,
    firmware::{self, Build, Log},
    machine::{Installing, Machine},
    root,
    toolchain::{self, Policy},
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

fn trials() -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for example in example::all()?.into_iter().map(Arc::new) {
        for name in &example.boards {
            let place = Arc::new(Place {
                board: board::find(name)?,
                example: Arc::clone(&example),
            });
            let mut add = |promise: String, test: fn(&Place) -> Result<()>| {
                let place = Arc::clone(&place);
                let run = move || test(&place).map_err(|error| Failed::from(format!("{error:#}")));
                trials.push(Trial::test(promise, run));
            };
            let (example, has) = (&example.name, |feature: &str| {
                example.features.iter().any(|one| one == feature)
            });
            if place.example.is_bench {
                add(format!("{example} on {name} ends well"), ends_well);
                continue;
            }
            add(
                format!("{example} on {name} prints what is expected"),
                prints_what_is_expected,
            );
            if has("log") {
                add(
                    format!("{example} on {name} ends the same when it logs"),
                    ends_the_same_when_it_logs,
                );
            }
            if has("prove-no-panic") {
                add(
                    format!("{example} on {name} has no reachable panic"),
                    has_no_reachable_panic,
                );
            }
        }
    }
    ensure!(!trials.is_empty(), "there are no examples");
    Ok(trials)
}

/// An example and a board that it names.
struct Place {
    example: Arc<Example>,
    board: Board,
}

impl Place {
    fn build(&self, log: Log, features: &[&str]) -> Result<PathBuf> {
        let machine = Machine::this(Installing::Forbidden);
        let toolchain =
            toolchain::choose(&machine, &self.board.target, Policy::from_environment()?)?;
        let build = Build {
            example: &self.example,
            board: &self.board,
            log,
            story: None,
            mode: None,
            features,
        };
        firmware::build(&machine, &toolchain, &build)
    }

    fn run(&self, log: Log) -> Result<Outcome> {
        let elf = self.build(log, &[])?;
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
        };
        emulator::run(&Machine::this(Installing::Forbidden), &run)
    }

    fn expected(&self) -> Result<String> {
        expected::read(
            &self.example.folder.join("expected"),
            &self.example.name,
            &self.board.name,
        )
    }
}

fn ends_well(place: &Place) -> Result<()> {
    let outcome = place.run(Log::Off)?;
    ensure!(outcome.exit == Exit::Success, "{}", shown(&outcome));
    Ok(())
}

fn prints_what_is_expected(place: &Place) -> Result<()> {
    let outcome = place.run(Log::Off)?;
    expected::compare(&place.expected()?, &shown(&outcome))?;
    if let (Some(budget), Exit::Success) = (place.example.stack_budget, outcome.exit) {
        let peak =
            figures::number(&outcome.text, "stack_peak").context("there is no stack_peak")?;
        ensure!(
            peak <= budget as f64,
            "the stack's peak is {peak} bytes, its budget {budget}"
        );
    }
    Ok(())
}

/// The log adds lines and costs stack, and changes nothing else.
fn ends_the_same_when_it_logs(place: &Place) -> Result<()> {
    let outcome = place.run(Log::On)?;
    expected::compare(&place.expected()?, &expected::without_log(&shown(&outcome)))
}

fn has_no_reachable_panic(place: &Place) -> Result<()> {
    place.build(Log::Off, &["prove-no-panic"]).map(drop)
}

/// What an expected file describes: the lines, and how the program ended.
fn shown(outcome: &Outcome) -> String {
    format!(
        "{}exit: {}\n{}",
        outcome.text, outcome.exit, outcome.complaint
    )
}
