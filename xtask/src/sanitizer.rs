//! The core's tests with every access to memory checked.
//!
//! Miri would check more, but needs a nightly compiler. AddressSanitizer comes with the stable one:
//! its runtime lies beside the standard library, and only the option that asks for it is unstable.
use crate::{child, machine::Machine, root};
use anyhow::{Context, Result};
use std::{fmt, fs, path::Path, time::Duration};

const QUESTION_LIMIT: Duration = Duration::from_secs(60);

/// Variables that the compiler needs for [`Checker::test`].
pub const ENVIRONMENT: [(&str, &str); 2] = [
    ("RUSTC_BOOTSTRAP", "1"),
    ("RUSTFLAGS", "-Zsanitizer=address"),
];

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

impl fmt::Display for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { target } => write!(f, "AddressSanitizer for {target}"),
            Self::Missing(why) => f.write_str(why),
        }
    }
}

impl Checker {
    /// What `cargo test` has to be told, with [`ENVIRONMENT`], to run the core's own tests with the
    /// checker in them; `None` if there is nothing to check with.
    pub fn test(&self) -> Option<Vec<String>> {
        let Self::Address { target } = self else {
            return None;
        };
        // Documentation tests would each be linked with the runtime, for little. With a target the
        // options are for the tests alone, not for build scripts.
        let words = "--package gradlet --lib --tests --features async,mock-flash --target";
        let folder = root::target().join("sanitized");
        let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        words.push(target.clone());
        words.push("--target-dir".into());
        words.push(folder.to_string_lossy().into_owned());
        Some(words)
    }
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
