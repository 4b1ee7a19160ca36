//! Directories that Gradlet and TensorFlow manage in turn, and MetaGraphs that either wrote.
use crate::session::call;
use gradlet_host::checkpoint::{Checkpoint, CheckpointReader, load_checkpoint, load_variable};
use gradlet_host::manager::{CheckpointManager, ManagerOptions};
use gradlet_host::mapping::Mapping;
use gradlet_host::meta_graph::{Collection, MetaGraph};
use gradlet_host::saver::Saver;
use gradlet_host::state::{get_checkpoint_state, latest_checkpoint};
use gradlet_host::{
    Durability, Extent, ManagementError, Part, PythonError, Slice, Tensor, Variables,
};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const KEPT: usize = 3;
const TURNS: usize = 6;

#[derive(Debug, PartialEq, Deserialize)]
struct Turn {
    /// Names of the managed checkpoints, oldest first.
    last: Vec<String>,
    latest: String,
    value: String,
    /// All files of the folder.
    files: Vec<String>,
}

fn name_of(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn turn(folder: &Path, last: Vec<&str>, variables: &Variables) -> Turn {
    let entries = fs::read_dir(folder).expect("the folder").flatten();
    let mut files: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let latest = latest_checkpoint(folder, None).expect("a state file");
    let value = variables.get("w").and_then(Tensor::bytes);
    Turn {
        last: last.into_iter().map(name_of).collect(),
        latest: name_of(&latest.expect("a checkpoint")),
        value: crate::hex(value.expect("the variable")),
        files,
    }
}

fn blank() -> Variables {
    [("w", Tensor::from_values(&[3], &[0f32; 3]).expect("three"))].into()
}

fn add(variables: &mut Variables) {
    let values = variables
        .get("w")
        .and_then(Tensor::values::<f32>)
        .expect("floats");
    let next: Vec<f32> = (1u8..)
        .zip(values)
        .map(|(n, value)| value + f32::from(n))
        .collect();
    *variables = [("w", Tensor::from_values(&[3], &next).expect("three"))].into();
}

/// What a folder should hold after so many saves, whoever made them.
fn check(turn: &Turn, stem: &str, saves: usize, endings: &[&str], about: &str) {
    let kept: Vec<String> = (saves.saturating_sub(KEPT) + 1..=saves)
        .map(|number| format!("{stem}-{number}"))
        .collect();
    assert_eq!(turn.last, kept, "{about}");
    assert_eq!(turn.latest, format!("{stem}-{saves}"), "{about}");
    let expected: Vec<f32> = (1..=3).map(|n| (n * saves) as f32).collect();
    let expected: Vec<u8> = expected.into_iter().flat_map(f32::to_le_bytes).collect();
    assert_eq!(
        turn.value,
        crate::hex(&expected),
        "{about}: every save added once"
    );
    let mut files = vec!["checkpoint".to_owned()];
    for prefix in &kept {
        files.extend(endings.iter().map(|ending| format!("{prefix}.{ending}")));
    }
    files.sort();
    assert_eq!(turn.files, files, "{about}");
}

const DATA: &str = "data-00000-of-00001";

#[test]
fn savers_take_turns_in_one_directory() {
    for relative in [false, true] {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path();
        for number in 0..TURNS {
            let steps = [2 * number + 1, 2 * number + 2];
            let turn = match number % 2 {
                0 => save_with_saver(folder, &steps, relative),
                _ => call(
                    "management.save_with_saver",
                    json!({
                        "folder": folder, "steps": steps, "max_to_keep": KEPT,
                        "relative": relative,
                    }),
                ),
            };
            let about = format!("turn {number}, relative paths: {relative}");
            check(
                &turn,
                "model.ckpt",
                2 * number + 2,
                &["index", DATA, "meta"],
                &about,
            );
        }
    }
}

fn save_with_saver(folder: &Path, steps: &[usize], relative: bool) -> Turn {
    let mut saver = Saver::new()
        .max_to_keep(KEPT)
        .durability(Durability::Unsynced);
    if relative {
        saver = saver.save_relative_paths();
    }
    let mut variables = blank();
    if let Some(state) = get_checkpoint_state(folder, None).expect("a state file") {
        saver.recover_last_checkpoints(state.all_model_checkpoint_paths);
        let restored = saver.restore(&mut variables, &state.model_checkpoint_path);
        restored.unwrap_or_else(|error| panic!("{error}"));
    }
    for &step in steps {
        add(&mut variables);
        let saved = saver.save(&variables, folder.join("model.ckpt"), step as i64);
        saved.unwrap_or_else(|error| panic!("{error}"));
    }
    turn(folder, saver.last_checkpoints(), &variables)
}

#[test]
fn managers_take_turns_in_one_directory() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    for number in 0..TURNS {
        let turn = match number % 2 {
            1 => save_with_manager(folder, 2),
            _ => call(
                "management.save_with_manager",
                json!({ "folder": folder, "saves": 2, "max_to_keep": KEPT }),
            ),
        };
        check(
            &turn,
            "ckpt",
            2 * number + 2,
            &["index", DATA],
            &format!("turn {number}"),
        );
    }
}

