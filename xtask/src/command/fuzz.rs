//! `cargo xtask fuzz`
use crate::{
    args::{Arguments, Command, Flag, Word},
    child,
    fuzz::{self, Limit, Targets, Verdict},
    machine::{Installing, Machine},
    say,
};
use anyhow::{Context, Result, bail};

pub(super) const COMMAND: Command = Command {
    name: "fuzz",
    summary: "Feed hostile bytes to everything that reads bytes",
    words: &[Word {
        name: "TARGET",
        help: "one of fuzz/fuzz_targets (default: all of them)",
        needed: false,
    }],
    flags: &[RUNS, SECONDS, CORPUS],
    details: "With a number of runs the inputs are the same every time. With --seconds a target goes\n\
        on from what it found before. Needs no nightly compiler; `cargo fuzz run TARGET` works too,\n\
        where cargo-fuzz and one are installed. The last line is `N passed, N failed`.",
    run,
};

const RUNS: Flag = Flag {
    name: "--runs",
    value: Some("N"),
    help: "inputs a target (default: 20000)",
};
const SECONDS: Flag = Flag {
    name: "--seconds",
    value: Some("N"),
    help: "time a target instead",
};
const CORPUS: Flag = Flag {
    name: "--corpus",
    value: None,
    help: "write the seeds anew, after a format has changed",
};

/// What a target runs by default: all of them take a minute or two.
const DEFAULT_RUNS: u64 = 20_000;

fn run(arguments: &Arguments) -> Result<()> {
    let machine = Machine::this(Installing::Allowed);
    if arguments.has(CORPUS.name) {
        return corpus(&machine);
    }
    let limit = limit(arguments)?;
    let targets = Targets::build(&machine)?;
    let chosen: Vec<&String> = match arguments.word(0) {
        None => targets.names().iter().collect(),
        Some(name) => {
            let known = || targets.names().join(", ");
            let found = targets.names().iter().find(|target| *target == name);
            vec![found.with_context(|| format!("there is no target `{name}`: {}", known()))?]
        }
    };
    let failed = in_parallel(&machine, &targets, &chosen, limit)?;
    println!("{} passed, {failed} failed", chosen.len() - failed);
    if failed > 0 {
        bail!("hostile bytes broke a target");
    }
    Ok(())
}

fn limit(arguments: &Arguments) -> Result<Limit> {
    let number = |flag: &Flag| match arguments.value(flag.name) {
        None => Ok(None),
        Some(text) => match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => bail!("`{}` needs a number above 0, found `{text}`", flag.name),
        },
    };
    match (number(&RUNS)?, number(&SECONDS)?) {
        (Some(_), Some(_)) => bail!("`--runs` and `--seconds` exclude each other"),
        (None, Some(seconds)) => Ok(Limit::Seconds(seconds)),
        (runs, None) => Ok(Limit::Runs(runs.unwrap_or(DEFAULT_RUNS))),
    }
}

/// Runs targets, as many at a time as there are cores; how many were broken.
fn in_parallel(
    machine: &Machine,
    targets: &Targets,
    chosen: &[&String],
    limit: Limit,
) -> Result<usize> {
    use std::sync::Mutex;
    use std::thread;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let waiting = Mutex::new(chosen.iter().rev().copied().collect::<Vec<_>>());
    let next = || waiting.lock().ok()?.pop();
    let failed = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(chosen.len()))
            .map(|_| {
                scope.spawn(|| -> Result<usize> {
                    let mut failed = 0;
                    while let Some(name) = next() {
                        failed += usize::from(is_broken(machine, targets, name, limit)?);
                    }
                    Ok(failed)
                })
            })
            .collect();
        let died = |_| anyhow::anyhow!("a worker died");
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(died)?)
            .sum::<Result<usize>>()
    })?;
    Ok(failed)
}

fn is_broken(machine: &Machine, targets: &Targets, name: &str, limit: Limit) -> Result<bool> {
    match targets.run(machine, name, limit)? {
        Verdict::Survived { inputs } => {
            say::step(&format!(
                "fuzz target {name}: {inputs} inputs, none broke it"
            ));
            Ok(false)
        }
        Verdict::Broken { input, complaint } => {
            say::error(&format!(
                "fuzz target {name} is broken by {}\n{complaint}",
                input.display()
            ));
            Ok(true)
        }
    }
}

fn corpus(machine: &Machine) -> Result<()> {
    let host = fuzz::host(machine)?;
    let mut command = fuzz::cargo(machine)?;
    command.args(["run", "--release", "--example", "corpus", "--target", &host]);
    child::run(&mut command)
}
