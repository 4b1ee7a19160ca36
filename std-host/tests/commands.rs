//! `gradlet latest`, `merge`, `meta`, `samples` and what `inspect` knows beside checkpoints.

use std::fs;
use std::path::Path;
use std::process::Command;

use gradlet::samples::Samples;
use gradlet_host::bundle::Reader;
use gradlet_host::clock::ManualClock;
use gradlet_host::events::{Dialect, EventWriter};
use gradlet_host::example::{Example, Feature};
use gradlet_host::records::{self, Compression};
use gradlet_host::saver::Saver;
use gradlet_host::{Durability, Tensor, Variables};

/// Exit code, and what was said on both outputs.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gradlet"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let (code, said) = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {said}");
    said
}

fn json(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&done(folder, &[arguments, &["--json"]].concat())).unwrap()
}

fn save(folder: &Path, name: &str, variable: &str, step: i64) {
    let variables: Variables = [
        (
            variable,
            Tensor::from_values(&[2], &[step as f32, 0.5]).unwrap(),
        ),
        ("global_step", Tensor::scalar(step)),
    ]
    .into();
    let mut saver = Saver::new()
        .durability(Durability::Unsynced)
        .save_relative_paths();
    saver.save(&variables, folder.join(name), step).unwrap();
}

#[test]
fn the_newest_checkpoint_of_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["latest", "."]).0, Some(1));
    save(folder.path(), "m", "w", 4);
    assert_eq!(done(folder.path(), &["latest", "."]), "./m-4\n");
    let state = json(folder.path(), &["inspect", "."]);
    assert_eq!(state["latest"], "./m-4");
    assert_eq!(state["checkpoints"][0]["exists"], true);
}

#[test]
fn parts_become_one_bundle() {
    let folder = tempfile::tempdir().unwrap();
    for (name, variable) in [("a", "w"), ("b", "v")] {
        let variables: Variables = [(variable, Tensor::scalar(1f32))].into();
        let mut saver = Saver::new()
            .durability(Durability::Unsynced)
            .without_state()
            .without_meta_graph();
        saver
            .save(&variables, folder.path().join(name), None)
            .unwrap();
    }
    let (code, said) = run(folder.path(), &["merge", "out", "a", "c"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        folder.path().join("a.index").exists(),
        "a refused merge touches nothing"
    );
    done(
        folder.path(),
        &["merge", "out", "a", "c", "b", "--allow-missing"],
    );
    let merged = Reader::open(folder.path().join("out")).unwrap();
    assert!(merged.contains("w").unwrap() && merged.contains("v").unwrap());
    assert_eq!(merged.header().shards, 2);
    assert!(!folder.path().join("a.index").exists());
    done(folder.path(), &["verify", "out"]);
}

#[test]
fn meta_graphs_are_made_edited_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "m", "head/kernel", 4);
    let shown = json(folder.path(), &["inspect", "m-4.meta"]);
    assert_eq!(shown["kind"], "MetaGraph");
    assert_eq!(shown["variables"][0]["name"], "head/kernel");
    assert_eq!(shown["variables"][0]["shape"], serde_json::json!([2]));
    done(folder.path(), &["meta", "m-4", "made.meta"]);
    let made = fs::read(folder.path().join("made.meta")).unwrap();
    let listed = json(folder.path(), &["inspect", "made.meta"]);
    assert_eq!(listed["collections"], shown["collections"]);
    assert!(!made.is_empty());
    done(
        folder.path(),
        &[
            "meta",
            "made.meta",
            "text.meta",
            "--as-text",
            "--clear-devices",
        ],
    );
    let text = fs::read_to_string(folder.path().join("text.meta")).unwrap();
    assert!(text.starts_with("meta_info_def {"), "{text}");
    assert_eq!(
        json(folder.path(), &["inspect", "text.meta"])["variables"],
        listed["variables"]
    );
    done(
        folder.path(),
        &["meta", "made.meta", "head.meta", "--export-scope", "head"],
    );
    let scoped = json(folder.path(), &["inspect", "head.meta"]);
    assert_eq!(scoped["variables"][0]["name"], "kernel");
    let (code, said) = run(
        folder.path(),
        &["meta", "made.meta", "x.meta", "--export-scope", "haed"],
    );
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no variable is in the scope"), "{said}");
}

/// Three examples of four values.
fn examples(path: &Path, compression: Compression) {
    let mut writer = records::create(path, compression).unwrap();
    for (number, label) in [(0u8, 2), (1, 0), (2, 5)] {
        let values: [f32; 4] = std::array::from_fn(|n| f32::from(number) * 0.5 - n as f32 * 0.25);
        let pixels: Vec<u8> = vec![number, 255, 128, 0];
        let example = Example::new()
            .with("x", Feature::floats(values))
            .with("label", Feature::ints([label]))
            .with("image", Feature::bytes([pixels]));
        writer.write(&example.to_bytes()).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn examples_become_samples_that_the_device_reads() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::Gzip, Compression::Zlib] {
        examples(&folder.path().join("a.tfrecord"), compression);
        let made = json(
            folder.path(),
            &[
                "samples",
                "a.tfrecord",
                "a.samples",
                "--scale",
                "0.25",
                "--zero-point",
                "-1",
            ],
        );
        assert_eq!(made["classes"], 6, "{compression:?}");
        let file = fs::read(folder.path().join("a.samples")).unwrap();
        let mut samples = Samples::<_, 4>::new(&file[..]).unwrap();
        assert_eq!(samples.header().quantization.scale, 0.25);
        let mut found = Vec::new();
        while let Some(sample) = samples.next().unwrap() {
            found.push((sample.label, sample.features));
        }
        let expected = [
            (2, [-1, -2, -3, -4]),
            (0, [1, 0, -1, -2]),
            (5, [3, 2, 1, 0]),
        ];
        assert_eq!(found, expected, "{compression:?}");
    }
    // Bytes need no scale; floats get the range of all of them.
    let made = json(
        folder.path(),
        &["samples", "a.tfrecord", "b", "--feature", "image"],
    );
    assert_eq!(
        (&made["scale"], &made["zero_point"]),
        (&1.0.into(), &(-128).into())
    );
    let file = fs::read(folder.path().join("b")).unwrap();
    let sample = Samples::<_, 4>::new(&file[..])
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(sample.features, [-128, 127, 0, -128]);
    let made = json(folder.path(), &["samples", "a.tfrecord", "c"]);
    assert_eq!(made["clamped"], 0);
    let said = done(
        folder.path(),
        &[
            "samples",
            "a.tfrecord",
            "d",
            "--scale",
            "0.001",
            "--zero-point",
            "0",
        ],
    );
    assert!(said.contains("values lay outside"), "{said}");
}

