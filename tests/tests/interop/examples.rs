//! What the small examples train, trained by TensorFlow.
use crate::python;
use gradlet_host::convert;
use std::{env, fs, path::Path, process::Command};
use xtask::root;

#[path = "../telemetry/device.rs"]
mod device;

/// `tests/interop/examples.py` says what is checked, a line each.
#[test]
fn tensorflow_trains_the_small_examples_to_the_same_numbers() {
    let place = tempfile::tempdir().expect("a folder for the bundles");
    let bundles = place.path().join("bundles");
    fs::create_dir_all(&bundles).expect("a folder for the bundles");
    for example in ["mlp", "momentum", "sparse"] {
        bundle(example, &bundles);
    }
    let logs = place.path().join("logs");
    fs::create_dir_all(&logs).expect("a folder for the events");
    device::record(&logs, |_, _| Ok(())).unwrap_or_else(|error| panic!("telemetry: {error:#}"));
    let story = root::repository().join("tests/data/stories/wand_digits");
    python::run("examples.py", &[&bundles, &story, &logs]);
}

/// Runs an example and converts the checkpoint that it sends out.
fn bundle(example: &str, bundles: &Path) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Command::new(cargo)
        .current_dir(root::repository())
        .args(["run", "--quiet", "--package", "xtask", "--", "run", example])
        .output()
        .unwrap_or_else(|error| panic!("cargo xtask run {example}: {error}"));
    let complaint = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{example}: {complaint}");
    let folder = root::target().join("run").join(xtask::board::DEFAULT);
    let checkpoint = folder.join(example).join("checkpoint.gck");
    let source = convert::Source::open(&checkpoint).expect("the example's checkpoint");
    let options = convert::Options {
        step: convert::Step::Omitted,
        ..convert::Options::default()
    };
    convert::convert(&source, bundles.join(example), &options).expect("a bundle");
}
