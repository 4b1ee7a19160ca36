//! What the text of the sources promises: where `unsafe` stands, and that the core has nothing
//! that can panic.
//!
//! That no panic is *reachable* is proved of linked images (`cargo xtask prove`); this finds the
//! call that no image happens to contain.
use std::{
    fs,
    path::{Path, PathBuf},
};
use xtask::root;

/// Folders, and files, that may contain `unsafe`.
const MAY_BE_UNSAFE: [&str; 6] = [
    "core/src/kernel/",
    // Start-up, drivers and semihosting.
    "firmware-examples/boards/",
    // Pointers from C, and the programs that are linked with them.
    "firmware-examples/gradlet-c/",
    "firmware-examples/from_c/",
    // A file in memory; an estimate that only the processor knows.
    "std-host/src/mmap.rs",
    "tests/src/eigen.rs",
];

/// The word, in two parts so that this file does not contain it.
const UNSAFE: &str = concat!("un", "safe");

/// Calls that panic.
const PANICS: [&str; 11] = [
    ".unwrap()",
    ".expect(",
    ".unwrap_err()",
    ".expect_err(",
    "panic!(",
    "unreachable!(",
    "todo!(",
    "unimplemented!(",
    "assert!(",
    "assert_eq!(",
    "assert_ne!(",
];

#[test]
fn unsafe_stands_only_in_kernels_drivers_and_borders() {
    let mut seen = 0;
    for (name, text) in sources("") {
        let is_allowed = MAY_BE_UNSAFE.iter().any(|place| name.starts_with(place));
        for (number, line) in code(&text) {
            let is_unsafe = words(line).any(|word| word == UNSAFE);
            assert!(
                is_allowed || !is_unsafe,
                "{name}:{number} has {UNSAFE} code: {line}"
            );
            seen += usize::from(is_unsafe);
        }
    }
    assert!(seen > 0, "no source was read");
}

#[test]
fn nothing_in_the_core_panics() {
    let mut lines = 0;
    for (name, text) in sources("core/src/") {
        for (number, line) in code(before_the_tests(&text)) {
            lines += 1;
            let call = PANICS.iter().find(|call| line.contains(**call));
            // Checked by the compiler.
            let is_constant = line.contains("const {") || line.contains("const _: ()");
            // A mistake in a test's own parameters, found when it is compiled.
            let is_constant = is_constant || name.starts_with("core/src/mock_flash/");
            assert!(
                call.is_none() || is_constant,
                "{name}:{number} can panic: {line}"
            );
        }
    }
    assert!(lines > 1000, "no source was read");
}

/// A file's own tests stand at its end.
fn before_the_tests(text: &str) -> &str {
    let end = text
        .find("#[cfg(test)]\nmod ")
        .or_else(|| text.find("#[cfg(all(test"));
    &text[..end.unwrap_or(text.len())]
}

/// The lines without comments, and their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""));
    (1..).zip(lines)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Name and text of every source beneath a folder of the repository.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = root::repository();
    let mut sources = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).expect("a folder of the repository");
        for path in entries.map(|entry| entry.expect("an entry of it").path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // What is made, and what tools keep for themselves.
            let is_ours = name != "target" && !name.starts_with('.') && name != "fuzz";
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("a source is text");
                sources.push((relative(root, path), text));
            }
        }
    }
    sources
}

fn relative(root: &Path, path: PathBuf) -> String {
    let inside = path.strip_prefix(root).unwrap_or(&path);
    inside.to_string_lossy().into_owned()
}
