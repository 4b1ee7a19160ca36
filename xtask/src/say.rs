//! What is told to the person: on standard error, so that standard output holds results only.
//! Coloured on a terminal, unless `NO_COLOR` asks for none.
use std::{
    env,
    io::{IsTerminal, stderr},
    sync::LazyLock,
};

const BOLD_GREEN: &str = "\x1b[1;32m";
const BOLD_RED: &str = "\x1b[1;31m";
const RESET: &str = "\x1b[0m";

static COLOURED: LazyLock<bool> =
    LazyLock::new(|| stderr().is_terminal() && env::var_os("NO_COLOR").is_none());

/// Says what is being done, and why where that is not plain.
pub fn step(text: &str) {
    eprintln!("{} {text}", painted(BOLD_GREEN, "==>"));
}

/// Says what went wrong, in one sentence.
pub fn error(text: &str) {
    eprintln!("{} {text}", painted(BOLD_RED, "error:"));
}

fn painted(colour: &str, text: &str) -> String {
    if *COLOURED {
        format!("{colour}{text}{RESET}")
    } else {
        text.into()
    }
}
