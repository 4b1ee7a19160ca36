//! tfevents files that TensorFlow wrote.

use std::collections::BTreeMap;
use std::fs;

use gradlet_host::clock::ManualClock;
use gradlet_host::events::{Dialect, EventReader, EventWriter, Value, What};
use gradlet_tests::golden::{Case, Golden};
use serde::Deserialize;

#[derive(Deserialize)]
struct Logged {
    step: i64,
    wall_time: f64,
    file_version: String,
    source: String,
    values: Vec<LoggedValue>,
}

#[derive(Deserialize)]
struct LoggedValue {
    tag: String,
    kind: String,
    plugin: String,
    value: f64,
}

impl LoggedValue {
    fn dialect(&self) -> Dialect {
        match (self.kind.as_str(), self.plugin.as_str()) {
            ("simple_value", _) => Dialect::V1,
            ("tensor", "scalars") => Dialect::V2,
            other => panic!(
                "{} is of a kind this test does not know: {other:?}",
                self.tag
            ),
        }
    }
}

/// Each events file of a case, relative to the folder of goldens, and what is in it.
fn files(case: &Case) -> Vec<(String, Vec<Logged>)> {
    let mut by_name: BTreeMap<String, Vec<Logged>> = case.field("events");
    let files: Vec<(String, Vec<Logged>)> = case
        .files
        .iter()
        .filter_map(|file| {
            let name = file.path.rsplit('/').next()?;
            Some((file.path.clone(), by_name.remove(name)?))
        })
        .collect();
    assert!(
        !files.is_empty() && by_name.is_empty(),
        "{}: files of the manifest",
        case.name
    );
    files
}

#[test]
fn events_are_read_and_written_again_byte_for_byte() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().unwrap();
    for case in golden.of_kind(&["tfevents"]) {
        for (path, expected) in files(case) {
            let events: Result<Vec<_>, _> =
                EventReader::open(golden.path(&path)).unwrap().collect();
            let events = events.expect(&path);
            assert_eq!(events.len(), expected.len(), "{path}: number of events");
            let copy = folder.path().join("again.tfevents");
            let clock = ManualClock::at(expected[0].wall_time);
            let mut again = EventWriter::begin(&copy, Dialect::V2, clock).unwrap();
            for (number, (event, expected)) in events.iter().zip(&expected).enumerate() {
                let about = format!("{path}, event {number}");
                assert_eq!(event.step, expected.step, "{about}: step");
                assert_eq!(event.wall_time, expected.wall_time, "{about}: time");
                let source = event.source_metadata.clone().unwrap_or_default().writer;
                assert_eq!(source, expected.source, "{about}: source");
                match &event.what {
                    Some(What::FileVersion(version)) => assert_eq!(*version, expected.file_version),
                    Some(What::Summary(summary)) => {
                        assert_eq!(
                            summary.value.len(),
                            expected.values.len(),
                            "{about}: values"
                        );
                        for (value, expected) in summary.value.iter().zip(&expected.values) {
                            assert_eq!(value.tag, expected.tag, "{about}: tag");
                            let number = match &value.value {
                                Some(Value::SimpleValue(number)) => *number,
                                Some(Value::Tensor(tensor)) => {
                                    let content = tensor.tensor_content.as_slice();
                                    f32::from_le_bytes(content.try_into().expect("a float"))
                                }
                                other => panic!("{about}: {other:?}"),
                            };
                            assert_eq!(number, expected.value as f32, "{about}: value");
                        }
                        again.write(event).unwrap();
                    }
                    other => panic!("{about}: {other:?}"),
                }
            }
            again.flush().unwrap();
            assert!(
                fs::read(&copy).unwrap() == golden.read(&path),
                "{path} written again"
            );
        }
    }
}

#[test]
fn scalars_logged_at_the_same_times_give_tensorflows_bytes() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().unwrap();
    let mut dialects = Vec::new();
    for case in golden.of_kind(&["tfevents"]) {
        for (path, expected) in files(case) {
            let values = || expected.iter().flat_map(|event| &event.values);
            let dialect = values().next().expect("a value").dialect();
            assert!(
                values().all(|value| value.dialect() == dialect),
                "{path} mixes forms"
            );
            let clock = ManualClock::at(expected[0].wall_time);
            let copy = folder.path().join("made.tfevents");
            let mut made = EventWriter::begin(&copy, dialect, clock.clone()).unwrap();
            for event in &expected {
                clock.set(event.wall_time);
                for value in &event.values {
                    made.scalar(&value.tag, value.value as f32, event.step)
                        .unwrap();
                }
            }
            made.flush().unwrap();
            assert!(
                fs::read(&copy).unwrap() == golden.read(&path),
                "{path} made anew"
            );
            dialects.push(dialect);
        }
    }
    assert!(!dialects.is_empty(), "no events files");
}
