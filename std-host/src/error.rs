//! What can go wrong with a checkpoint: each error names the file, the tensor and the place, what
//! was expected and found, and where it helps, what to do next.

use std::io;
use std::path::{Path, PathBuf};

use crate::dtype::DType;
use crate::name::Name;

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// TensorFlow's classes of error (`tf.errors`), to compare behaviour with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// `InvalidArgumentError`
    InvalidArgument,
    /// `NotFoundError`
    NotFound,
    /// `PermissionDeniedError`
    PermissionDenied,
    /// `ResourceExhaustedError`: a full disk
    ResourceExhausted,
    /// `OutOfRangeError`
    OutOfRange,
    /// `UnimplementedError`
    Unimplemented,
    /// `InternalError`
    Internal,
    /// `DataLossError`
    DataLoss,
    /// `UnknownError`
    Unknown,
}

/// Why a checkpoint could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What was being done, as a verb phrase that the path follows.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// There is no checkpoint under this prefix.
    #[error("no checkpoint at {}: {hint}", prefix.display())]
    NoCheckpoint {
        /// The prefix asked for.
        prefix: PathBuf,
        /// What was found instead and what to pass.
        hint: String,
    },
    /// A dump of flash holds no region, or not the checkpoint that was asked for.
    #[error("{}: {reason}", path.display())]
    NoRegion {
        /// The dump.
        path: PathBuf,
        /// What was not found, and what to pass.
        reason: String,
    },
    /// The file is no sorted table, or its end is missing.
    #[error("{} is not a TensorFlow index or V1 checkpoint: {reason}", path.display())]
    NotATable {
        /// The file.
        path: PathBuf,
        /// What is missing, and what the file may be instead.
        reason: String,
    },
    /// A sorted table is damaged.
    #[error("{} is damaged at byte {offset}: {reason}", path.display())]
    DamagedTable {
        /// The file.
        path: PathBuf,
        /// Where, in the file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A block of a sorted table does not have its checksum.
    #[error(
        "{} is damaged: the block of {size} bytes at byte {offset} has checksum {computed:#010x}, \
         stored is {stored:#010x}; take another copy or an older checkpoint", path.display()
    )]
    BlockChecksum {
        /// The file.
        path: PathBuf,
        /// Where the block starts.
        offset: u64,
        /// Its length.
        size: u64,
        /// The stored checksum, unmasked.
        stored: u32,
        /// The checksum of the bytes found.
        computed: u32,
    },
    /// The checkpoint was written for newer or other readers.
    #[error("{} cannot be read by this version: {reason}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Which rule of its header refuses.
        reason: String,
    },
    /// A record of the index cannot be understood.
    #[error("{}: the record of tensor \"{name}\" is damaged: {reason}", path.display())]
    DamagedEntry {
        /// The index.
        path: PathBuf,
        /// The tensor.
        name: Name,
        /// What is wrong.
        reason: String,
    },
    /// The checkpoint has no such tensor.
    #[error("no tensor \"{name}\" in checkpoint {}{hint}", prefix.display())]
    NoTensor {
        /// The checkpoint.
        prefix: PathBuf,
        /// The tensor asked for.
        name: Name,
        /// Names that nearly match, as a clause, or nothing.
        hint: String,
    },
    /// The tensor has another element type than asked for.
    #[error("tensor \"{name}\" holds {found}, {expected} was asked for; convert it after reading")]
    WrongDType {
        /// The tensor.
        name: Name,
        /// The type asked for.
        expected: DType,
        /// The type stored.
        found: DType,
    },
    /// The stored length does not fit the type and shape.
    #[error(
        "{}: tensor \"{name}\" of {dtype} and shape {shape:?} takes {expected} bytes, its record \
         says {found}", path.display()
    )]
    WrongSize {
        /// The index.
        path: PathBuf,
        /// The tensor.
        name: Name,
        /// Its element type.
        dtype: DType,
        /// Its shape.
        shape: Vec<u64>,
        /// Bytes that type and shape make.
        expected: u64,
        /// Bytes recorded.
        found: u64,
    },
    /// The data file ends before the tensor does.
    #[error(
        "{} is too short for tensor \"{name}\": bytes {offset} to {end} are needed, it has {found}; \
         index and data are of different saves, or the file was cut", path.display(),
         end = offset.saturating_add(*size)
    )]
    ShortData {
        /// The data file.
        path: PathBuf,
        /// The tensor.
        name: Name,
        /// Where it starts.
        offset: u64,
        /// Its length.
        size: u64,
        /// Length of the file.
        found: u64,
    },
    /// A tensor's bytes do not have the checksum of the index.
    #[error(
        "{}: tensor \"{name}\" ({size} bytes at byte {offset}) has checksum {computed:#010x}, the \
         index says {stored:#010x}: the data are damaged, or index and data are of different \
         saves; take another copy or an older checkpoint", path.display()
    )]
    TensorChecksum {
        /// The data file.
        path: PathBuf,
        /// The tensor.
        name: Name,
        /// Where it starts.
        offset: u64,
        /// Its length.
        size: u64,
        /// The stored checksum, unmasked.
        stored: u32,
        /// The checksum of the bytes found.
        computed: u32,
    },
    /// The elements of a string or variant tensor do not fit the bytes stored.
    #[error("{}: tensor \"{name}\" at byte {offset} is damaged: {reason}", path.display())]
    DamagedTensor {
        /// The data file.
        path: PathBuf,
        /// The tensor.
        name: Name,
        /// Where the trouble is, in the file.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The stored slices of a partitioned tensor leave a part of what is asked for uncovered.
    #[error(
        "tensor \"{name}\" of {} is partitioned and its slices do not cover {asked}{hint}",
        prefix.display()
    )]
    MissingSlices {
        /// The checkpoint.
        prefix: PathBuf,
        /// The tensor.
        name: Name,
        /// The slice asked for.
        asked: String,
        /// What is stored, as a clause.
        hint: String,
    },
    /// Two stored slices of a partitioned tensor overlap.
    #[error("tensor \"{name}\" of {}: slices {first} and {second} overlap", prefix.display())]
    OverlappingSlices {
        /// The checkpoint.
        prefix: PathBuf,
        /// The tensor.
        name: Name,
        /// One slice.
        first: String,
        /// The other.
        second: String,
    },
    /// A device checkpoint is damaged, or is none.
    #[error(
        "{} is no whole device checkpoint: at byte {offset}: {reason}; receive it again, or take an \
         older one", path.display()
    )]
    DamagedDevice {
        /// The file.
        path: PathBuf,
        /// Offset of the damaged part in the file.
        offset: u64,
        /// What was expected and found there.
        reason: String,
    },
    /// No whole checkpoint came over a line.
    #[error(
        "{why} on {} before a checkpoint was complete: {missing} ({frames} frames came, {damaged} \
         damaged ones); let the device send it again", line.display()
    )]
    NotReceived {
        /// The line.
        line: PathBuf,
        /// What ended the wait.
        why: &'static str,
        /// Which bytes have not come.
        missing: String,
        /// Frames that came intact.
        frames: u64,
        /// Frames that came damaged.
        damaged: u64,
    },
    /// Something about a tensor or a slice that the caller passed is wrong.
    #[error("tensor \"{name}\": {reason}")]
    InvalidTensor {
        /// The tensor.
        name: Name,
        /// What is wrong.
        reason: String,
    },
    /// Something else that the caller passed is wrong.
    #[error("{0}")]
    InvalidArgument(String),
    /// The format allows it, this library does not handle it.
    #[error("{}: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is not handled.
        reason: String,
    },
    /// A writer that failed before is used again.
    #[error("the checkpoint {} cannot be finished: an earlier write failed", prefix.display())]
    Unfinished {
        /// The checkpoint.
        prefix: PathBuf,
    },
}

