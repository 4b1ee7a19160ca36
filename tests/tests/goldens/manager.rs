//! Saver and CheckpointManager against runs of TensorFlow's, save by save.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gradlet_host::checkpoint::Checkpoint;
use gradlet_host::clock::ManualClock;
use gradlet_host::manager::{CheckpointManager, ManagerOptions};
use gradlet_host::mapping::Mapping;
use gradlet_host::saver::Saver;
use gradlet_host::{Durability, Tensor, Variables};
use gradlet_tests::golden::Golden;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Traces {
    saver: Vec<SaverTrace>,
    checkpoint_manager: Vec<ManagerTrace>,
}

#[derive(Deserialize)]
struct ManagerTrace {
    manager_args: BTreeMap<String, Value>,
    t0: f64,
    events: Vec<ManagerEvent>,
}

#[derive(Deserialize)]
struct ManagerEvent {
    advance_s: f64,
    number: Option<i64>,
    reopened: bool,
    returned: String,
    listing: Vec<String>,
    state: String,
    checkpoints: Vec<String>,
}

#[derive(Deserialize)]
struct SaverTrace {
    saver_args: BTreeMap<String, Value>,
    save_args: BTreeMap<String, Value>,
    t0: f64,
    events: Vec<SaverEvent>,
}

#[derive(Deserialize)]
struct SaverEvent {
    advance_s: f64,
    step: Option<i64>,
    returned: String,
    listing: Vec<String>,
    state: BTreeMap<String, String>,
    last_checkpoints: Vec<String>,
}

fn traces() -> Traces {
    let bytes = Golden::load().read("manager_traces.json");
    serde_json::from_slice(&bytes).expect("manager_traces.json")
}

fn variables() -> Variables {
    [("v", Tensor::scalar(1.5f32))].into()
}

/// Names of the files in a folder, sorted.
fn listing(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The text with the folder of the run put in the place that the traces leave for it.
fn placed(text: &str, folder: &Path) -> String {
    text.replace("$DIR", folder.to_str().unwrap())
}

fn saver(trace: &SaverTrace, clock: ManualClock) -> Saver<ManualClock> {
    let mut saver = Saver::with_clock(clock).durability(Durability::Unsynced);
    for (name, value) in &trace.saver_args {
        saver = match (name.as_str(), value) {
            ("max_to_keep", Value::Null) => saver.max_to_keep(0),
            ("max_to_keep", count) => saver.max_to_keep(count.as_u64().unwrap() as usize),
            ("keep_checkpoint_every_n_hours", hours) => {
                saver.keep_checkpoint_every_n_hours(hours.as_f64().unwrap() as f32)
            }
            ("save_relative_paths", Value::Bool(true)) => saver.save_relative_paths(),
            ("pad_step_number", Value::Bool(true)) => saver.pad_step_number(),
            other => panic!("an argument that this test does not know: {other:?}"),
        };
    }
    if trace.save_args.get("meta") != Some(&Value::Bool(true)) {
        saver = saver.without_meta_graph();
    }
    for (name, value) in &trace.save_args {
        saver = match name.as_str() {
            "meta" => saver,
            "latest_filename" => saver.latest_filename(value.as_str().unwrap()),
            other => panic!("an argument that this test does not know: {other}"),
        };
    }
    saver
}

#[test]
fn a_saver_keeps_deletes_and_notes_what_tensorflows_does() {
    let traces = traces().saver;
    assert!(!traces.is_empty(), "no traces of a saver");
    for (number, trace) in traces.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(trace.t0);
        let mut saver = saver(trace, clock.clone());
        assert!(!trace.events.is_empty(), "trace {number} is empty");
        for event in &trace.events {
            let about = format!(
                "saver {number} {:?}, step {:?}",
                trace.saver_args, event.step
            );
            clock.advance(event.advance_s);
            let saved = saver
                .save(&variables(), folder.path().join("m"), event.step)
                .unwrap();
            assert_eq!(
                saved,
                Some(placed(&event.returned, folder.path())),
                "{about}: returned"
            );
            assert_eq!(listing(folder.path()), event.listing, "{about}: files");
            for (name, text) in &event.state {
                let found = fs::read_to_string(folder.path().join(name)).unwrap();
                assert_eq!(
                    found,
                    placed(text, folder.path()),
                    "{about}: state file {name}"
                );
            }
            let last: Vec<String> = event
                .last_checkpoints
                .iter()
                .map(|path| placed(path, folder.path()))
                .collect();
            assert_eq!(saver.last_checkpoints(), last, "{about}: last_checkpoints");
        }
    }
}

fn options(trace: &ManagerTrace) -> ManagerOptions {
    let mut options = ManagerOptions {
        durability: Durability::Unsynced,
        ..ManagerOptions::default()
    };
    for (name, value) in &trace.manager_args {
        match name.as_str() {
            "max_to_keep" => options.max_to_keep = value.as_u64().map(|count| count as usize),
            "keep_checkpoint_every_n_hours" => {
                options.keep_checkpoint_every_n_hours = value.as_f64();
            }
            "checkpoint_name" => options.checkpoint_name = value.as_str().unwrap().to_owned(),
            other => panic!("an argument that this test does not know: {other}"),
        }
    }
    options
}

#[test]
fn a_manager_keeps_deletes_and_notes_what_tensorflows_does() {
    let traces = traces().checkpoint_manager;
    assert!(!traces.is_empty(), "no traces of a manager");
    for (number, trace) in traces.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(trace.t0);
        let open = || {
            let checkpoint = Checkpoint::new(Mapping::default());
            let (options, clock) = (options(trace), clock.clone());
            CheckpointManager::with_clock(checkpoint, folder.path(), options, clock).unwrap()
        };
        let mut manager = open();
        assert!(!trace.events.is_empty(), "trace {number} is empty");
        for (event_number, event) in trace.events.iter().enumerate() {
            let about = format!(
                "manager {number} {:?}, save {event_number}",
                trace.manager_args
            );
            clock.advance(event.advance_s);
            if event.reopened {
                manager = open();
                let mut restored = variables();
                let latest = manager.latest_checkpoint().map(str::to_owned);
                let from = manager
                    .restore_or_initialize(&mut restored, |_| Ok(()))
                    .unwrap();
                assert_eq!(from, latest, "{about}: restored from the newest");
            }
            let saved = match event.number {
                Some(number) => manager.save_numbered(&variables(), number),
                None => manager.save(&variables()),
            };
            let prefix = saved.unwrap().expect("no interval was set").prefix;
            assert_eq!(
                prefix,
                placed(&event.returned, folder.path()),
                "{about}: returned"
            );
            assert_eq!(listing(folder.path()), event.listing, "{about}: files");
            let state = fs::read_to_string(folder.path().join("checkpoint")).unwrap();
            assert_eq!(state, event.state, "{about}: state file");
            let managed: Vec<String> = event
                .checkpoints
                .iter()
                .map(|path| placed(path, folder.path()))
                .collect();
            assert_eq!(manager.checkpoints(), managed, "{about}: checkpoints");
        }
    }
}
