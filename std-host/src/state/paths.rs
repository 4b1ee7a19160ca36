//! Paths as TensorFlow treats them: prefixes are text, joined and split as Python's `os.path` does.

use std::path::{Component, Path, PathBuf, is_separator};

use crate::management::ManagementError;

/// The path as text, which state files require.
pub(crate) fn as_text(path: &Path) -> Result<&str, ManagementError> {
    path.to_str().ok_or_else(|| ManagementError::NotUtf8 {
        path: path.to_path_buf(),
    })
}

/// What stands before the last separator; empty for a bare name (`os.path.dirname`).
pub(crate) fn dirname(path: &str) -> &str {
    let Some(last) = path.rfind(is_separator) else {
        return "";
    };
    let (head, _) = path.split_at(last);
    let trimmed = head.trim_end_matches(is_separator);
    if trimmed.is_empty() {
        path.get(..=last).unwrap_or(path)
    } else {
        trimmed
    }
}

/// What stands after the last separator (`os.path.basename`).
pub(crate) fn basename(path: &str) -> &str {
    path.rsplit(is_separator).next().unwrap_or(path)
}

/// `path` as seen from `directory`; absolute paths stay as they are (`os.path.join`).
pub(crate) fn join(directory: &str, path: &str) -> String {
    if directory.is_empty() || Path::new(path).is_absolute() {
        return path.to_owned();
    }
    if directory.ends_with(is_separator) {
        return format!("{directory}{path}");
    }
    format!("{directory}/{path}")
}

/// `path` relative to `start`, both resolved as text against the current folder
/// (`os.path.relpath`).
pub(crate) fn relative(path: &str, start: &str) -> Option<String> {
    let path = normalized(path)?;
    let start = normalized(start)?;
    let shared = path
        .components()
        .zip(start.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = start
        .components()
        .skip(shared)
        .map(|_| Component::ParentDir);
    let down = path.components().skip(shared);
    let relative: PathBuf = up.chain(down).collect();
    if relative.as_os_str().is_empty() {
        return Some(".".to_owned());
    }
    relative.to_str().map(str::to_owned)
}

/// The absolute path without `.` and `..`, not following links (`os.path.abspath`).
fn normalized(path: &str) -> Option<PathBuf> {
    let path = if path.is_empty() { "." } else { path };
    let absolute = std::path::absolute(path).ok()?;
    let mut out = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            kept => out.push(kept),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_and_join_as_in_python() {
        let cases = [
            ("a/m", "a", "m"),
            ("m", "", "m"),
            ("/m", "/", "m"),
            ("a/b/", "a/b", ""),
        ];
        for (path, directory, name) in cases {
            assert_eq!((dirname(path), basename(path)), (directory, name), "{path}");
        }
        assert_eq!(join("d", "m-1"), "d/m-1");
        assert_eq!(join("d/", "m-1"), "d/m-1");
        assert_eq!(join("", "m-1"), "m-1");
        assert_eq!(join("d", "/abs/m-1"), "/abs/m-1");
    }

    #[test]
    fn relative_paths_climb_to_the_common_folder() {
        assert_eq!(relative("/a/b/m-1", "/a/b").as_deref(), Some("m-1"));
        assert_eq!(relative("/a/c/m-1", "/a/b").as_deref(), Some("../c/m-1"));
        assert_eq!(relative("d/../d/./m-1", "d").as_deref(), Some("m-1"));
        assert_eq!(relative("d", "d").as_deref(), Some("."));
        assert_eq!(relative("m-1", "").as_deref(), Some("m-1"));
    }
}
