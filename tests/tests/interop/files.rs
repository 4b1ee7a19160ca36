//! Single files: what Gradlet writes is read by TensorFlow, NumPy and TensorBoard, and the reverse.
use crate::device_head;
use crate::session::call;
use gradlet::{Adam, Head};
use gradlet_host::clock::SystemClock;
use gradlet_host::convert::{self, Format, Options, Source};
use gradlet_host::events::{Dialect, EventReader, EventWriter, What};
use gradlet_host::example::{
    Example, Feature, FeatureList, FeatureListEntry, FeatureLists, Features, SequenceExample,
};
use gradlet_host::records::{self, Compression};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;

#[derive(Debug, PartialEq, Deserialize)]
struct Described {
    dtype: String,
    shape: Vec<u64>,
    data: String,
}

#[test]
fn every_format_of_convert_has_the_devices_bits_for_its_own_readers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let mut trained = Head::new(Adam::new(0.01));
    device_head::train(&mut trained, 5);
    device_head::save(&trained, &path("device.gck"));
    let source = Source::open(path("device.gck")).unwrap_or_else(|error| panic!("{error}"));
    let targets = [
        ("v2/m", Some(Format::V2), "files.load_checkpoint", "prefix"),
        ("v1/m", Some(Format::V1), "files.load_checkpoint", "prefix"),
        ("m.npz", None, "files.load_npz", "path"),
        ("m.safetensors", None, "files.load_safetensors", "path"),
    ];
    for (target, format, reader, argument) in targets {
        let options = Options {
            format,
            ..Options::default()
        };
        let written = convert::convert(&source, path(target), &options);
        let written = written.unwrap_or_else(|error| panic!("{target}: {error}"));
        let found: BTreeMap<String, Described> = call(reader, json!({ argument: written.target }));
        let bits: device_head::State = found
            .iter()
            .map(|(name, value)| (name.clone(), value.data.clone()))
            .collect();
        assert_eq!(bits, device_head::state(&trained), "{target}");
        assert_eq!(found["head/kernel"].shape, [6, 4], "{target}");
        assert_eq!(found["global_step"].dtype, "int64", "{target}");
    }
}

#[test]
fn arrays_of_numpy_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("theirs.npz");
    let arrays = json!({
        "head/kernel": ["float32", [[0.5, -1.5], [2.0, 1e-40]]],
        "head/mask": ["bool", [true, false, true]],
        "global_step": ["int64", 12],
        "head/q": ["int8", [[-128, 127]]],
    });
    let saved: BTreeMap<String, Described> =
        call("files.save_npz", json!({ "path": file, "arrays": arrays }));
    let source = Source::open(&file).unwrap_or_else(|error| panic!("{error}"));
    let tensors = source.tensors().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(tensors.len(), saved.len());
    for tensor in tensors {
        let name = tensor.name.to_string();
        let value = source
            .read(&tensor.name)
            .unwrap_or_else(|error| panic!("{error}"));
        let found = Described {
            dtype: tensor.dtype.name().to_owned(),
            shape: tensor.shape,
            data: crate::hex(value.bytes().expect("numbers")),
        };
        assert_eq!(found, saved[&name], "{name}");
    }
    assert_eq!(
        source
            .global_step()
            .unwrap_or_else(|error| panic!("{error}")),
        Some(12)
    );
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    x: Vec<f32>,
    label: i64,
    name: String,
}

const COMPRESSIONS: [(Compression, &str); 3] = [
    (Compression::None, ""),
    (Compression::Gzip, "GZIP"),
    (Compression::Zlib, "ZLIB"),
];

fn samples() -> Vec<Sample> {
    let sample = |number: i64| Sample {
        x: (0..number).map(|n| n as f32 / 8.0 - 1.0).collect(),
        label: number * number - 4,
        name: format!("sample {number}"),
    };
    (0..20).map(sample).collect()
}

