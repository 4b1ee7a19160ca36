//! Running the scripts of `tests/interop`.
use std::{path::Path, process::Command};
use xtask::{
    machine::{Installing, Machine},
    python, root,
};

/// Runs a script, which ends with `N passed, N failed` and fails if anything did.
pub(crate) fn run(script: &str, arguments: &[&Path]) {
    let machine = Machine::this(Installing::Forbidden);
    let python = python::with_tensorflow(&machine).unwrap_or_else(|error| panic!("{error:#}"));
    let file = root::repository().join("tests/interop").join(script);
    let output = Command::new(python).arg(&file).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    let closing = said.trim_end().lines().last().unwrap_or_default();
    let passed = closing
        .split(' ')
        .next()
        .and_then(|count| count.parse::<u32>().ok());
    let ok = output.status.success() && passed > Some(0) && closing.ends_with(" 0 failed");
    assert!(ok, "{script} ({}):\n{said}\n{complained}", output.status);
    println!("{said}");
}
