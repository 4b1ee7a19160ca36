//! Looking into a checkpoint of either format.

use std::path::Path;

use crate::bundle;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::name::Name;
use crate::slice::Slice;
use crate::state::{latest_checkpoint, paths};
use crate::tensor::Tensor;
use crate::v1;

/// An open checkpoint, V2 or V1 (`tf.train.CheckpointReader`).
#[derive(Debug)]
#[non_exhaustive]
pub enum CheckpointReader {
    /// An index and data files.
    V2(bundle::Reader),
    /// Tables.
    V1(v1::Reader),
}

impl CheckpointReader {
    /// Opens the checkpoint with this prefix: a V2 one if there is one, else a V1 one, whose
    /// prefix may contain `?`, as for the files of a sharded one.
    ///
    /// # Errors
    /// There is neither, or its index is damaged.
    pub fn open(prefix: impl AsRef<Path>) -> Result<CheckpointReader> {
        match bundle::Reader::open(prefix.as_ref()) {
            Ok(reader) => Ok(CheckpointReader::V2(reader)),
            Err(missing @ Error::NoCheckpoint { .. }) => match v1::Reader::open(prefix) {
                Ok(reader) => Ok(CheckpointReader::V1(reader)),
                Err(Error::NoCheckpoint { .. }) => Err(missing),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Names, types and shapes of all tensors, in the order of their names
    /// (`get_variable_to_shape_map`, `get_variable_to_dtype_map`).
    ///
    /// # Errors
    /// The index is damaged.
    pub fn list(&self) -> Result<Vec<(Name, DType, Vec<u64>)>> {
        match self {
            CheckpointReader::V2(reader) => {
                let entries = reader.entries()?.into_iter();
                Ok(entries
                    .map(|entry| (entry.name, entry.dtype, entry.shape))
                    .collect())
            }
            CheckpointReader::V1(reader) => {
                let entries = reader.entries();
                Ok(entries
                    .map(|e| (e.name.clone(), e.dtype, e.shape.clone()))
                    .collect())
            }
        }
    }

    /// Whether there is a tensor with this name (`has_tensor`).
    ///
    /// # Errors
    /// The index is damaged.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> Result<bool> {
        match self {
            CheckpointReader::V2(reader) => reader.contains(name),
            CheckpointReader::V1(reader) => Ok(reader.contains(name)),
        }
    }

    /// Reads and checks a tensor (`get_tensor`).
    ///
    /// # Errors
    /// There is none with this name, or it is damaged.
    pub fn read(&self, name: impl AsRef<[u8]>) -> Result<Tensor> {
        match self {
            CheckpointReader::V2(reader) => reader.read(name),
            CheckpointReader::V1(reader) => reader.read(name),
        }
    }

    /// Reads and checks a part of a tensor.
    ///
    /// # Errors
    /// There is no such tensor, the part is not stored, or it is damaged.
    pub fn read_slice(&self, name: impl AsRef<[u8]>, slice: &Slice) -> Result<Tensor> {
        match self {
            CheckpointReader::V2(reader) => reader.read_slice(name, slice),
            CheckpointReader::V1(reader) => reader.read_slice(name, slice),
        }
    }
}

/// Opens a checkpoint by its prefix, or the newest one of a directory
/// (`tf.train.load_checkpoint`).
///
/// # Errors
/// [`ManagementError::NoCheckpoints`] for a directory without one; the checkpoint cannot be opened.
pub fn load_checkpoint(
    directory_or_prefix: impl AsRef<Path>,
) -> std::result::Result<CheckpointReader, ManagementError> {
    let path = directory_or_prefix.as_ref();
    if path.is_dir() {
        let directory = paths::as_text(path)?;
        let prefix =
            latest_checkpoint(directory, None)?.ok_or_else(|| ManagementError::NoCheckpoints {
                directory: directory.to_owned(),
            })?;
        return Ok(CheckpointReader::open(prefix)?);
    }
    Ok(CheckpointReader::open(path)?)
}

/// Names and shapes of the tensors of a checkpoint, in the order of the names
/// (`tf.train.list_variables`).
///
/// # Errors
/// As [`load_checkpoint`].
pub fn list_variables(
    directory_or_prefix: impl AsRef<Path>,
) -> std::result::Result<Vec<(Name, Vec<u64>)>, ManagementError> {
    let list = load_checkpoint(directory_or_prefix)?.list()?.into_iter();
    Ok(list.map(|(name, _, shape)| (name, shape)).collect())
}

/// The value of one tensor of a checkpoint; `:0` at the end of the name is taken off
/// (`tf.train.load_variable`).
///
/// # Errors
/// As [`load_checkpoint`]; there is no such tensor, or it is damaged.
pub fn load_variable(
    directory_or_prefix: impl AsRef<Path>,
    name: &str,
) -> std::result::Result<Tensor, ManagementError> {
    let name = name.strip_suffix(":0").unwrap_or(name);
    Ok(load_checkpoint(directory_or_prefix)?.read(name)?)
}
