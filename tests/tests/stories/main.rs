//! A story's folder: the frozen backbone gives TensorFlow Lite's features, bit for bit, a folder that
//! is not what its manifest says is refused, and a trained head's checkpoint costs what it should.
//!
//! `GRADLET_STORY` names a story's folder, or a folder of such folders, absolute or relative to the
//! repository; by default it is `tests/data/stories`.

mod checkpoint_sizes;
mod features;
mod low_memory;
mod refusals;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folders of the stories to test, of which there is at least one.
fn folders() -> Vec<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = match env::var_os("GRADLET_STORY") {
        Some(folder) if !folder.is_empty() => repository.join(folder),
        _ => repository.join("tests/data/stories"),
    };
    if folder.join("manifest.json").exists() {
        return vec![folder];
    }
    let entries = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("no stories in {}: {error}", folder.display()));
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder that can be listed").path())
        .filter(|path| path.join("manifest.json").exists())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "no stories in {}", folder.display());
    folders
}