#[test]
fn records_are_parsed_by_tensorflow_and_the_reverse() {
    let folder = tempfile::tempdir().expect("a folder");
    for (compression, name) in COMPRESSIONS {
        let ours = folder.path().join(format!("ours{name}.tfrecord"));
        let mut writer = records::create(&ours, compression).expect("a file");
        for sample in samples() {
            let example = Example::new()
                .with("x", Feature::floats(sample.x))
                .with("label", Feature::ints([sample.label]))
                .with("name", Feature::bytes([sample.name]));
            writer.write(&example.to_bytes()).expect("room");
        }
        writer.finish().expect("room");
        let arguments = json!({ "path": ours, "compression": name });
        let read: Vec<Sample> = call("files.read_examples", arguments);
        assert_eq!(read, samples(), "{name}");

        let theirs = folder.path().join(format!("theirs{name}.tfrecord"));
        let arguments = json!({ "path": theirs, "compression": name, "samples": samples() });
        let _: u64 = call("files.write_examples", arguments);
        let mut reader = records::open(&theirs).expect("a file");
        let mut found = Vec::new();
        while let Some(record) = reader.next_record().expect("whole records") {
            let example = Example::from_bytes(record).expect("an example");
            let text = example
                .feature("name")
                .and_then(Feature::as_bytes)
                .expect("a name");
            let floats = example.feature("x").and_then(Feature::as_floats);
            found.push(Sample {
                x: floats.unwrap_or_default().to_vec(),
                label: example
                    .feature("label")
                    .and_then(Feature::as_ints)
                    .expect("a label")[0],
                name: String::from_utf8(text[0].clone()).expect("UTF-8"),
            });
        }
        assert_eq!(found, samples(), "{name}");
    }
}

#[test]
fn sequences_have_tensorflows_bytes() {
    let steps = [[0.5f32, -1.0], [0.25, 8.0], [0.0, 1.5]];
    let entry = FeatureListEntry {
        key: "x".to_owned(),
        value: Some(FeatureList {
            feature: steps.iter().map(|step| Feature::floats(*step)).collect(),
        }),
    };
    let mut context = Features::default();
    context.insert("label", Feature::ints([-3]));
    let sequence = SequenceExample {
        context: Some(context),
        feature_lists: Some(FeatureLists {
            feature_list: vec![entry],
        }),
    };
    let record = crate::hex(&sequence.to_bytes());
    let arguments = json!({ "record": record, "label": -3, "steps": steps });
    let [same, parsed]: [bool; 2] = call("files.sequence_matches", arguments);
    assert!(same, "other bytes than TensorFlow's");
    assert!(parsed, "TensorFlow parses something else");
}

#[derive(Deserialize)]
struct Compared {
    different: Vec<String>,
    counts: Vec<usize>,
}

#[test]
fn events_have_tensorflows_bytes_and_show_in_tensorboard() {
    let place = tempfile::tempdir().expect("a folder");
    for (dialect, name) in [(Dialect::V1, "v1"), (Dialect::V2, "v2")] {
        let (ours, theirs) = (
            place.path().join(format!("{name}/ours")),
            place.path().join(format!("{name}/theirs")),
        );
        let mut events = EventWriter::with_clock(&ours, dialect, SystemClock).expect("a file");
        let weights = [0.5, -0.25, 0.5, 3.0, -7.5, 0.0, 1e-3];
        events.scalar("loss", 0.75, 3).expect("room");
        events.scalar("scope/accuracy", -1e-9, 4).expect("room");
        events.histogram("weights", &weights, 5).expect("room");
        events.histogram("equal", &[2.0; 3], 6).expect("room");
        if dialect == Dialect::V2 {
            events.histogram("none", &[], 7).expect("room");
        }
        events.text("notes", "*fine* — tuned", 8).expect("room");
        events.flush().expect("room");

        let arguments = json!({ "ours": ours, "folder": theirs, "dialect": name });
        let compared: Compared = call("files.compare_events", arguments);
        assert!(
            compared.different.is_empty(),
            "{name}: {:#?}",
            compared.different
        );
        assert_eq!(compared.counts[0], compared.counts[1], "{name}");
        let shown: BTreeMap<String, serde_json::Value> =
            call("files.in_tensorboard", json!({ "folder": ours }));
        let expected: BTreeMap<String, serde_json::Value> =
            call("files.in_tensorboard", json!({ "folder": theirs }));
        assert_eq!(shown, expected, "{name}");
        assert_eq!(shown["loss"], json!([[3, 0.75]]), "{name}");
        assert_eq!(shown["weights"], json!([[5, 7.0]]), "{name}");
        assert_eq!(shown["notes"], json!([[8, "*fine* — tuned"]]), "{name}");

        // TensorFlow's own file, read here.
        let mut files = fs::read_dir(&theirs).expect("a folder").flatten();
        let file = files.next().expect("a file").path();
        let mut steps = Vec::new();
        for event in EventReader::open(&file).expect("a file") {
            let event = event.unwrap_or_else(|error| panic!("{error}"));
            if let Some(What::Summary(summary)) = event.what {
                steps.extend(
                    summary
                        .value
                        .iter()
                        .map(|value| (event.step, value.tag.clone())),
                );
            }
        }
        assert_eq!(steps.len(), compared.counts[1], "{name}: {steps:?}");
        assert!(
            steps.contains(&(4, "scope/accuracy".to_owned())),
            "{name}: {steps:?}"
        );
    }
}
