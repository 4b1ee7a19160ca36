//! The demo's bundle, which a board has trained.
use crate::python;
use std::{env, path::PathBuf};
use xtask::story::Story;

/// `tests/interop/demo.py` says what is checked, a line each.
#[test]
fn tensorflow_restores_the_demo_with_every_bit_and_trains_on() {
    let folder = env::var_os("GRADLET_DEMO").map(PathBuf::from);
    let folder = folder.expect("GRADLET_DEMO names no folder: run `cargo xtask interop`");
    let state = folder.join("tensorflow/checkpoint");
    let text = std::fs::read_to_string(&state)
        .unwrap_or_else(|error| panic!("{}: {error}", state.display()));
    let latest = text
        .lines()
        .find_map(|line| line.strip_prefix("model_checkpoint_path: "));
    let latest = latest.unwrap_or_else(|| panic!("{} names no checkpoint", state.display()));
    let bundle = folder.join("tensorflow").join(latest.trim_matches('"'));
    let story = Story::open(None).expect("the story of the demo");
    python::run("demo.py", &[bundle.as_path(), story.folder()]);
}