fn save_with_manager(folder: &Path, saves: usize) -> Turn {
    let options = ManagerOptions {
        max_to_keep: Some(KEPT),
        durability: Durability::Unsynced,
        ..ManagerOptions::default()
    };
    let checkpoint = Checkpoint::new(Mapping::default());
    let manager = CheckpointManager::new(checkpoint.clone(), folder, options);
    let mut manager = manager.unwrap_or_else(|error| panic!("{error}"));
    let mut variables = blank();
    let latest = manager
        .latest_checkpoint()
        .expect("the other made one")
        .to_owned();
    let mut consuming = checkpoint;
    let status = consuming.restore(&mut blank(), &latest);
    let status = status.unwrap_or_else(|error| panic!("{error}"));
    status
        .assert_consumed()
        .unwrap_or_else(|error| panic!("{error}"));
    let restored = manager.restore_or_initialize(&mut variables, |_| Ok(()));
    assert_eq!(
        restored.unwrap_or_else(|error| panic!("{error}")),
        Some(latest)
    );
    for _ in 0..saves {
        add(&mut variables);
        let saved = manager.save(&variables);
        assert!(saved.unwrap_or_else(|error| panic!("{error}")).is_some());
    }
    turn(folder, manager.checkpoints(), &variables)
}

#[derive(Deserialize)]
struct WentOn {
    restored: BTreeMap<String, String>,
    collections: BTreeMap<String, Vec<String>>,
    prefix: String,
}

/// A head with Adam, an average, and a partitioned table, as a saver gets them.
fn program() -> Variables {
    let floats = |shape: &[u64], start: f32| {
        let count: u64 = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|n| start + n as f32).collect();
        Tensor::from_values(shape, &values).expect("as many as the shape has")
    };
    let mut variables = Variables::new();
    variables.push("head/kernel", floats(&[2, 3], 0.5));
    variables.push("head/kernel/Adam", floats(&[2, 3], -1.0));
    variables.push("head/kernel/Adam_1", floats(&[2, 3], 7.0));
    variables.push(
        "head/kernel/ExponentialMovingAverage",
        floats(&[2, 3], 0.25),
    );
    variables.push("beta1_power", Tensor::scalar(0.9f32));
    variables.push("beta2_power", Tensor::scalar(0.999f32));
    variables.push("global_step", Tensor::scalar(7i64));
    for (first, rows) in [(0, 3), (3, 2)] {
        let extents =
            [(first, rows), (0, 2)].map(|(start, length)| Extent::Range { start, length });
        let part = Part {
            full_shape: vec![5, 2],
            slice: Slice::new(extents.to_vec()),
        };
        variables.push_part("table", part, floats(&[rows, 2], first as f32));
    }
    variables
}

