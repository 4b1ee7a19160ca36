//! Building the fuzz targets with the active compiler, and running one.
//!
//! `cargo fuzz` wants a nightly toolchain for its sanitizers. What finds panics, endless loops and
//! greed needs coverage alone, which any rustc can be told to insert.
use crate::{apt, child, machine::Machine, root, say};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Counters on every edge, and the operands of comparisons: what libFuzzer steers by. The last
/// keeps the optimizer from merging branches that it should tell apart.
const INSTRUMENTATION: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

/// Seconds that one input may take: an endless loop, or work that does not follow the length.
const PATIENCE: u32 = 10;

/// MiB that a target may hold, its own corpus included.
const MEMORY: u32 = 1024;

/// Bytes of the longest input; the seeds are shorter.
const LONGEST: u32 = 8192;

/// How long a target is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many inputs, those of the corpus among them, and the same ones every time.
    Runs(u64),
    /// Seconds, with other inputs each time.
    Seconds(u64),
}

/// The fuzz targets, built.
#[derive(Debug)]
pub struct Targets {
    programs: PathBuf,
    names: Vec<String>,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found in so many inputs.
    Survived {
        /// How many.
        inputs: u64,
    },
    /// An input broke the target.
    Broken {
        /// The file that it is in.
        input: PathBuf,
        /// What the program said.
        complaint: String,
    },
}

/// The folder of the targets.
pub fn folder() -> PathBuf {
    root::repository().join("fuzz")
}

/// A cargo command in that folder, with instrumentation.
///
/// # Errors
/// If there is no cargo or no C++ compiler, which libFuzzer needs, and none can be installed.
pub fn cargo(machine: &Machine) -> Result<Command> {
    if machine.find("c++").is_none() {
        apt::install(machine, &[&["g++"]], "libFuzzer needs a C++ compiler")?;
    }
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    let mut command = machine.command(&cargo);
    command
        .current_dir(folder())
        .env("RUSTFLAGS", INSTRUMENTATION.join(" "))
        .env("CARGO_TARGET_DIR", root::target().join("fuzz"));
    Ok(command)
}

/// Where programs go: naming the machine's own target keeps build scripts free of instrumentation.
///
/// # Errors
/// If rustc cannot be asked.
pub fn host(machine: &Machine) -> Result<String> {
    const LIMIT: Duration = Duration::from_secs(60);
    let rustc = machine.find("rustc").context("there is no rustc on PATH")?;
    let answer = child::capture(machine.command(&rustc).arg("-vV"), LIMIT)?;
    let text = answer.text();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_owned())
}

impl Targets {
    /// Builds all targets.
    ///
    /// # Errors
    /// If they cannot be built.
    pub fn build(machine: &Machine) -> Result<Self> {
        let host = host(machine)?;
        say::step("building the fuzz targets");
        let mut build = cargo(machine)?;
        build.args(["build", "--release", "--bins", "--target", &host]);
        child::run(build.stdout(std::io::stderr()))?;
        let programs = root::target().join("fuzz").join(host).join("release");
        Ok(Self {
            programs,
            names: names(&folder().join("fuzz_targets"))?,
        })
    }

    /// Their names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Runs one.
    ///
    /// # Errors
    /// If it cannot be started, or ends without saying why.
    pub fn run(&self, machine: &Machine, name: &str, limit: Limit) -> Result<Verdict> {
        let work = root::target().join("fuzz/work").join(name);
        let found = work.join("found");
        let scratch = work.join("scratch");
        let _ = fs::remove_dir_all(&scratch);
        if let Limit::Runs(_) = limit {
            // What earlier runs found would make this one another.
            let _ = fs::remove_dir_all(&found);
        }
        for folder in [&found, &scratch] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let seeds = folder().join("corpus").join(name);
        let mut command = machine.command(&self.programs.join(name));
        command
            .args(arguments(limit))
            .arg(format!("-artifact_prefix={}/", work.display()))
            .args([&found, &seeds])
            .env("TMPDIR", &scratch)
            .env("RUST_BACKTRACE", "0");
        let time = match limit {
            Limit::Runs(_) => Duration::from_secs(1800),
            Limit::Seconds(seconds) => Duration::from_secs(seconds + 120),
        };
        let output = child::capture(&mut command, time)?;
        let _ = fs::remove_dir_all(&scratch);
        let said = String::from_utf8_lossy(&output.stderr);
        verdict(&said, output.succeeded()).with_context(|| format!("fuzz target {name}"))
    }
}

