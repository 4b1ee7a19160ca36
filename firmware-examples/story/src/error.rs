use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Why a folder is not a story that can be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The manifest is not the JSON that it should be.
    #[error("{}: {source}", path.display())]
    Json {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {what}: expected {expected}, found {found}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The part of it.
        what: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
}

impl Error {
    pub(crate) fn mismatch(
        path: &Path,
        what: impl Display,
        expected: impl Display,
        found: impl Display,
    ) -> Error {
        Error::Mismatch {
            path: path.to_owned(),
            what: what.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

/// `Ok` if both are equal, else an [`Error::Mismatch`].
pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(
    path: &Path,
    what: impl Display,
    expected: T,
    found: T,
) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::mismatch(
        path,
        what,
        format_args!("{expected:?}"),
        format_args!("{found:?}"),
    ))
}
