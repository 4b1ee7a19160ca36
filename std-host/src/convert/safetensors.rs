//! safetensors files.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};

use super::source::SourceTensor;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::mmap;
use crate::name::Name;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::tensor::Tensor;

/// The types that both have.
const TYPES: [(DType, Dtype); 14] = [
    (DType::Float32, Dtype::F32),
    (DType::Float64, Dtype::F64),
    (DType::Float16, Dtype::F16),
    (DType::BFloat16, Dtype::BF16),
    (DType::Int8, Dtype::I8),
    (DType::Int16, Dtype::I16),
    (DType::Int32, Dtype::I32),
    (DType::Int64, Dtype::I64),
    (DType::UInt8, Dtype::U8),
    (DType::UInt16, Dtype::U16),
    (DType::UInt32, Dtype::U32),
    (DType::UInt64, Dtype::U64),
    (DType::Bool, Dtype::BOOL),
    (DType::Complex64, Dtype::C64),
];

/// An open safetensors file.
#[derive(Debug)]
pub struct SafetensorsReader {
    path: PathBuf,
    map: Mmap,
}

impl SafetensorsReader {
    /// Opens the file at `path` and checks its header.
    ///
    /// # Errors
    /// `Io`; [`Error::Unsupported`] if it is no safetensors file.
    pub(super) fn open(path: &Path) -> Result<SafetensorsReader> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let map = mmap::map(&file).map_err(Error::io("map", path))?;
        let reader = SafetensorsReader {
            path: path.to_path_buf(),
            map,
        };
        reader.parse()?;
        Ok(reader)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn parse(&self) -> Result<SafeTensors<'_>> {
        SafeTensors::deserialize(&self.map).map_err(|error| Error::Unsupported {
            path: self.path.clone(),
            reason: format!("not a readable safetensors file: {error}"),
        })
    }

    pub(super) fn tensors(&self) -> Result<Vec<SourceTensor>> {
        let file = self.parse()?;
        let mut tensors = Vec::new();
        for (name, view) in file.iter() {
            tensors.push(SourceTensor {
                name: name.into(),
                dtype: dtype_of(name, view.dtype())?,
                shape: view.shape().iter().map(|&dim| dim as u64).collect(),
            });
        }
        Ok(tensors)
    }

    pub(super) fn read(&self, name: &Name) -> Result<Option<Tensor>> {
        let file = self.parse()?;
        let Some(Ok(view)) = name.as_str().map(|name| file.tensor(name)) else {
            return Ok(None);
        };
        let shape: Vec<u64> = view.shape().iter().map(|&dim| dim as u64).collect();
        let dtype = dtype_of(&name.to_string(), view.dtype())?;
        Tensor::new(dtype, &shape, view.data().to_vec()).map(Some)
    }
}

fn dtype_of(name: &str, dtype: Dtype) -> Result<DType> {
    let found = TYPES.into_iter().find(|(_, known)| *known == dtype);
    found
        .map(|(dtype, _)| dtype)
        .ok_or_else(|| Error::InvalidTensor {
            name: name.into(),
            reason: format!("its type {dtype:?} has no counterpart in TensorFlow"),
        })
}

/// Writes tensors as `path`, all of them in memory; the file appears whole or not at all.
pub(super) fn write(
    path: &Path,
    tensors: impl Iterator<Item = Result<(Name, Tensor)>>,
    durability: Durability,
) -> Result<()> {
    let mut outgoing = tensors
        .map(|tensor| Outgoing::new(tensor?))
        .collect::<Result<Vec<_>>>()?;
    // The library's own order: wide elements first, so that all are aligned in the file.
    outgoing.sort_by(|a, b| (b.dtype, &a.name).cmp(&(a.dtype, &b.name)));
    let header = header(&outgoing).map_err(|reason| Error::Io {
        action: "write",
        path: path.to_path_buf(),
        source: io::Error::other(reason),
    })?;
    create_folder_of(path)?;
    let mut staged = Staged::beside(path)?;
    let written = staged
        .write_all(&(header.len() as u64).to_le_bytes())
        .and_then(|()| staged.write_all(&header))
        .and_then(|()| {
            let mut bytes = outgoing.iter().filter_map(|one| one.tensor.bytes());
            bytes.try_for_each(|bytes| staged.write_all(bytes))
        });
    written.map_err(Error::io("write", path))?;
    staged.sync(durability)?;
    staged.commit(path)?;
    sync_folder_of(path, durability)
}

/// A tensor on its way into a file.
struct Outgoing {
    name: String,
    dtype: Dtype,
    tensor: Tensor,
}

impl Outgoing {
    fn new((name, tensor): (Name, Tensor)) -> Result<Outgoing> {
        let found = TYPES
            .into_iter()
            .find(|(known, _)| *known == tensor.dtype());
        match (found, name.as_str()) {
            (Some((_, dtype)), Some(text)) => Ok(Outgoing {
                name: text.to_owned(),
                dtype,
                tensor,
            }),
            _ => {
                let reason = format!(
                    "safetensors holds numbers under UTF-8 names only, this is {}",
                    tensor.dtype()
                );
                Err(Error::InvalidTensor { name, reason })
            }
        }
    }
}

/// What stands before the data: the names and where they lie, padded so that the data are aligned.
///
/// Written here and not by the library, which puts a file of its own beside ours and renames it:
/// one that a kill leaves behind, and that is not synced.
fn header(outgoing: &[Outgoing]) -> Result<Vec<u8>, String> {
    let mut end = 0;
    let info = |one: &Outgoing| {
        let start = end;
        end += one.tensor.bytes().map_or(0, <[u8]>::len);
        let info = TensorInfo {
            dtype: one.dtype,
            shape: one.tensor.shape().iter().map(|&dim| dim as usize).collect(),
            data_offsets: (start, end),
        };
        (one.name.clone(), info)
    };
    let metadata = Metadata::new(None, outgoing.iter().map(info).collect());
    let metadata = metadata.map_err(|error| error.to_string())?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| error.to_string())?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}