/// What libFuzzer is told.
fn arguments(limit: Limit) -> Vec<String> {
    let mut arguments = vec![
        format!("-timeout={PATIENCE}"),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-max_len={LONGEST}"),
        "-print_final_stats=1".to_owned(),
    ];
    match limit {
        // A seed of its own, and lengths free from the start: short runs see something of all.
        Limit::Runs(runs) => arguments.extend([
            format!("-runs={runs}"),
            "-seed=1".to_owned(),
            "-len_control=0".to_owned(),
        ]),
        Limit::Seconds(seconds) => arguments.push(format!("-max_total_time={seconds}")),
    }
    arguments
}

/// What the output of a run says.
fn verdict(said: &str, succeeded: bool) -> Result<Verdict> {
    let after = |mark: &str| {
        said.lines()
            .find_map(|line| Some(line.split_once(mark)?.1.trim()))
    };
    if let Some(input) = after("Test unit written to ") {
        let complaint = said
            .lines()
            .skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR: libFuzzer"))
            .take_while(|line| !line.starts_with("note:") && !line.starts_with("NOTE:"))
            .collect::<Vec<_>>();
        return Ok(Verdict::Broken {
            input: input.into(),
            complaint: complaint.join("\n"),
        });
    }
    let inputs = after("stat::number_of_executed_units:").and_then(|count| count.parse().ok());
    match inputs {
        Some(inputs) if succeeded => Ok(Verdict::Survived { inputs }),
        _ => {
            let last = said.lines().last().unwrap_or_default();
            bail!("ended without a verdict: {last}")
        }
    }
}

/// The names of the targets in a folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_read_from_what_the_fuzzer_says() {
        let well = "INFO: Seed: 1\nDone 200 runs in 0 second(s)\n\
                    stat::number_of_executed_units: 200\nstat::average_exec_per_sec:     0\n";
        assert_eq!(
            verdict(well, true).expect("a verdict"),
            Verdict::Survived { inputs: 200 }
        );
        let ill = "#9 INITED\nthread '<unnamed>' panicked at src/x.rs:1:2:\nno\n\
                   note: run with `RUST_BACKTRACE=1`\n==1== ERROR: libFuzzer: deadly signal\n\
                   artifact_prefix='/a/'; Test unit written to /a/crash-0\n\
                   stat::number_of_executed_units: 98\n";
        assert_eq!(
            verdict(ill, false).expect("a verdict"),
            Verdict::Broken {
                input: "/a/crash-0".into(),
                complaint: "thread '<unnamed>' panicked at src/x.rs:1:2:\nno".to_owned(),
            }
        );
        assert!(
            verdict("killed", false).is_err(),
            "a program that just dies is no success"
        );
        assert!(
            verdict(well, false).is_err(),
            "nor is one that fails after all runs"
        );
    }

    #[test]
    fn runs_are_repeatable_and_time_is_not() {
        let runs = arguments(Limit::Runs(7)).join(" ");
        assert!(
            runs.contains("-runs=7") && runs.contains("-seed=1"),
            "{runs}"
        );
        let seconds = arguments(Limit::Seconds(7)).join(" ");
        assert!(
            seconds.contains("-max_total_time=7") && !seconds.contains("-seed"),
            "{seconds}"
        );
    }

    #[test]
    fn every_target_has_seeds_and_is_declared() {
        let manifest = fs::read_to_string(folder().join("Cargo.toml")).expect("a manifest");
        let names = names(&folder().join("fuzz_targets")).expect("a folder of targets");
        assert!(!names.is_empty());
        for name in names {
            let declared = format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"");
            assert!(
                manifest.contains(&declared),
                "fuzz/Cargo.toml does not declare {name}"
            );
            let seeds = fs::read_dir(folder().join("corpus").join(&name));
            assert!(
                seeds.is_ok_and(|mut seeds| seeds.next().is_some()),
                "{name} has no seeds"
            );
        }
    }
}
