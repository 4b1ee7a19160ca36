//! The demo's bundle, which a board has trained.
use crate::python;
use std::{env, path::PathBuf};

/// `tests/interop/demo.py` says what is checked, a line each.
#[test]
fn tensorflow_restores_the_demo_with_every_bit_and_trains_on() {
    let folder = named("GRADLET_DEMO");
    let state = folder.join("tensorflow/checkpoint");
    let text = std::fs::read_to_string(&state)
        .unwrap_or_else(|error| panic!("{}: {error}", state.display()));
    let latest = text
        .lines()
        .find_map(|line| line.strip_prefix("model_checkpoint_path: "));
    let latest = latest.unwrap_or_else(|| panic!("{} names no checkpoint", state.display()));
    let bundle = folder.join("tensorflow").join(latest.trim_matches('"'));
    python::run("demo.py", &[&bundle, &named("GRADLET_STORY")]);
}

fn named(variable: &str) -> PathBuf {
    let folder = env::var_os(variable);
    let missing = || panic!("{variable} names no folder: run `cargo xtask interop`");
    folder.map_or_else(missing, PathBuf::from)
}