#[test]
fn examples_that_are_none_are_refused_with_their_number() {
    let folder = tempfile::tempdir().unwrap();
    examples(&folder.path().join("a.tfrecord"), Compression::None);
    for (arguments, expected) in [
        (
            &["--feature", "y"][..],
            "record 0: there is no feature \"y\"",
        ),
        (&["--label", "x"], "holds no integers"),
        (&["--label", "labels"], "did you mean \"label\"?"),
        (
            &["--scale", "0", "--zero-point", "0"],
            "expected a number above 0",
        ),
    ] {
        let (code, said) = run(
            folder.path(),
            &[&["samples", "a.tfrecord", "out"], arguments].concat(),
        );
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(expected), "{arguments:?} gives {said}");
        assert!(!folder.path().join("out").exists());
    }
    let mut writer = records::create(folder.path().join("b"), Compression::None).unwrap();
    for (x, label) in [(vec![1f32], 1), (vec![1.0, 2.0], 1)] {
        let example = Example::new()
            .with("x", Feature::floats(x))
            .with("label", Feature::ints([label]));
        writer.write(&example.to_bytes()).unwrap();
    }
    writer.finish().unwrap();
    let (code, said) = run(folder.path(), &["samples", "b", "out"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("record 1") && said.contains("all of one length"),
        "{said}"
    );
    records::create(folder.path().join("empty"), Compression::Gzip)
        .unwrap()
        .finish()
        .unwrap();
    assert!(
        run(folder.path(), &["samples", "empty", "out"])
            .1
            .contains("has no records")
    );
}

#[test]
fn record_files_are_shown_with_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::Zlib] {
        examples(&folder.path().join("a.tfrecord"), compression);
        let shown = json(folder.path(), &["inspect", "a.tfrecord"]);
        assert_eq!(shown["kind"], "examples", "{compression:?}");
        assert_eq!(shown["records"], 3);
        assert_eq!(shown["contents"]["x"]["kind"], "float");
        assert_eq!(shown["contents"]["x"]["greatest"], 4);
    }
    let path = folder.path().join("events.out.tfevents.1.here");
    let clock = ManualClock::at(1.0);
    let mut events = EventWriter::begin(&path, Dialect::V2, clock).unwrap();
    for step in 0..5 {
        events.scalar("loss", 0.5, step).unwrap();
    }
    events.flush().unwrap();
    let shown = json(folder.path(), &["inspect", path.to_str().unwrap()]);
    assert_eq!(shown["kind"], "events");
    assert_eq!(shown["contents"]["loss"]["kind"], "scalars");
    assert_eq!(shown["contents"]["loss"]["greatest"], 4);
}

#[test]
fn a_folder_of_converted_checkpoints_is_kept_short() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    save(folder.path(), "in", "w", 0);
    fs::create_dir(at("run")).unwrap();
    // What lies outside or is no checkpoint is never deleted, whatever the state file says.
    let state = "model_checkpoint_path: \"notes\"\nall_model_checkpoint_paths: \"notes\"\n\
                 all_model_checkpoint_paths: \"../in-0\"\n";
    fs::write(at("run/checkpoint"), state).unwrap();
    fs::write(at("run/notes"), "mine").unwrap();
    for number in 1..=4 {
        let target = format!("run/m-{number}");
        done(
            folder.path(),
            &["convert", "in-0", &target, "--max-to-keep", "2", "--meta"],
        );
    }
    let mut files: Vec<String> = fs::read_dir(at("run"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut expected = vec!["checkpoint".to_owned(), "notes".to_owned()];
    for prefix in ["m-3", "m-4"] {
        for ending in ["data-00000-of-00001", "index", "meta"] {
            expected.insert(expected.len() - 1, format!("{prefix}.{ending}"));
        }
    }
    assert_eq!(files, expected);
    assert!(at("in-0.index").exists(), "outside of the folder");
    let shown = json(folder.path(), &["inspect", "run"]);
    assert_eq!(shown["checkpoints"].as_array().unwrap().len(), 2, "{shown}");
    let (code, said) = run(folder.path(), &["convert", "in-0", "x.npz", "--meta"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a MetaGraph goes with"), "{said}");
    done(
        folder.path(),
        &["convert", "in-0", "run/m-5", "--max-to-keep", "0"],
    );
    let shown = json(folder.path(), &["inspect", "run"]);
    assert_eq!(shown["checkpoints"].as_array().unwrap().len(), 3, "{shown}");
}
