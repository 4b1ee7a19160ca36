//! Device checkpoints (`.gck`) on the host.
//!
//! The format is the device crate's own ([`gradlet::checkpoint`]); here it is read from a file and
//! its tensors are lent to the writers of TensorFlow's files.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use gradlet::checkpoint::{self, Checkpoint, Encoding, Info, Piece, TensorInfo};

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::tensor::{Tensor, byte_count};

/// First bytes of a device checkpoint.
pub const MAGIC: [u8; 4] = [0x89, b'G', b'C', b'K'];

/// How many bytes of a tensor a byte of its file may stand for, beyond [`LEAST_DECODED`]: a few
/// stored bytes can say that they are gigabytes.
const MOST_EXPANSION: u64 = 64;

/// Bytes that a tensor may take whatever its file: slots that were never touched take next to
/// nothing, and a few devices have so much room for them.
const LEAST_DECODED: u64 = 16 << 20;

/// A device checkpoint, read whole and verified.
#[derive(Debug)]
pub struct DeviceCheckpoint {
    path: PathBuf,
    bytes: Vec<u8>,
    info: Info,
    metadata: Vec<u8>,
    tensors: Vec<Record>,
}

/// Where a tensor lies in the file, and what it is.
#[derive(Debug)]
struct Record {
    name: String,
    dtype: DType,
    shape: Vec<u64>,
    /// The same as the device says it.
    device_dtype: gradlet::tensor::DType,
    device_shape: gradlet::tensor::Shape,
    elements: u32,
    encoding: Encoding,
    crc32c: u32,
    payload: Range<usize>,
}

/// A tensor of a device checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct DeviceTensor<'a> {
    checkpoint: &'a DeviceCheckpoint,
    record: &'a Record,
    /// TensorFlow's name of the variable.
    pub name: &'a str,
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: &'a [u64],
    /// How it was stored.
    pub encoding: Encoding,
    /// CRC-32C of the elements as they are read, computed by the device.
    pub crc32c: u32,
    /// Offset of the payload in the file.
    pub offset: u64,
    /// Bytes of the payload in the file.
    pub stored_len: u64,
}

/// Reads the device checkpoint at `path`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::DamagedDevice`] with the offset if it is no
/// whole device checkpoint.
pub fn open(path: impl AsRef<Path>) -> Result<DeviceCheckpoint> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    DeviceCheckpoint::from_bytes(path, bytes)
}

/// Writes `bytes`, a device checkpoint, as the file `path`, which appears whole or not at all.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written; nothing is left behind then.
pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    create_folder_of(path)?;
    let mut staged = Staged::beside(path)?;
    staged.write_all(bytes).map_err(Error::io("write", path))?;
    staged.sync(Durability::Synced)?;
    staged.commit(path)?;
    sync_folder_of(path, Durability::Synced)
}

impl DeviceCheckpoint {
    /// The checkpoint in `bytes`; `path` is what errors call it.
    ///
    /// # Errors
    /// [`Error::DamagedDevice`] with the offset if they are no whole device checkpoint.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let damaged = |offset: usize, reason: String| Error::DamagedDevice {
            path: path.to_path_buf(),
            offset: offset as u64,
            reason,
        };
        let checkpoint = Checkpoint::parse(&bytes)
            .map_err(|error| damaged(error.offset as usize, error.fault.to_string()))?;
        if checkpoint.len() != bytes.len() {
            let extra = bytes.len() - checkpoint.len();
            let reason = format!("{extra} bytes follow the end of the checkpoint, expected none");
            return Err(damaged(checkpoint.len(), reason));
        }
        let mut tensors: Vec<Record> = Vec::new();
        for tensor in checkpoint.tensors() {
            let offset = tensor.offset as usize;
            let info = tensor.info;
            let dtype = DType::from_number(info.dtype.number().into());
            let dtype = dtype.ok_or_else(|| {
                damaged(
                    offset,
                    format!("tensor \"{}\" has no type of TensorFlow's", info.name),
                )
            })?;
            if tensors.iter().any(|earlier| earlier.name == info.name) {
                return Err(damaged(
                    offset,
                    format!("tensor \"{}\" occurs twice", info.name),
                ));
            }
            tensors.push(Record {
                name: info.name.to_owned(),
                dtype,
                shape: info.shape.dims().iter().map(|&dim| dim.into()).collect(),
                device_dtype: info.dtype,
                device_shape: info.shape,
                elements: info.elements,
                encoding: info.encoding,
                crc32c: tensor.crc32c,
                payload: offset..offset + tensor.stored.len(),
            });
        }
        let info = checkpoint.info();
        let metadata = checkpoint.metadata().to_vec();
        Ok(Self {
            path: path.to_path_buf(),
            bytes,
            info,
            metadata,
            tensors,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Step, time and model, where the device wrote them.
    pub fn info(&self) -> Info {
        self.info
    }

    /// The user's own bytes in the header; none if the device wrote none.
    pub fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    /// Bytes of the file.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the file is empty; a verified checkpoint is not.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Training steps done on the device; 0 where it does not say.
    pub fn global_step(&self) -> i64 {
        self.info.global_step.unwrap_or(0)
    }

    /// The tensors in the order the device wrote them.
    pub fn tensors(&self) -> impl Iterator<Item = DeviceTensor<'_>> {
        self.tensors.iter().map(|record| DeviceTensor {
            checkpoint: self,
            record,
            name: &record.name,
            dtype: record.dtype,
            shape: &record.shape,
            encoding: record.encoding,
            crc32c: record.crc32c,
            offset: record.payload.start as u64,
            stored_len: record.payload.len() as u64,
        })
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<DeviceTensor<'_>> {
        self.tensors().find(|tensor| tensor.name == name)
    }
}

impl DeviceTensor<'_> {
    /// The tensor with its elements decoded.
    ///
    /// # Errors
    /// [`Error::DamagedDevice`] if they would take more than 16 MiB and 64 times the file.
    pub fn load(&self) -> Result<Tensor> {
        let DeviceCheckpoint { path, bytes, .. } = self.checkpoint;
        let damaged = |reason: String| Error::DamagedDevice {
            path: path.clone(),
            offset: self.offset,
            reason,
        };
        let most = MOST_EXPANSION * bytes.len() as u64 + LEAST_DECODED;
        let len = byte_count(self.dtype, self.shape)
            .filter(|&len| len <= most)
            .ok_or_else(|| {
                damaged(format!(
                    "tensor \"{}\" of {} and shape {:?} is stored in {} bytes; at most {most} \
                     are read back: 16 MiB and 64 times the file",
                    self.name, self.dtype, self.shape, self.stored_len
                ))
            })?;
        let mut elements = Vec::with_capacity(len as usize);
        self.stored().decode(|piece| match piece {
            Piece::Elements(bytes) => elements.extend_from_slice(bytes),
            Piece::Repeated { element, count } => {
                (0..count).for_each(|_| elements.extend_from_slice(element));
            }
        });
        Tensor::new(self.dtype, self.shape, elements)
    }

    fn stored(&self) -> checkpoint::Tensor<'_> {
        let record = self.record;
        checkpoint::Tensor {
            info: TensorInfo {
                name: &record.name,
                dtype: record.device_dtype,
                shape: record.device_shape,
                encoding: record.encoding,
                stored_len: record.payload.len() as u32,
                elements: record.elements,
            },
            offset: record.payload.start as u32,
            stored: &self.checkpoint.bytes[record.payload.clone()],
            crc32c: record.crc32c,
        }
    }
}
