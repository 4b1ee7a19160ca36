//! `TENSORFLOW.md` names nothing that is not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = include_str!("../TENSORFLOW.md");

/// Everything between backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The source files of a module.
fn sources(module: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![
        root.join(format!("{module}.rs")),
        root.join("proto").join(format!("{module}.rs")),
    ];
    let mut folders = vec![root.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => files.push(path),
            }
        }
    }
    files
}

/// Whether a module declares a public item of this name.
fn declares(module: &str, name: &str) -> bool {
    let texts = sources(module)
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    let declared = |text: &str| {
        ["fn", "struct", "enum", "trait", "const"]
            .iter()
            .any(|kind| {
                let declaration = format!("pub {kind} {name}");
                let after = text.split(&declaration).skip(1);
                let ends =
                    |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                after.into_iter().any(ends)
            })
            || text.contains(&format!("pub const fn {name}("))
    };
    texts.into_iter().any(|text| declared(&text))
}

#[test]
fn every_item_on_the_page_is_in_the_crate() {
    let mut seen = 0;
    for span in code_spans(PAGE) {
        let mut parts = span.split("::");
        let Some(module) = parts.next().filter(|module| {
            span.contains("::")
                && module
                    .chars()
                    .all(|c| c.is_lowercase() || c == '_' || c.is_ascii_digit())
        }) else {
            continue;
        };
        for name in parts {
            assert!(
                declares(module, name),
                "`{span}`: {module} declares no {name}"
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} names were found on the page");
    assert!(!declares("saver", "sav"), "a part of a name is no name");
}

#[test]
fn every_command_on_the_page_is_one() {
    let mut seen = 0;
    for span in code_spans(PAGE) {
        let Some(words) = span.strip_prefix("gradlet ") else {
            continue;
        };
        let mut words = words.split(' ');
        let command = words.next().expect("a command");
        let output = Command::new(env!("CARGO_BIN_EXE_gradlet"))
            .args([command, "--help"])
            .output()
            .unwrap();
        assert!(output.status.success(), "`{span}`");
        let help = String::from_utf8(output.stdout).unwrap();
        for option in words {
            assert!(help.contains(option), "`{span}`: no {option} in its help");
        }
        seen += 1;
    }
    assert!(seen > 0, "the page names no command");
}
