//! What can go wrong with a record file.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Status;

/// Why a record could not be read or written; offsets count decompressed bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The operating system refused, or compressed data are damaged.
    #[error("{} at byte {offset}: {source}", place(path))]
    Io {
        /// The file, where it is known.
        path: Option<PathBuf>,
        /// Start of the record.
        offset: u64,
        /// The reason.
        source: io::Error,
    },
    /// The file ends within a record.
    #[error(
        "{}: truncated record at byte {offset}: {expected} bytes are needed, {found} are left; \
         the records before it are whole",
        place(path)
    )]
    Truncated {
        /// The file, where it is known.
        path: Option<PathBuf>,
        /// Start of the record.
        offset: u64,
        /// Bytes the record takes.
        expected: u64,
        /// Bytes that are left.
        found: u64,
    },
    /// The length of a record does not have its checksum.
    #[error(
        "{}: corrupted record at byte {offset}: its length has checksum {computed:#010x}, stored \
         is {stored:#010x}; the file is damaged, no record file, or compressed in another way",
        place(path)
    )]
    LengthChecksum {
        /// The file, where it is known.
        path: Option<PathBuf>,
        /// Start of the record.
        offset: u64,
        /// The stored checksum, unmasked.
        stored: u32,
        /// The checksum of the bytes found.
        computed: u32,
    },
    /// The bytes of a record do not have their checksum.
    #[error(
        "{}: corrupted record at byte {offset}: its {length} bytes have checksum {computed:#010x}, \
         stored is {stored:#010x}; take another copy of the file",
        place(path)
    )]
    DataChecksum {
        /// The file, where it is known.
        path: Option<PathBuf>,
        /// Start of the record.
        offset: u64,
        /// Its length.
        length: u64,
        /// The stored checksum, unmasked.
        stored: u32,
        /// The checksum of the bytes found.
        computed: u32,
    },
}

impl RecordError {
    /// TensorFlow's class for this error.
    pub fn status(&self) -> Status {
        match self {
            RecordError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Status::NotFound
            }
            RecordError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Status::PermissionDenied
            }
            _ => Status::DataLoss,
        }
    }
}

fn place(path: &Option<PathBuf>) -> std::path::Display<'_> {
    path.as_deref()
        .unwrap_or(Path::new("the record stream"))
        .display()
}
