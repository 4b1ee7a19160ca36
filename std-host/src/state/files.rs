//! The files of a checkpoint: whether they exist, how old they are, removing them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::paths;
use crate::error::Error;
use crate::management::ManagementError;

/// Which files a checkpoint consists of (`SaverDef.CheckpointFormatVersion`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FormatVersion {
    /// One table, named as the prefix; sharded ones have `-?????-of-nnnnn` in their prefix.
    V1,
    /// An index and data files beside it.
    #[default]
    V2,
}

/// Whether a V2 or V1 checkpoint has this prefix (`tf.compat.v1.train.checkpoint_exists`).
pub fn checkpoint_exists(prefix: &str) -> bool {
    find_file(prefix).is_some()
}

/// When each checkpoint was written, in seconds since 1970, by the age of its index or V1 file;
/// checkpoints that are gone are left out (`tf.compat.v1.train.get_checkpoint_mtimes`).
pub fn get_checkpoint_mtimes<'p>(prefixes: impl IntoIterator<Item = &'p str>) -> Vec<f64> {
    prefixes.into_iter().filter_map(modified).collect()
}

/// When one checkpoint was written.
pub(crate) fn modified(prefix: &str) -> Option<f64> {
    let modified = fs::metadata(find_file(prefix)?).ok()?.modified().ok()?;
    Some(
        modified
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64()),
    )
}

/// Removes the files of a checkpoint and its `.meta` file, in TensorFlow's order: `.meta`,
/// `.index`, data, so that what is left half-way is not taken for a checkpoint
/// (`tf.compat.v1.train.remove_checkpoint`).
///
/// Unlike TensorFlow, only `?` is a pattern here, and only in the file name: `*` and `[` in a
/// prefix stand for themselves and can never remove other files.
///
/// # Errors
/// A file that is there cannot be removed.
pub fn remove_checkpoint(
    prefix: &str,
    version: FormatVersion,
    meta_graph_suffix: &str,
) -> Result<(), ManagementError> {
    remove_matching(&meta_graph_filename(prefix, meta_graph_suffix))?;
    match version {
        FormatVersion::V1 => remove_matching(prefix),
        FormatVersion::V2 => remove_bundle(prefix),
    }
}

/// Removes index and data files of a V2 checkpoint.
pub(crate) fn remove_bundle(prefix: &str) -> Result<(), ManagementError> {
    remove_matching(&format!("{prefix}.index"))?;
    remove_matching(&format!("{prefix}.data-?????-of-?????"))
}

/// The name of the MetaGraph file of a checkpoint: `model.ckpt-7-?????-of-00003` and
/// `model.ckpt-7` have the same.
pub fn meta_graph_filename(prefix: &str, suffix: &str) -> String {
    format!("{}.{suffix}", without_shard(prefix))
}

/// The prefix without `-?????-of-nnnnn` or `-iiiii-of-nnnnn` at its end.
fn without_shard(prefix: &str) -> &str {
    let strip = || {
        let (head, count) = prefix.rsplit_once("-of-")?;
        let (base, shard) = head.rsplit_once('-')?;
        let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        let shard_like = !shard.is_empty() && shard.chars().all(|c| c.is_ascii_digit() || c == '?');
        (digits(count) && shard_like).then_some(base)
    };
    strip().unwrap_or(prefix)
}

/// The index of a V2 checkpoint, or the first file of a V1 checkpoint.
fn find_file(prefix: &str) -> Option<PathBuf> {
    let first = |pattern: &str| matching(pattern).ok()?.into_iter().next();
    first(&format!("{prefix}.index")).or_else(|| first(prefix))
}

/// Existing files whose path is `pattern`, in which `?` in the file name stands for any character.
fn matching(pattern: &str) -> io::Result<Vec<PathBuf>> {
    let path = Path::new(pattern);
    if path.exists() {
        return Ok(vec![path.to_path_buf()]);
    }
    let name = paths::basename(pattern);
    if !name.contains('?') {
        return Ok(Vec::new());
    }
    let folder = match paths::dirname(pattern) {
        "" => ".",
        folder => folder,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_str()
            .is_some_and(|file| is_match(name, file))
        {
            found.push(Path::new(folder).join(entry.file_name()));
        }
    }
    found.sort();
    Ok(found)
}

fn is_match(pattern: &str, name: &str) -> bool {
    let mut letters = name.chars();
    pattern
        .chars()
        .all(|p| letters.next().is_some_and(|c| p == '?' || p == c))
        && letters.next().is_none()
}

fn remove_matching(pattern: &str) -> Result<(), ManagementError> {
    let files = match matching(pattern) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        result => result.map_err(Error::io("list files like", Path::new(pattern)))?,
    };
    for file in files {
        match fs::remove_file(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                log::warn!("{} was removed by somebody else", file.display());
            }
            result => result.map_err(Error::io("remove", &file))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meta_file_of_a_sharded_checkpoint_has_no_shard_in_its_name() {
        let cases = [
            ("m-7", "m-7.meta"),
            ("m-7-?????-of-00003", "m-7.meta"),
            ("m-7-00001-of-00003", "m-7.meta"),
            ("m-of-3", "m-of-3.meta"),
            ("m-x-of-3", "m-x-of-3.meta"),
        ];
        for (prefix, meta) in cases {
            assert_eq!(meta_graph_filename(prefix, "meta"), meta);
        }
    }

    #[test]
    fn removing_a_checkpoint_leaves_its_neighbours() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let others = [
            "m-1.index.old",
            "m-10.index",
            "m-1.data-00000-of-000010",
            "xm-1.index",
        ];
        let mine = [
            "m-1.index",
            "m-1.data-00000-of-00002",
            "m-1.data-00001-of-00002",
            "m-1.meta",
        ];
        for name in others.iter().chain(&mine) {
            fs::write(path(name), "").unwrap();
        }
        let prefix = path("m-1").to_str().unwrap().to_owned();
        assert!(checkpoint_exists(&prefix));
        remove_checkpoint(&prefix, FormatVersion::V2, "meta").unwrap();
        for name in others {
            assert!(
                path(name).exists(),
                "{name} belongs to nobody and must stay"
            );
        }
        for name in mine {
            assert!(!path(name).exists(), "{name} must be removed");
        }
        assert!(!checkpoint_exists(&prefix));
        remove_checkpoint(&prefix, FormatVersion::V2, "meta").expect("removing again is no error");
    }
}
