//! NumPy's `.npz`: a zip archive with one `.npy` array a tensor.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use npyz::{NpyHeader, Order, WriteOptions, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::source::SourceTensor;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::tensor::{Tensor, byte_count};

/// An open `.npz` file.
#[derive(Debug)]
pub struct NpzReader {
    path: PathBuf,
    archive: RefCell<ZipArchive<BufReader<File>>>,
}

/// NumPy's name of each type that an array can have.
const TYPES: [(DType, &str); 14] = [
    (DType::Float32, "<f4"),
    (DType::Float64, "<f8"),
    (DType::Float16, "<f2"),
    (DType::Int8, "|i1"),
    (DType::Int16, "<i2"),
    (DType::Int32, "<i4"),
    (DType::Int64, "<i8"),
    (DType::UInt8, "|u1"),
    (DType::UInt16, "<u2"),
    (DType::UInt32, "<u4"),
    (DType::UInt64, "<u8"),
    (DType::Bool, "|b1"),
    (DType::Complex64, "<c8"),
    (DType::Complex128, "<c16"),
];

/// Bytes of the longest header that is read.
const HEADER: u32 = 1 << 16;

impl NpzReader {
    /// Opens the archive at `path`.
    ///
    /// # Errors
    /// `Io`; [`Error::Unsupported`] if it is no zip archive.
    pub(super) fn open(path: &Path) -> Result<NpzReader> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let archive = ZipArchive::new(BufReader::new(file))
            .map_err(|error| unsupported(path, format!("not a readable archive: {error}")))?;
        Ok(NpzReader {
            path: path.to_path_buf(),
            archive: RefCell::new(archive),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn tensors(&self) -> Result<Vec<SourceTensor>> {
        let mut archive = self.archive.borrow_mut();
        let mut tensors = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive
                .by_index(index)
                .map_err(|error| unsupported(&self.path, error))?;
            let Some(name) = entry.name().strip_suffix(".npy").map(Name::from) else {
                continue;
            };
            let (dtype, shape) = self.header(&name, &mut entry)?;
            tensors.push(SourceTensor { name, dtype, shape });
        }
        Ok(tensors)
    }

    pub(super) fn read(&self, name: &Name) -> Result<Option<Tensor>> {
        let Some(text) = name.as_str() else {
            return Ok(None);
        };
        let mut archive = self.archive.borrow_mut();
        let Ok(mut entry) = archive.by_name(&format!("{text}.npy")) else {
            return Ok(None);
        };
        let (dtype, shape) = self.header(name, &mut entry)?;
        let expected = byte_count(dtype, &shape).unwrap_or(u64::MAX);
        // Grows with what is really there, not with what the header promises.
        let mut bytes = Vec::new();
        let read = entry
            .take(expected.saturating_add(1))
            .read_to_end(&mut bytes);
        let found = read.map_err(Error::io("read", &self.path))? as u64;
        if found != expected {
            let reason = format!("its array needs {expected} bytes, the archive has {found}");
            return Err(Error::InvalidTensor {
                name: name.clone(),
                reason,
            });
        }
        Tensor::new(dtype, &shape, bytes).map(Some)
    }

    fn header(&self, name: &Name, entry: &mut impl Read) -> Result<(DType, Vec<u64>)> {
        let invalid = |reason: String| Error::InvalidTensor {
            name: name.clone(),
            reason,
        };
        let mut start = [0; 12];
        entry
            .read_exact(&mut start)
            .map_err(|error| invalid(format!("no array: {error}")))?;
        // From version 2 on the header's length has four bytes; it is allocated before it is read.
        if start[6] >= 2 && u32::from_le_bytes([start[8], start[9], start[10], start[11]]) > HEADER
        {
            return Err(invalid(format!(
                "its array has a header of more than {HEADER} bytes"
            )));
        }
        let header = NpyHeader::from_reader(start.as_slice().chain(entry))
            .map_err(|error| invalid(format!("its array has no readable header: {error}")))?;
        if header.order() != Order::C && header.shape().len() > 1 {
            return Err(invalid(
                "its array is in Fortran order; save it in C order".to_owned(),
            ));
        }
        let npyz::DType::Plain(text) = header.dtype() else {
            return Err(invalid(
                "its array is structured; only plain numbers convert".to_owned(),
            ));
        };
        let text = text.to_string();
        match TYPES.into_iter().find(|(_, known)| *known == text) {
            Some((dtype, _)) => Ok((dtype, header.shape().to_vec())),
            None => Err(invalid(format!(
                "its array has type {text}, which no tensor has here"
            ))),
        }
    }
}

fn unsupported(path: &Path, reason: impl ToString) -> Error {
    Error::Unsupported {
        path: path.to_path_buf(),
        reason: reason.to_string(),
    }
}

/// Writes tensors as `path`, one at a time; the file appears whole or not at all.
pub(super) fn write(
    path: &Path,
    tensors: impl Iterator<Item = Result<(Name, Tensor)>>,
    durability: Durability,
) -> Result<()> {
    create_folder_of(path)?;
    let mut staged = Staged::beside(path)?;
    {
        let mut archive = ZipWriter::new_stream(&mut staged);
        let failed = |error: zip::result::ZipError| Error::Io {
            action: "write",
            path: path.to_path_buf(),
            source: io::Error::from(error),
        };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        for tensor in tensors {
            let (name, tensor) = tensor?;
            let (Some(text), Some(bytes)) = (name.as_str(), tensor.bytes()) else {
                let reason = "NumPy archives hold numbers under UTF-8 names only".to_owned();
                return Err(Error::InvalidTensor { name, reason });
            };
            let Some(dtype) = numpy_type(tensor.dtype()) else {
                let reason = format!("NumPy has no type for {}; cast it", tensor.dtype());
                return Err(Error::InvalidTensor { name, reason });
            };
            archive
                .start_file(format!("{text}.npy"), options)
                .map_err(failed)?;
            WriteOptions::new_header_only()
                .shape(tensor.shape())
                .dtype(dtype)
                .writer(&mut archive)
                .write_header_only()
                .and_then(|archive| archive.write_all(bytes))
                .map_err(Error::io("write", path))?;
        }
        archive.finish().map_err(failed)?;
    }
    staged.sync(durability)?;
    staged.commit(path)?;
    sync_folder_of(path, durability)
}

fn numpy_type(dtype: DType) -> Option<npyz::DType> {
    let (_, text) = TYPES.into_iter().find(|(known, _)| *known == dtype)?;
    text.parse().ok().map(npyz::DType::Plain)
}
