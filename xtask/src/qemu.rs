//! The emulator: found, or installed.
use crate::{apt, board::Board, child, machine::Machine};
use anyhow::{Context, Result};
use std::{path::PathBuf, time::Duration};

/// QEMU's programs and the Debian packages that hold them.
const PACKAGES: [(&str, &str); 2] = [
    ("qemu-system-arm", "qemu-system-arm"),
    ("qemu-system-riscv32", "qemu-system-misc"),
];

/// Finds a program of QEMU, installing it if the machine may.
///
/// # Errors
/// One sentence that names the program and the command that mends it.
pub fn find(machine: &Machine, program: &str) -> Result<PathBuf> {
    if let Some(file) = machine.find(program) {
        return Ok(file);
    }
    let package = PACKAGES
        .iter()
        .find(|(name, _)| *name == program)
        .map_or(program, |(_, package)| package);
    apt::install(
        machine,
        &[&[package]],
        &format!("the emulator {program} is needed"),
    )?;
    machine
        .find(program)
        .with_context(|| format!("{package} is installed, but {program} is not on PATH"))
}

/// What makes QEMU translate, and log, each instruction on its own.
///
/// # Errors
/// If QEMU does not say its version.
pub fn one_instruction_at_a_time(
    machine: &Machine,
    board: &Board,
) -> Result<&'static [&'static str]> {
    const QUESTION_LIMIT: Duration = Duration::from_secs(60);
    let qemu = find(machine, &board.qemu.program)?;
    let answer = child::capture(machine.command(&qemu).arg("--version"), QUESTION_LIMIT)?.text();
    let version = version(&answer).with_context(|| format!("QEMU is of no version: {answer}"))?;
    Ok(if version < (8, 1) {
        &["-singlestep"]
    } else {
        &["-accel", "tcg,one-insn-per-tb=on"]
    })
}

/// The version in `QEMU emulator version 7.2.22 (Debian …)`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.split("version ").nth(1)?.split('.');
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_two_numbers() {
        let answer = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)";
        assert_eq!(version(answer), Some((7, 2)));
        assert_eq!(version("QEMU emulator version 10.0.3"), Some((10, 0)));
        assert_eq!(version("no emulator"), None);
    }
}
