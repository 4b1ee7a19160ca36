//! Files for readers that want some.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs, process};

/// A folder of this process. `cargo xtask fuzz` says where by `TMPDIR`, and removes it.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = env::temp_dir().join(format!("gradlet-fuzz-{}", process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder can be made");
    folder
});

/// A path in it.
pub(crate) fn path(name: &str) -> PathBuf {
    FOLDER.join(name)
}

/// A path in it, where no file is: what overwrites a file waits for the disk on some file systems.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let path = path(name);
    remove(&path);
    path
}

/// Writes a file there.
pub(crate) fn write(path: &Path, bytes: &[u8]) {
    remove(path);
    fs::write(path, bytes).expect("a temporary file can be written");
}

fn remove(path: &Path) {
    // It may not be there.
    let _ = fs::remove_file(path);
}

/// The names of everything in the folder and beside it, to see that nothing else was written.
pub(crate) fn names() -> Vec<String> {
    let entries = fs::read_dir(&*FOLDER).expect("the folder can be read");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
