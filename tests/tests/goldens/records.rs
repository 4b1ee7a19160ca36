//! TFRecord files that TensorFlow wrote.

use std::collections::BTreeMap;
use std::io::Write as _;

use gradlet_host::example::{Example, Feature, Kind};
use gradlet_host::records::{self, Compression, Deflate, RecordReader, RecordWriter};
use gradlet_tests::golden::Golden;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn records_of(path: &std::path::Path) -> Vec<Vec<u8>> {
    let mut reader = records::open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut found = Vec::new();
    while let Some(record) = reader
        .next_record()
        .unwrap_or_else(|error| panic!("{error}"))
    {
        found.push(record.to_vec());
    }
    found
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The bytes that this manifest string in base 64 stands for.
fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').bytes();
    let sixes: Vec<u32> = digits
        .map(|digit| {
            DIGITS
                .iter()
                .position(|&d| d == digit)
                .expect("a digit in base 64") as u32
        })
        .collect();
    let bytes = sixes.chunks(4).flat_map(|group| {
        let bits = group.iter().fold(0, |bits, six| bits << 6 | six) << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    });
    bytes.collect()
}

fn assert_feature(about: &str, feature: &Feature, expected: &Value) {
    let list = expected.as_array();
    match (&feature.kind, list) {
        (None, None) => {}
        (Some(Kind::FloatList(found)), Some(list)) => {
            let numbers: Vec<f32> = list.iter().map(|n| n.as_f64().unwrap() as f32).collect();
            assert_eq!(found.value, numbers, "{about}");
        }
        (Some(Kind::Int64List(found)), Some(list)) => {
            let numbers: Vec<i64> = list.iter().map(|n| n.as_i64().unwrap()).collect();
            assert_eq!(found.value, numbers, "{about}");
        }
        (Some(Kind::BytesList(found)), Some(list)) => {
            let strings: Vec<Vec<u8>> = list
                .iter()
                .map(|text| from_base64(text.as_str().unwrap()))
                .collect();
            assert_eq!(found.value, strings, "{about}");
        }
        (found, _) => panic!("{about}: {found:?}, the manifest says {expected}"),
    }
}

#[test]
fn records_and_features_are_those_of_the_manifest() {
    let golden = Golden::load();
    for case in golden.of_kind(&["tfrecord"]) {
        let hashes: Vec<String> = case.field("records_sha256");
        let features: Vec<BTreeMap<String, Value>> = case.field("features");
        assert!(
            !hashes.is_empty() && !features.is_empty(),
            "{} is empty",
            case.name
        );
        for file in &case.files {
            let records = records_of(&golden.path(&file.path));
            let found: Vec<String> = records.iter().map(|record| hash(record)).collect();
            assert_eq!(found, hashes, "{}: records", file.path);
            for (number, (record, features)) in records.iter().zip(&features).enumerate() {
                let about = format!("{} record {number}", file.path);
                let example = Example::from_bytes(record).expect(&about);
                assert_eq!(&example.to_bytes(), record, "{about}: encoded again");
                for (name, expected) in features {
                    let feature = example
                        .feature(name)
                        .unwrap_or_else(|| panic!("{about}: {name}"));
                    assert_feature(&format!("{about}, {name}"), feature, expected);
                }
                let built = features.keys().fold(Example::new(), |built, name| {
                    built.with(name, example.feature(name).cloned().unwrap_or_default())
                });
                assert_eq!(
                    &built.to_bytes(),
                    record,
                    "{about}: built from its features"
                );
            }
        }
    }
}

#[test]
fn files_written_again_are_tensorflows_byte_for_byte_once_decompressed() {
    let golden = Golden::load();
    for case in golden.of_kind(&["tfrecord"]) {
        let mut plain = Vec::new();
        for file in &case.files {
            let bytes = golden.read(&file.path);
            if Compression::of_start(&bytes) == Compression::None {
                plain = bytes;
            }
        }
        assert!(!plain.is_empty(), "{} has no plain file", case.name);
        for file in &case.files {
            let mut again = RecordWriter::new(Vec::new());
            for record in records_of(&golden.path(&file.path)) {
                again.write(&record).unwrap();
            }
            assert!(again.into_inner() == plain, "{} written again", file.path);
        }
        for compression in [Compression::Gzip, Compression::Zlib] {
            let mut deflate = Deflate::new(Vec::new(), compression);
            deflate.write_all(&plain).unwrap();
            let mut again = RecordWriter::new(deflate);
            again.write(b"one more").unwrap();
            let file = again.finish().unwrap();
            assert_eq!(
                Compression::of_start(&file),
                compression,
                "recognised by its start"
            );
            let mut reader = RecordReader::new(records::Inflate::new(&file[..], compression));
            let mut last = Vec::new();
            while let Some(record) = reader.next_record().unwrap() {
                last = record.to_vec();
            }
            assert_eq!(last, b"one more", "{} comes back", compression.name());
        }
    }
}
