//! `cargo xtask test`
use crate::{
    args::{Arguments, Command},
    board, c, child,
    machine::{Installing, Machine},
    qemu, root, sanitizer, say,
    toolchain::{self, Policy},
};
use anyhow::{Context, Result, bail};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

pub(super) const COMMAND: Command = Command {
    name: "test",
    summary: "Run all tests, those on boards in QEMU too",
    words: &[],
    flags: &[],
    details: "Finds or installs what the boards need first. The last line is `N passed, N failed`.\n\
        The tests against a live TensorFlow are `cargo xtask interop`.",
    run,
};

/// What is tested: everything, then the core without its default features.
const TESTS: [&str; 2] = [
    "--workspace --no-fail-fast",
    "-p gradlet --no-default-features --features async,mock-flash --no-fail-fast",
];

/// What cargo's test programs have counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Tests that passed.
    pub(super) passed: u64,
    /// Tests that failed, and test programs that did not end as they should.
    pub(super) failed: u64,
}

fn run(_: &Arguments) -> Result<()> {
    let machine = Machine::this(Installing::Allowed);
    let policy = Policy::from_environment()?;
    for board in board::all()? {
        toolchain::choose(&machine, &board.target, policy)?;
        qemu::find(&machine, &board.qemu.program)?;
    }
    c::compiler(&machine)?;
    let mut tally = Tally::default();
    for words in TESTS {
        let words: Vec<&str> = words.split(' ').collect();
        cargo_test(&machine, &words, &[], &mut tally)?;
    }
    sanitized(&machine, &mut tally)?;
    finish(tally)
}

/// Runs the core's tests once more with every access to memory checked, where the toolchain can.
pub(super) fn sanitized(machine: &Machine, tally: &mut Tally) -> Result<()> {
    let checker = sanitizer::find(machine)?;
    if let Some(words) = checker.test() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let environment = sanitizer::ENVIRONMENT.map(|(name, value)| (name, Path::new(value)));
        cargo_test(machine, &words, &environment, tally)?;
    } else {
        say::step(&format!("accesses to memory are not checked: {checker}"));
    }
    Ok(())
}

/// Prints the closing line.
pub(super) fn finish(tally: Tally) -> Result<()> {
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 {
        bail!("tests failed");
    }
    if tally.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// Runs `cargo test`, shows what it prints, and adds up its counts.
pub(super) fn cargo_test(
    machine: &Machine,
    words: &[&str],
    environment: &[(&str, &Path)],
    tally: &mut Tally,
) -> Result<()> {
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    say::step(&format!("cargo test {}", words.join(" ")));
    let mut command = machine.command(&cargo);
    command
        .current_dir(root::repository())
        .arg("test")
        .args(words)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped());
    let mut child = child::start(&mut command)?;
    let failed_before = tally.failed;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            println!("{line}");
            tally.add(&line);
        }
    }
    // Tests that do not build, or a test program that died, leave no count of their own.
    if !child.wait()?.success() && tally.failed == failed_before {
        tally.failed += 1;
    }
    Ok(())
}

impl Tally {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; …`.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let count = |what: &str| -> u64 {
            let before = counts.split(what).next().unwrap_or_default();
            before
                .split_whitespace()
                .last()
                .and_then(|word| word.parse().ok())
                .unwrap_or(0)
        };
        self.passed += count(" passed;");
        self.failed += count(" failed;");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_the_test_programs_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 4 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            tally.add(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 15,
                failed: 2
            }
        );
    }
}
