//! Installing Debian packages.
use crate::{
    child,
    machine::{Installing, Machine},
    say,
};
use anyhow::{Context, Result, bail};
use std::{path::Path, process::Command};

/// Installs the first of the alternatives that the release has, after saying what and why.
///
/// # Errors
/// One sentence that names the missing thing and the command that mends it.
pub fn install(machine: &Machine, alternatives: &[&[&str]], why: &str) -> Result<()> {
    let lists = || alternatives.iter().map(|packages| packages.join(" "));
    let first = lists().next().unwrap_or_default();
    if machine.installing == Installing::Forbidden {
        bail!("{why}; `cargo xtask setup` installs it");
    }
    let Some(apt) = machine.find("apt-get") else {
        bail!("{why}, and there is no apt-get here: install what Debian calls {first}");
    };
    let by_hand = format!("apt-get update && apt-get install --no-install-recommends {first}");
    let failed = || format!("{why}, but apt-get failed: as root, run `{by_hand}`");

    say::step(&format!("apt-get update: {why}"));
    // Lists that were fetched long ago name packages that are no longer there.
    apt_get(machine, &apt, &["update", "-qq"]).with_context(failed)?;
    let mut outcome = Ok(());
    for (packages, list) in alternatives.iter().zip(lists()) {
        say::step(&format!("apt-get install {list}"));
        let words = [
            &["install", "-y", "-qq", "--no-install-recommends"],
            *packages,
        ]
        .concat();
        outcome = apt_get(machine, &apt, &words);
        if outcome.is_ok() {
            break;
        }
    }
    outcome.with_context(failed)
}

fn apt_get(machine: &Machine, apt: &Path, words: &[&str]) -> Result<()> {
    let Some(mut command) = machine.privileged(apt) else {
        bail!("only the administrator may install packages, and there is no sudo here");
    };
    child::run(quiet(command.args(words)))
}

/// No questions, and nothing on standard output, which belongs to results.
fn quiet(command: &mut Command) -> &mut Command {
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(std::io::stderr())
}
