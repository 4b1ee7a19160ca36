//! Files of expected output, kept beside the examples.
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

/// The words with which defmt's decoder begins the lines of the log.
const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];

/// What is expected of a program on a board.
pub(crate) fn read(folder: &Path, program: &str, board: &str) -> Result<String> {
    let own = folder.join(format!("{program}.{board}.txt"));
    let shared = folder.join(format!("{program}.txt"));
    let file = if own.exists() { own } else { shared };
    fs::read_to_string(&file).with_context(|| format!("there is no {}", file.display()))
}

/// Compares what was printed with what was expected, where a `*` stands for any one word.
pub(crate) fn compare(expected: &str, printed: &str) -> Result<()> {
    let same = |(expected, printed): (&str, &str)| matches(expected, printed);
    let as_long = expected.lines().count() == printed.lines().count();
    if as_long && expected.lines().zip(printed.lines()).all(same) {
        return Ok(());
    }
    bail!("expected\n{expected}\nbut it printed\n{printed}")
}

/// The lines that are not the log's.
pub(crate) fn without_log(lines: &str) -> String {
    let is_log = |line: &&str| {
        line.split_whitespace()
            .next()
            .is_some_and(|word| LEVELS.contains(&word))
    };
    lines
        .lines()
        .filter(|line| !is_log(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn matches(expected: &str, printed: &str) -> bool {
    let (mut expected, mut printed) = (expected.split(' '), printed.split(' '));
    loop {
        match (expected.next(), printed.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}
