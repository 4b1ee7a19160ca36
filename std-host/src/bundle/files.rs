//! Names of a bundle's files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `P.index`.
pub fn index_path(prefix: &Path) -> PathBuf {
    with_suffix(prefix, ".index")
}

/// `P.data-SSSSS-of-NNNNN`: data file `shard` (from 0) of `shards`.
pub fn data_path(prefix: &Path, shard: u32, shards: u32) -> PathBuf {
    with_suffix(prefix, &format!(".data-{shard:05}-of-{shards:05}"))
}

/// The prefix that `path` would belong to, if it is named like a bundle's index or data file.
pub(crate) fn prefix_of_file(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".index").or_else(|| {
        let (stem, numbers) = name.rsplit_once(".data-")?;
        let (shard, shards) = numbers.split_once("-of-")?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits(shard) && digits(shards)).then_some(stem)
    })?;
    Some(path.with_file_name(stem))
}

fn with_suffix(prefix: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(prefix);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lead_back_to_the_prefix() {
        let prefix = Path::new("run/model.ckpt-7");
        assert_eq!(
            data_path(prefix, 1, 3),
            Path::new("run/model.ckpt-7.data-00001-of-00003")
        );
        for file in [index_path(prefix), data_path(prefix, 1, 3)] {
            assert_eq!(prefix_of_file(&file).as_deref(), Some(prefix));
        }
        assert_eq!(prefix_of_file(Path::new("run/model.data-x-of-y")), None);
        assert_eq!(prefix_of_file(prefix), None);
    }
}
