//! Several bundles made one, as `MergeV2Checkpoints` does.

use std::fs;
use std::path::{Path, PathBuf};

use gradlet_host::bundle::{MergeOptions, MissingParts, OldFolders, Reader, Writer, merge};
use gradlet_host::{Durability, Extent, Slice, Status, Tensor};
use gradlet_tests::golden::Golden;

use crate::bundle::files_of;

const UNSYNCED: MergeOptions = MergeOptions {
    old_folders: OldFolders::Remove,
    missing_parts: MissingParts::Refuse,
    durability: Durability::Unsynced,
};

/// Copies the files of the bundle `from` to the prefix `to`.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a folder")).expect("the folder can be made");
    for (suffix, bytes) in files_of(from) {
        let mut path = to.as_os_str().to_owned();
        path.push(suffix);
        fs::write(path, bytes).expect("the copy can be written");
    }
}

#[test]
fn merging_gives_tensorflows_own_bytes_and_removes_the_parts() {
    let golden = Golden::load();
    for case in golden.of_kind(&["merge"]) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let parts: Vec<PathBuf> = case
            .field::<Vec<String>>("parts")
            .iter()
            .map(|part| {
                let copied = folder
                    .path()
                    .join("parts")
                    .join(Path::new(part).file_name().unwrap());
                copy(&golden.path(part), &copied);
                copied
            })
            .collect();
        assert!(!parts.is_empty(), "{} has no parts", case.name);
        let target = folder.path().join("merged");
        merge(&parts, &target, UNSYNCED).expect(&case.name);
        let prefix = &case.bundles()[0].prefix;
        assert_eq!(
            files_of(&target),
            files_of(&golden.path(prefix)),
            "{}",
            case.name
        );
        let left = folder.path().join("parts").exists();
        let expected: bool = case.field("tmp_dir_exists_after");
        assert_eq!(
            left, expected,
            "{}: whether the folder of the parts is left",
            case.name
        );
    }
}

/// A bundle with one tensor.
fn part(folder: &Path, stem: &str, name: &str, value: i32) -> PathBuf {
    let prefix = folder.join("parts").join(stem);
    let mut writer = Writer::create(&prefix).expect("a writer");
    writer
        .add(name, Tensor::scalar(value).view())
        .expect("a tensor");
    writer.finish().expect("a bundle");
    prefix
}

#[test]
fn a_merge_that_is_refused_touches_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = part(folder.path(), "first", "x", 1);
    let again = part(folder.path(), "again", "x", 2);
    let missing = folder.path().join("parts/missing");
    let target = folder.path().join("merged");
    for parts in [[&first, &again], [&first, &missing]] {
        let before = (files_of(&first), files_of(&again));
        let error = merge(&parts, &target, UNSYNCED).expect_err("the merge must be refused");
        assert_eq!(error.status(), Status::InvalidArgument, "{error}");
        assert_eq!(
            (files_of(&first), files_of(&again)),
            before,
            "a part was touched"
        );
        assert!(Reader::open(&target).is_err(), "a merged bundle appeared");
    }
}

#[test]
fn a_missing_part_is_left_out_if_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = part(folder.path(), "first", "x", 1);
    let missing = folder.path().join("parts/missing");
    let target = folder.path().join("merged");
    let options = MergeOptions {
        missing_parts: MissingParts::Skip,
        ..UNSYNCED
    };
    merge(&[&first, &missing], &target, options).expect("the missing part is left out");
    let merged = Reader::open(&target).expect("a merged bundle");
    assert_eq!(merged.read("x").expect("x").values::<i32>(), Some(vec![1]));
}

#[test]
fn a_part_without_tensors_does_not_spoil_the_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = part(folder.path(), "first", "x", 1);
    let empty = folder.path().join("parts/empty");
    Writer::create(&empty)
        .and_then(Writer::finish)
        .expect("an empty bundle");
    let last = part(folder.path(), "last", "y", 2);
    let target = folder.path().join("merged");
    merge(&[&first, &empty, &last], &target, UNSYNCED).expect("the parts merge");
    let merged = Reader::open(&target).expect("a merged bundle");
    assert_eq!(merged.read("y").expect("y").values::<i32>(), Some(vec![2]));
    assert!(
        !folder.path().join("parts").exists(),
        "the folder of the parts is left"
    );
}

#[test]
fn slices_of_one_tensor_come_together_from_several_parts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows: Vec<PathBuf> = (0..3)
        .map(|row| {
            let prefix = folder.path().join(format!("parts/{row}"));
            let slice = Slice::new([
                Extent::Range {
                    start: row,
                    length: 1,
                },
                Extent::Full,
            ]);
            let values = Tensor::from_values(&[1, 2], &[row as f32, 0.5]).expect("a row");
            let mut writer = Writer::create(&prefix).expect("a writer");
            writer
                .add_slice("table", &[3, 2], &slice, values.view())
                .expect("a slice");
            writer.finish().expect("a bundle");
            prefix
        })
        .collect();
    let target = folder.path().join("merged");
    merge(&rows, &target, UNSYNCED).expect("the parts merge");
    let table = Reader::open(&target)
        .and_then(|merged| merged.read("table"))
        .expect("the table");
    assert_eq!(
        table.values::<f32>(),
        Some(vec![0.0, 0.5, 1.0, 0.5, 2.0, 0.5])
    );
}
