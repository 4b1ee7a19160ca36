//! The core's tests with every access to memory checked.
//!
//! Miri would check more, but needs a nightly compiler. AddressSanitizer comes with the stable one:
//! its runtime lies beside the standard library, and only the option that asks for it is unstable.
use crate::{child, machine::Machine, root};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path, process::Command, time::Duration};

const QUESTION_LIMIT: Duration = Duration::from_secs(60);

/// What a toolchain has to check accesses to memory with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checker {
    /// AddressSanitizer, for this target.
    Address {
        /// The host's own.
        target: String,
    },
    /// Nothing: why.
    Missing(String),
}

/// Finds out what the active toolchain has.
///
/// # Errors
/// If there is no compiler.
pub fn find(machine: &Machine) -> Result<Checker> {
    let rustc = machine.find("rustc").context("there is no rustc on PATH")?;
    let answer = |words: &[&str]| -> Result<String> {
        let command = &mut machine.command(&rustc);
        Ok(child::capture(command.args(words), QUESTION_LIMIT)?.text())
    };
    let target = host(&answer(&["-vV"])?).context("rustc does not name its host")?;
    let folder = answer(&["--print", "target-libdir", "--target", &target])?;
    let folder = Path::new(folder.trim());
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    Ok(if names.any(|name| name.ends_with("_rt.asan.a")) {
        Checker::Address { target }
    } else {
        Checker::Missing(format!(
            "the active toolchain has no runtime of AddressSanitizer in {}",
            folder.display()
        ))
    })
}

/// `cargo test` on the core's own tests, with the checker in them.
///
/// # Errors
/// If there is no cargo, or nothing to check with.
pub fn command(machine: &Machine, checker: &Checker) -> Result<Command> {
    let Checker::Address { target } = checker else {
        bail!("there is nothing to check with")
    };
    let cargo = machine.find("cargo").context("there is no cargo on PATH")?;
    let mut command = machine.command(&cargo);
    command
        .current_dir(root::repository())
        // Documentation tests would each be linked with the runtime, for little.
        .args(["test", "--package", "gradlet", "--lib", "--tests"])
        .args(["--features", "async,mock-flash"])
        // With a target the options are for the tests alone, not for build scripts.
        .args(["--target", target, "--target-dir"])
        .arg(root::target().join("sanitized"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address");
    Ok(command)
}

fn host(version: &str) -> Option<String> {
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(|host| host.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn the_host_is_a_line_of_the_compilers_version() {
        let version =
            "rustc 1.95.0 (abc 2026-04-14)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n";
        assert_eq!(host(version).as_deref(), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(host("rustc 1.95.0"), None);
    }
}
