//! What to tell a person who asked for a checkpoint that is not there.

use std::fs;
use std::path::Path;

use super::files::{index_path, prefix_of_file};
use crate::error::Error;
use crate::similar::most_similar;
use crate::staged::folder_of;
use crate::v1::is_v1;

/// More neighbours than this are not compared: the hint is a courtesy.
const MOST_NEIGHBOURS: usize = 10_000;

/// The error for a prefix without an index.
pub(super) fn no_checkpoint(prefix: &Path) -> Error {
    Error::NoCheckpoint {
        prefix: prefix.to_path_buf(),
        hint: hint(prefix),
    }
}

fn hint(prefix: &Path) -> String {
    if let Some(meant) = prefix_of_file(prefix).filter(|meant| index_path(meant).exists()) {
        let meant = meant.display();
        return format!("this is one of a checkpoint's files; pass its prefix, {meant}");
    }
    if prefix.is_dir() {
        return match prefixes_in(prefix).as_slice() {
            [] => "this is a folder without checkpoints".to_owned(),
            names => {
                let first = prefix.join(&names[0]);
                let count = names.len();
                format!(
                    "this is a folder with {count} checkpoints; pass one, {}",
                    first.display()
                )
            }
        };
    }
    if is_v1(prefix) {
        return "this is a V1 checkpoint, a single file without an index; read it as V1".to_owned();
    }
    if prefix.is_file() {
        let folder = folder_of(prefix);
        let beside = prefixes_in(folder);
        if let Some(first) = beside.first() {
            let first = folder.join(first);
            return format!(
                "this file is no checkpoint; beside it is {}",
                first.display()
            );
        }
        return "this file is no checkpoint".to_owned();
    }
    let index = index_path(prefix);
    let folder = folder_of(prefix);
    if !folder.is_dir() {
        return format!("the folder {} does not exist", folder.display());
    }
    let beside = prefixes_in(folder);
    let wanted = prefix
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let similar = wanted.and_then(|wanted| {
        most_similar(wanted.as_bytes(), beside.iter().map(String::as_bytes))
            .map(|found| folder.join(String::from_utf8_lossy(found).as_ref()))
    });
    match similar {
        Some(similar) => format!(
            "there is no {}; did you mean {}?",
            index.display(),
            similar.display()
        ),
        None => format!("there is no {}", index.display()),
    }
}

/// Prefixes of the bundles in a folder, in order.
fn prefixes_in(folder: &Path) -> Vec<String> {
    let Ok(files) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = files
        .take(MOST_NEIGHBOURS)
        .filter_map(|file| {
            Some(
                file.ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(".index")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    names
}
