//! V1 checkpoints that TensorFlow wrote.

use std::fs;
use std::path::Path;

use gradlet_host::v1::{Reader, Writer, find_files, rewrite, shard_path};
use gradlet_host::{Durability, Extent, Slice, Status, Tensor};
use gradlet_tests::golden::{Golden, GoldenTensor};

use crate::bundle::assert_tensor;

const KINDS: &[&str] = &["v1_format"];

#[test]
fn every_tensor_has_the_value_that_tensorflow_restored() {
    let golden = Golden::load();
    for case in golden.of_kind(KINDS) {
        let path: String = case.field("save_path");
        let reader = Reader::open(golden.path(&path)).expect(&path);
        let mut tensors: Vec<GoldenTensor> = case.field("tensors");
        assert!(
            !tensors.is_empty(),
            "{path}: the manifest describes no tensors"
        );
        tensors.sort_by(|a, b| a.key.as_bytes().cmp(b.key.as_bytes()));
        let names: Vec<String> = reader
            .entries()
            .map(|entry| entry.name.to_string())
            .collect();
        let expected: Vec<String> = tensors.iter().map(|tensor| tensor.key.clone()).collect();
        assert_eq!(names, expected, "{path}: names in their order");
        for tensor in &tensors {
            assert_tensor(&path, tensor, &reader.read(&tensor.key).expect(&path));
        }
        assert!(
            reader.verify().expect(&path) >= tensors.len() as u64,
            "{path}: records checked"
        );
    }
}

#[test]
fn rewriting_gives_tensorflows_own_bytes() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for case in golden.of_kind(KINDS) {
        let path: String = case.field("save_path");
        let stem = path
            .split("-?????-of-")
            .next()
            .expect("a split has a first part");
        let target = folder.path().join(stem);
        rewrite(golden.path(&path), &target, Durability::Unsynced).expect(&path);
        let sources = find_files(&golden.path(&path)).expect(&path);
        let suffix = path.strip_prefix(stem).expect("the stem is its start");
        let pattern = folder.path().join(format!("{stem}{suffix}"));
        let targets = find_files(&pattern).expect("the files that were written");
        assert_eq!(targets.len(), sources.len(), "{path}: number of files");
        for (source, target) in sources.iter().zip(&targets) {
            assert_eq!(
                target.file_name(),
                source.file_name(),
                "{path}: name of a file"
            );
            let (a, b) = (
                fs::read(target).expect("written"),
                fs::read(source).expect("golden"),
            );
            assert!(a == b, "{} came out differently", source.display());
        }
    }
}

#[test]
fn slices_as_saved_and_boxes_across_them_are_read() {
    let golden = Golden::load();
    let mut sliced = 0;
    for case in golden.of_kind(KINDS) {
        let path: String = case.field("save_path");
        let reader = Reader::open(golden.path(&path)).expect(&path);
        for entry in reader.entries().filter(|entry| entry.slices.len() > 1) {
            sliced += 1;
            let whole = reader.read(&entry.name).expect(&path);
            let row = whole.bytes().expect("numbers").len() / entry.shape[0] as usize;
            for start in 0..entry.shape[0] {
                let mut extents = vec![Extent::Full; entry.shape.len()];
                extents[0] = Extent::Range { start, length: 1 };
                let part = reader
                    .read_slice(&entry.name, &Slice::new(extents))
                    .expect(&path);
                let expected = &whole.bytes().expect("numbers")[start as usize * row..][..row];
                assert_eq!(
                    part.bytes(),
                    Some(expected),
                    "{path}: row {start} of {}",
                    entry.name
                );
            }
        }
    }
    assert!(sliced > 0, "no golden V1 checkpoint is partitioned");
}

/// Writes a sharded checkpoint of two files.
fn sharded(prefix: &Path) {
    for shard in 0..2 {
        let mut writer = Writer::create(shard_path(prefix, shard, 2)).expect("a writer");
        let value = Tensor::scalar(shard as f32);
        writer
            .add(format!("v{shard}"), value.view())
            .expect("a tensor");
        writer.finish().expect("a file");
    }
}

#[test]
fn the_prefix_of_a_sharded_checkpoint_leads_to_its_pattern() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let prefix = folder.path().join("model-7");
    sharded(&prefix);
    let error = Reader::open(&prefix).expect_err("the prefix alone is no file");
    assert_eq!(error.status(), Status::NotFound, "{error}");
    assert!(
        error.to_string().contains("model-7-?????-of-00002"),
        "no pattern in: {error}"
    );
    let reader = Reader::open(folder.path().join("model-7-?????-of-00002")).expect("the pattern");
    assert_eq!(
        reader.read("v1").expect("v1").values::<f32>(),
        Some(vec![1.0])
    );
}

#[test]
fn damage_in_a_block_is_noticed() {
    let golden = Golden::load();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for case in golden.of_kind(KINDS) {
        for file in find_files(&golden.path(&case.field::<String>("save_path"))).expect("files") {
            let bytes = fs::read(&file).expect("golden");
            let damaged = folder.path().join("damaged");
            for place in [0, bytes.len() / 2, bytes.len() - 60, bytes.len() - 1] {
                let mut bytes = bytes.clone();
                bytes[place] ^= 1;
                fs::write(&damaged, bytes).expect("the copy can be written");
                let read = Reader::open(&damaged).and_then(|reader| reader.verify());
                let error = read.expect_err("the damage must be noticed");
                let file = file.display();
                assert_eq!(
                    error.status(),
                    Status::DataLoss,
                    "{file}, byte {place}: {error}"
                );
            }
        }
    }
}
