//! What is said of a folder that is not what its manifest says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use story::{Build, Story};
use tempfile::TempDir;

/// The story to damage: always the same one, because each lie is told about a part that it has.
fn whole() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/stories/wand_digits")
}

/// A copy of its files.
fn copy() -> TempDir {
    let from = whole();
    let copy = tempfile::tempdir().expect("a temporary folder");
    for entry in fs::read_dir(from).expect("a folder that can be listed") {
        let entry = entry.expect("a folder that can be listed");
        if entry.path().is_file() {
            // Written anew, for the original may be read-only.
            let content = fs::read(entry.path()).expect("a file that can be read");
            fs::write(copy.path().join(entry.file_name()), content).expect("a file to write");
        }
    }
    copy
}

/// Changes the manifest.
fn edit(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let text = fs::read(&path).expect("a manifest");
    let mut manifest = serde_json::from_slice(&text).expect("JSON");
    change(&mut manifest);
    fs::write(&path, manifest.to_string()).expect("a manifest to write");
}

/// What is said of the folder; it must be refused.
fn said(folder: &Path) -> String {
    match Story::open(folder) {
        Ok(_) => panic!("{} was taken", folder.display()),
        Err(error) => error.to_string(),
    }
}

/// Checks that all `parts` are in `text`.
fn names(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[test]
fn a_whole_copy_is_taken() {
    let folder = copy();
    Story::open(folder.path()).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_missing_file_is_named() {
    for name in [
        "manifest.json",
        "x.i8.bin",
        "head0_w.f32.bin",
        "backbone_int8.bin",
    ] {
        let folder = copy();
        fs::remove_file(folder.path().join(name)).expect("a file to remove");
        names(&said(folder.path()), &[name]);
    }
}

#[test]
fn a_truncated_file_is_refused_with_both_lengths() {
    for name in [
        "x.i8.bin",
        "y.u8.bin",
        "head0_b.f32.bin",
        "backbone_int8.bin",
        "idx_test.u16.bin",
    ] {
        let folder = copy();
        let path = folder.path().join(name);
        let content = fs::read(&path).expect("a file");
        fs::write(&path, &content[..content.len() - 1]).expect("a file to write");
        let (expected, found) = (content.len(), content.len() - 1);
        let lengths = format!("expected {expected}, found {found}");
        names(&said(folder.path()), &[name, &lengths]);
    }
}

#[test]
fn a_flipped_bit_is_refused_by_the_hash() {
    for name in [
        "x.i8.bin",
        "y.u8.bin",
        "head0_w.f32.bin",
        "idx_test.u16.bin",
    ] {
        let folder = copy();
        let path = folder.path().join(name);
        let mut content = fs::read(&path).expect("a file");
        content[0] ^= 1;
        fs::write(&path, content).expect("a file to write");
        names(
            &said(folder.path()),
            &[name, "SHA-256", "expected", "found"],
        );
    }
}

#[test]
fn a_manifest_that_is_no_json_is_refused_with_its_line() {
    let folder = copy();
    fs::write(folder.path().join("manifest.json"), "{\n\"title\": ").expect("a file to write");
    names(&said(folder.path()), &["manifest.json", "line 2"]);
}

/// A change to the manifest, and what must then be named beside the manifest itself.
type Lie = (fn(&mut Value), &'static [&'static str]);

#[test]
fn a_manifest_that_contradicts_the_graph_is_refused() {
    let lies: [Lie; 14] = [
        (
            |m| m["int8_graph"]["ops"][0]["op"] = json!("SOFTMAX"),
            &["SOFTMAX", "CONV_2D"],
        ),
        (|m| m["int8_graph"]["ops"] = json!([]), &["ops"]),
        (
            |m| m["int8_graph"]["ops"][0]["outputs"] = json!([9999]),
            &["9999"],
        ),
        (
            |m| m["int8_graph"]["ops"][1]["inputs"][0] = json!(0),
            &["ops[1]", "Some(0)"],
        ),
        (
            |m| m["int8_graph"]["tensors"][0]["dtype"] = json!("float32"),
            &["float32", "int8"],
        ),
        (
            |m| m["int8_graph"]["tensors"][0]["scales"] = json!([-1.0]),
            &["-1", "positive"],
        ),
        (
            |m| m["int8_graph"]["tensors"][0]["zero_points"] = json!([300]),
            &["300", "127"],
        ),
        (
            |m| m["layers"][0]["stride"] = json!([3, 3]),
            &["ops[0]", "height and width"],
        ),
        (
            |m| m["layers"][0]["stride"] = json!([0, 1]),
            &["stride", "found 0"],
        ),
        (
            |m| m["layers"][0]["pad"] = json!("reflect"),
            &["reflect", "same"],
        ),
        (|m| m["layers"][0]["act"] = json!("gelu"), &["gelu", "relu"]),
        (
            |m| m["layers"][0]["out"] = json!([1, 1, 1]),
            &["ops[0]", "[1, 1, 1]"],
        ),
        (
            |m| drop(m["layers"].as_array_mut().map(|layers| layers.remove(2))),
            &["int8_graph"],
        ),
        (|m| m["feature"]["dim"] = json!(7), &["last output", "(7, "]),
    ];
    for (number, (lie, parts)) in lies.into_iter().enumerate() {
        let folder = copy();
        edit(folder.path(), lie);
        let text = said(folder.path());
        assert!(text.contains("expected"), "lie {number} gave: {text}");
        names(&text, &["manifest.json"]);
        names(&text, parts);
    }
}

#[test]
fn constants_beyond_the_blob_are_refused() {
    let folder = copy();
    edit(folder.path(), |manifest| {
        for tensor in manifest["int8_graph"]["tensors"]
            .as_array_mut()
            .expect("a list")
        {
            if tensor["offset"].is_number() {
                tensor["offset"] = json!(u64::MAX - 3);
            }
        }
    });
    names(
        &said(folder.path()),
        &["backbone_int8.bin", "18446744073709551612"],
    );
}

#[test]
fn rows_and_labels_outside_the_data_set_are_refused() {
    // With the hashes gone, so that the values themselves are looked at.
    let without_hashes = |folder: &Path| {
        edit(folder, |manifest| {
            for entry in manifest["files"]
                .as_object_mut()
                .expect("files")
                .values_mut()
            {
                entry.as_object_mut().expect("an entry").remove("sha256");
            }
        });
    };
    for (name, what) in [("y.u8.bin", "label 0"), ("idx_test.u16.bin", "element 0")] {
        let folder = copy();
        without_hashes(folder.path());
        let path = folder.path().join(name);
        let mut content = fs::read(&path).expect("a file");
        content[..2].fill(0xff);
        fs::write(&path, content).expect("a file to write");
        names(&said(folder.path()), &[name, what, "expected", "found"]);
    }
}

#[test]
fn an_unknown_training_order_is_refused_with_those_that_there_are() {
    let folder = whole();
    let story = Story::open(&folder).unwrap_or_else(|error| panic!("{error}"));
    let error = story.training("backwards").expect_err("no such order");
    names(&error.to_string(), &["backwards", "replay"]);

    let out = tempfile::tempdir().expect("a temporary folder");
    let build = Build::of(&folder.to_string_lossy()).mode("backwards");
    assert!(build.write(out.path()).is_err(), "generated for no order");
    let written = fs::read_dir(out.path()).expect("a folder").count();
    assert_eq!(written, 0, "files written for a story that was refused");
}