#[test]
fn a_meta_graph_of_ours_is_imported_restored_and_saved_further() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let variables = program();
    let mut saver = Saver::new().durability(Durability::Unsynced);
    let saved = saver.save(&variables, path("ours/model.ckpt"), 7);
    let prefix = saved
        .unwrap_or_else(|error| panic!("{error}"))
        .expect("variables");
    let meta = MetaGraph::read(format!("{prefix}.meta")).unwrap_or_else(|error| panic!("{error}"));
    let text = path("text.meta");
    let written = meta
        .clone()
        .without_devices()
        .write_text(&text, Durability::Unsynced);
    written.unwrap_or_else(|error| panic!("{error}"));
    for file in [format!("{prefix}.meta"), text.display().to_string()] {
        let went_on: WentOn = call(
            "management.import_and_go_on",
            json!({ "meta": file, "prefix": prefix, "target": path("theirs/model.ckpt") }),
        );
        let mut expected = BTreeMap::new();
        let mut part = 0;
        for (variable, value) in variables.iter() {
            let mut name = variable.name.to_string();
            if variable.part.is_some() {
                name = format!("{name}/part_{part}");
                part += 1;
            }
            expected.insert(name, crate::hex(value.bytes().expect("numbers")));
        }
        assert_eq!(went_on.restored, expected, "{file}");
        let all: Vec<String> = expected.into_keys().collect();
        let trained = ["head/kernel", "table/part_0", "table/part_1"];
        assert_eq!(went_on.collections["variables"], all, "{file}");
        // Adam has slots of the kernel only.
        assert_eq!(
            went_on.collections["trainable_variables"],
            trained[..1],
            "{file}"
        );
        assert_eq!(
            went_on.collections["moving_average_variables"],
            ["head/kernel"],
            "{file}: what the average is of"
        );
        let reader = CheckpointReader::open(&went_on.prefix);
        let reader = reader.unwrap_or_else(|error| panic!("{error}"));
        let step = reader.read("global_step").expect("the step");
        assert_eq!(step.values::<i64>(), Some(vec![8]), "{file}: counted on");
        let whole = reader.read("table").expect("the parts, put together");
        assert_eq!(whole.shape(), [5, 2]);
    }
    let scoped = path("scoped.meta");
    let written = meta
        .within_scope("head")
        .write(&scoped, Durability::Unsynced);
    written.unwrap_or_else(|error| panic!("{error}"));
    let imported: Imported = call("management.imports", json!({ "path": scoped }));
    assert_eq!(
        imported.variables,
        [
            "kernel",
            "kernel/Adam",
            "kernel/Adam_1",
            "kernel/ExponentialMovingAverage"
        ]
    );
}

#[derive(Deserialize)]
struct Imported {
    variables: Vec<String>,
    devices: Vec<String>,
}

#[derive(Deserialize)]
struct Exported {
    files: BTreeMap<String, String>,
    collections: BTreeMap<String, Vec<String>>,
    shapes: BTreeMap<String, Vec<u64>>,
}

#[derive(Deserialize)]
struct Differences {
    nodes: Vec<String>,
    variables: Vec<String>,
}

