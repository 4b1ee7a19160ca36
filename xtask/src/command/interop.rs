//! `cargo xtask interop`
use super::{Bench, demo, test};
use crate::{
    args::{Arguments, Command},
    board, python, say,
};
use anyhow::Result;

pub(super) const COMMAND: Command = Command {
    name: "interop",
    summary: "Exchange checkpoints with a live TensorFlow",
    words: &[],
    flags: &[],
    details: "Installs tensorflow-cpu 2.21 under target/, unless GRADLET_PYTHON names a Python that has it,\n\
        then runs the demo and the test target `interop`. The last line is `N passed, N failed`.",
    run,
};

fn run(_: &Arguments) -> Result<()> {
    let bench = Bench::new(board::find(board::DEFAULT)?)?;
    let python = python::with_tensorflow(&bench.machine)?;
    say::step(&format!("TensorFlow runs in {}", python.display()));
    let demo = demo::show(&bench, &Arguments::default())?;
    let environment = [
        ("GRADLET_PYTHON", python.as_path()),
        ("GRADLET_DEMO", &demo.folder),
        ("GRADLET_STORY", demo.story.folder()),
    ];
    let mut tally = test::Tally::default();
    let words = [
        "--package",
        "gradlet-tests",
        "--features",
        "interop",
        "--test",
        "interop",
        "--no-fail-fast",
    ];
    test::cargo_test(&bench.machine, &words, &environment, &mut tally)?;
    test::finish(tally)
}
