//! Names of a V1 checkpoint's files.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle::index_path;
use crate::error::{Error, Result};
use crate::staged::folder_of;
use crate::table::Table;

/// `P-SSSSS-of-NNNNN`: file `shard` (from 0) of `shards`.
pub fn shard_path(prefix: &Path, shard: u32, shards: u32) -> PathBuf {
    with_suffix(prefix, &format!("-{shard:05}-of-{shards:05}"))
}

/// `P-?????-of-NNNNN`: what a Saver returns and records for a sharded V1 checkpoint.
pub fn shard_pattern(prefix: &Path, shards: u32) -> PathBuf {
    with_suffix(prefix, &format!("-?????-of-{shards:05}"))
}

/// The files that make up the checkpoint `path`: the file of that name, or those that it matches
/// as a pattern (`*` and `?` in its last part), in order.
///
/// # Errors
/// [`Error::NoCheckpoint`] with a hint if there are none.
pub fn find_files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let mut found = Vec::new();
    if name.contains(['?', '*']) {
        found = names_in(folder_of(path))
            .filter(|other| matches(name, other))
            .collect();
    }
    if found.is_empty() {
        return Err(Error::NoCheckpoint {
            prefix: path.to_path_buf(),
            hint: hint(path, name),
        });
    }
    found.sort();
    Ok(found
        .into_iter()
        .map(|name| path.with_file_name(name))
        .collect())
}

fn hint(path: &Path, name: &str) -> String {
    let sharded = |other: &String| {
        let numbers = other
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix("-00000-of-"));
        numbers.and_then(|shards| shards.parse().ok())
    };
    if let Some(shards) = names_in(folder_of(path)).find_map(|other| sharded(&other)) {
        let pattern = shard_pattern(path, shards);
        return format!("it is sharded; pass {}", pattern.display());
    }
    match index_path(path).is_file() {
        true => "it is a V2 checkpoint; read it as such".to_owned(),
        false => "there is no such file".to_owned(),
    }
}

fn names_in(folder: &Path) -> impl Iterator<Item = String> {
    let files = fs::read_dir(folder).into_iter().flatten();
    files.filter_map(|file| file.ok()?.file_name().into_string().ok())
}

/// Whether `name` matches `pattern`, in which `?` stands for one character and `*` for any number.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on if what follows the last star does not match here.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(prefix);
    name.push(suffix);
    PathBuf::from(name)
}

/// The prefix and number of files that a sharded checkpoint's pattern or one of its files is
/// named for.
pub(super) fn sharded_prefix(name: &str) -> Option<(&str, u32)> {
    let (stem, shards) = name.rsplit_once("-of-")?;
    let (stem, shard) = stem.rsplit_once('-')?;
    let number = |text: &str| text.len() >= 5 && text.bytes().all(|b| b.is_ascii_digit());
    (number(shards) && (number(shard) || shard == "?????")).then_some((stem, shards.parse().ok()?))
}

/// Whether `path` is a V1 checkpoint rather than the index of a bundle.
pub(crate) fn is_v1(path: &Path) -> bool {
    path.extension()
        .is_none_or(|extension| extension != "index")
        && Table::is_table(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_shells_do() {
        for (pattern, name, expected) in [
            ("sh-?????-of-00003", "sh-00002-of-00003", true),
            ("sh-?????-of-00003", "sh-00002-of-00004", false),
            ("sh-?????-of-00003", "sh-0002-of-00003", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("*", "", true),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} against {name}");
        }
        assert_eq!(sharded_prefix("sh-42-?????-of-00003"), Some(("sh-42", 3)));
        assert_eq!(sharded_prefix("sh-42-00001-of-00003"), Some(("sh-42", 3)));
        assert_eq!(sharded_prefix("model.ckpt-7"), None);
    }
}