impl Error {
    /// TensorFlow's class for this error.
    pub fn status(&self) -> Status {
        match self {
            Error::Io { source, .. } => io_status(source),
            Error::NoCheckpoint { .. } | Error::NoRegion { .. } | Error::NoTensor { .. } => {
                Status::NotFound
            }
            Error::NotATable { .. }
            | Error::DamagedTable { .. }
            | Error::BlockChecksum { .. }
            | Error::DamagedEntry { .. }
            | Error::WrongSize { .. }
            | Error::TensorChecksum { .. }
            | Error::DamagedTensor { .. }
            | Error::DamagedDevice { .. }
            | Error::NotReceived { .. } => Status::DataLoss,
            Error::ShortData { .. } => Status::OutOfRange,
            Error::Version { .. }
            | Error::WrongDType { .. }
            | Error::MissingSlices { .. }
            | Error::InvalidTensor { .. }
            | Error::InvalidArgument(_) => Status::InvalidArgument,
            Error::Unsupported { .. } => Status::Unimplemented,
            Error::OverlappingSlices { .. } | Error::Unfinished { .. } => Status::Internal,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    }
}

fn io_status(source: &io::Error) -> Status {
    match source.kind() {
        io::ErrorKind::NotFound => Status::NotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Status::PermissionDenied
        }
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::OutOfMemory => Status::ResourceExhausted,
        io::ErrorKind::InvalidInput => Status::InvalidArgument,
        io::ErrorKind::UnexpectedEof => Status::OutOfRange,
        _ => Status::Unknown,
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space or write elsewhere (nothing half-written was left behind)"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; check who owns the folder and whether it is writable"
        }
        _ => "",
    }
}