#[test]
fn the_meta_graphs_that_tensorflow_exports_are_read_and_edited_as_it_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let exported: Exported = call("management.export", json!({ "folder": folder.path() }));
    let read = |name: &str| {
        MetaGraph::read(&exported.files[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for name in ["plain", "text", "cleared"] {
        let variables = read(name)
            .variables()
            .unwrap_or_else(|error| panic!("{error}"));
        for collection in Collection::ALL {
            let mut listed: Vec<&str> = variables
                .iter()
                .filter(|variable| variable.collections.contains(&collection))
                .map(|variable| variable.op_name.as_str())
                .collect();
            listed.sort_unstable();
            assert_eq!(
                listed,
                exported.collections[collection.name()],
                "{name}: {collection:?}"
            );
        }
        for variable in variables {
            if let Some(shape) = exported.shapes.get(&variable.op_name) {
                assert_eq!(
                    &variable.variable.shape, shape,
                    "{name}: {}",
                    variable.op_name
                );
            }
        }
    }
    let edited = [
        ("text", read("text")),
        ("plain", read("text")),
        ("text", read("plain")),
        ("cleared", read("plain").without_devices()),
        ("scoped", read("plain").within_scope("net")),
    ];
    for (name, ours) in edited {
        for (form, file) in [("encoded", "ours.meta"), ("text", "ours.pbtxt")] {
            let file = folder.path().join(file);
            let written = match form {
                "text" => ours.write_text(&file, Durability::Unsynced),
                _ => ours.write(&file, Durability::Unsynced),
            };
            written.unwrap_or_else(|error| panic!("{name}: {error}"));
            let differences: Differences = call(
                "management.compare_meta",
                json!({ "ours": file, "theirs": exported.files[name] }),
            );
            assert!(
                differences.nodes.is_empty(),
                "{name}, {form}: {:#?}",
                differences.nodes
            );
            let variables = differences.variables;
            assert!(variables.is_empty(), "{name}, {form}: {variables:#?}");
        }
    }
    let imported: Imported = call(
        "management.imports",
        json!({ "path": exported.files["cleared"] }),
    );
    assert!(imported.devices.is_empty());
}

#[derive(Debug, PartialEq, Deserialize)]
struct AtIntervals {
    restored: Option<String>,
    saved: Vec<Option<String>>,
}

#[test]
fn a_manager_with_an_interval_skips_the_steps_that_tensorflows_skips() {
    const INTERVAL: i64 = 10;
    let runs: [(&[i64], &[i64]); 3] = [
        (&[0, 5, 9, 10, 10, 12, 21, 25], &[12]),
        (&[25, 30, 36], &[]),
        (&[36, 37, 100, 90], &[36, 37]),
    ];
    let (ours, theirs) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    for (steps, forced) in runs {
        let expected: AtIntervals = call(
            "management.save_at_intervals",
            json!({
                "folder": theirs.path(), "interval": INTERVAL, "steps": steps, "forced": forced,
            }),
        );
        let options = ManagerOptions {
            max_to_keep: Some(3),
            checkpoint_interval: Some(INTERVAL),
            step_counter: "step".to_owned(),
            durability: Durability::Unsynced,
            ..ManagerOptions::default()
        };
        let checkpoint = Checkpoint::new(Mapping::default());
        let manager = CheckpointManager::new(checkpoint, ours.path(), options);
        let mut manager = manager.unwrap_or_else(|error| panic!("{error}"));
        let program = |step: i64| -> Variables {
            [("w", Tensor::scalar(0f32)), ("step", Tensor::scalar(step))].into()
        };
        let restored = manager.restore_or_initialize(&mut program(0), |_| Ok(()));
        let restored = restored.unwrap_or_else(|error| panic!("{error}"));
        let mut found = AtIntervals {
            restored: restored.as_deref().map(name_of),
            saved: Vec::new(),
        };
        for step in steps {
            let saved = match forced.contains(step) {
                true => manager.save_now(&program(*step)),
                false => manager.save(&program(*step)),
            };
            let saved = saved.unwrap_or_else(|error| panic!("{error}"));
            found.saved.push(saved.map(|saved| name_of(&saved.prefix)));
        }
        assert_eq!(found, expected, "steps {steps:?}, forced {forced:?}");
    }
}

/// Python's name of the class of an error.
fn class_of(error: &ManagementError) -> String {
    match error.python_class() {
        PythonError::Op(status) => format!("{status:?}Error"),
        other => format!("{other:?}Error"),
    }
}

#[test]
fn mistakes_raise_tensorflows_errors() {
    let (ours, theirs) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let expected: BTreeMap<String, (String, String)> =
        call("management.errors", json!({ "folder": theirs.path() }));
    let at = |name: &str| ours.path().join(name);
    let saver = || Saver::new().durability(Durability::Unsynced);
    let zeros = |name: &str, count: usize| -> Variables {
        [(
            name,
            Tensor::from_values(&[count as u64], &vec![0f32; count]).expect("zeros"),
        )]
        .into()
    };
    let w = zeros("w", 3);
    saver().save(&w, at("m"), None).expect("a checkpoint");
    fs::write(at("file"), "").expect("a file");
    fs::create_dir(at("blank")).expect("a folder");
    let manager =
        |options| CheckpointManager::new(Checkpoint::new(Mapping::default()), ours.path(), options);
    let keep_none = ManagerOptions {
        max_to_keep: Some(0),
        ..ManagerOptions::default()
    };
    let no_counter = ManagerOptions {
        checkpoint_interval: Some(2),
        ..ManagerOptions::default()
    };
    let no_state = load_checkpoint(at("blank")).map(drop);
    fs::write(at("blank/checkpoint"), "").expect("a file");
    let mut checkpoint = Checkpoint::new(Mapping::default());
    let objects = checkpoint
        .save(&zeros("w", 2), at("objects"))
        .expect("objects")
        .prefix;
    let restored = |mut variables: Variables| {
        Checkpoint::new(Mapping::default()).restore(&mut variables, &objects)
    };
    let mut more = zeros("w", 2);
    more.push("v", Tensor::scalar(0f32));
    let status = |variables| restored(variables).expect("what fits is taken");
    // Without a counter of saves, which would match.
    let trivial = Checkpoint::new(Mapping::default()).read(&mut zeros("u", 1), &objects);
    let trivial = trivial.expect("what fits is taken");
    // What TensorFlow's text begins with, and ours too.
    let found = [
        (
            "no checkpoint",
            "The passed save_path is not a valid checkpoint: ",
            saver().restore(&mut w.clone(), at("nothing")),
        ),
        (
            "state name",
            "'latest_filename' collides with 'save_path': 'checkpoint' and '",
            saver().save(&w, at("checkpoint"), None).map(drop),
        ),
        (
            "state folder",
            "'latest_filename' must not contain path components",
            saver()
                .latest_filename("a/b")
                .save(&w, at("m"), None)
                .map(drop),
        ),
        (
            "no parent",
            "Parent directory of ",
            saver().save(&w, at("file/m"), None).map(drop),
        ),
        (
            "missing",
            "Restoring from checkpoint failed. This is most likely due to a Variable name or other graph key that is missing",
            saver().restore(&mut zeros("v", 3), at("m")),
        ),
        (
            "shape",
            "Restoring from checkpoint failed. This is most likely due to a mismatch between the current graph and the graph",
            saver().restore(&mut zeros("w", 4), at("m")),
        ),
        (
            "empty",
            "No variables to save",
            saver().save(&Variables::new(), at("m"), None).map(drop),
        ),
        (
            "keep none",
            "Expected a positive integer or `None` for `max_to_keep`, got 0.",
            manager(keep_none).map(drop),
        ),
        (
            "no counter",
            "`step_counter` should be passed if `checkpoint_interval` is not None.",
            manager(no_counter)
                .and_then(|mut manager| manager.save(&w))
                .map(drop),
        ),
        (
            "no state",
            "Couldn't find 'checkpoint' file or checkpoints in given directory ",
            no_state,
        ),
        (
            "blank state",
            "Invalid checkpoint state loaded from ",
            get_checkpoint_state(at("blank"), None).map(drop),
        ),
        (
            "object shape",
            "Received incompatible tensor with shape ",
            restored(zeros("w", 3)).map(drop),
        ),
        (
            "unbound",
            "Found 1 ",
            status(more).assert_consumed().map(drop),
        ),
        (
            "unresolved",
            "Unresolved object in checkpoint (root).w",
            status(Variables::new()).assert_consumed().map(drop),
        ),
        (
            "trivial",
            "Nothing except the root object matched a checkpointed value.",
            trivial.assert_nontrivial_match().map(drop),
        ),
    ];
    for (name, begins, result) in found {
        let error = result.expect_err(name);
        let (class, text) = &expected[name];
        assert_eq!(&class_of(&error), class, "{name}: {error}");
        for text in [text, &error.to_string()] {
            assert!(text.starts_with(begins), "{name}: {text}");
        }
    }
    let error = load_variable(at("m"), "nope").expect_err("no tensor");
    assert_eq!(class_of(&error), expected["no tensor"].0, "{error}");
}
