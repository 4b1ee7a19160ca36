//! The emulator: found, or installed.
use crate::{apt, machine::Machine};
use anyhow::{Context, Result};
use std::path::PathBuf;

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
