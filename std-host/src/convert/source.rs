//! What a conversion reads: recognised by its content, whatever it is called.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::npz::NpzReader;
use super::safetensors::SafetensorsReader;
use crate::bundle;
use crate::device::{self, DeviceCheckpoint};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::flash_image::{Dump, Place, is_flash_image};
use crate::management::ManagementError;
use crate::mapping::Mapping;
use crate::name::Name;
use crate::object_graph::OBJECT_GRAPH_KEY;
use crate::profile::FlatVariables;
use crate::staged::folder_of;
use crate::state::{
    CheckpointState, DEFAULT_LATEST_FILENAME, checkpoint_exists, read_checkpoint_state,
};
use crate::tensor::Tensor;
use crate::v1::{self, is_v1};
use crate::variables::Saveable as _;

/// A set of named tensors to read from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Source {
    /// A device checkpoint, or the newest one in a dump of flash.
    Device(DeviceCheckpoint),
    /// A TensorFlow V2 bundle.
    Bundle(bundle::Reader),
    /// A TensorFlow V1 checkpoint.
    V1(v1::Reader),
    /// NumPy's archive of arrays.
    Npz(NpzReader),
    /// A safetensors file.
    Safetensors(SafetensorsReader),
    /// A TensorFlow V2 bundle with an object graph, its variables under flat names.
    Objects(FlatVariables),
}

/// What a source says of a tensor before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTensor {
    /// Its name.
    pub name: Name,
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first.
    pub shape: Vec<u64>,
}

impl Source {
    /// Opens what is at `path`: a device checkpoint, the prefix of a V2 bundle or one of its
    /// files, a V1 checkpoint, a folder with a `checkpoint` state file, a SavedModel folder, an
    /// `.npz` or `.safetensors` file, a dump of flash ([`crate::flash_image`]).
    ///
    /// # Errors
    /// Those of the format that it is found to be; [`Error::NoCheckpoint`] with a hint if it is
    /// none.
    pub fn open(path: impl AsRef<Path>) -> Result<Source, ManagementError> {
        let path = path.as_ref();
        if path.is_dir() {
            return Self::open_folder(path);
        }
        if path
            .file_name()
            .is_some_and(|name| name == DEFAULT_LATEST_FILENAME)
            && path.is_file()
        {
            return Self::open_folder(folder_of(path));
        }
        Ok(Self::open_file(path)?)
    }

    fn open_file(path: &Path) -> Result<Source> {
        if let Ok(mut file) = File::open(path) {
            let mut start = [0; 9];
            let len = read_up_to(&mut file, &mut start).map_err(Error::io("read", path))?;
            let start = &start[..len];
            if start.starts_with(&device::MAGIC) {
                return device::open(path).map(Source::Device);
            }
            if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
                return NpzReader::open(path).map(Source::Npz);
            }
            if has_ending(path, "safetensors") || start.get(8) == Some(&b'{') {
                return SafetensorsReader::open(path).map(Source::Safetensors);
            }
            if has_ending(path, "gck") {
                return device::open(path).map(Source::Device);
            }
            if let Some(prefix) = prefix_of_file(path) {
                return bundle::Reader::open(prefix).map(Source::Bundle);
            }
            if !is_v1(path) && is_flash_image(path) {
                let dump = Dump::open(path, Place::default())?;
                return dump.newest().map(Source::Device);
            }
        }
        let is_bundle = bundle::index_path(path).exists();
        if !is_bundle && v1::find_files(path).is_ok_and(|files| files.iter().any(|f| is_v1(f))) {
            return v1::Reader::open(path).map(Source::V1);
        }
        bundle::Reader::open(path).map(Source::Bundle)
    }

    /// A folder with a state file stands for its newest checkpoint, a SavedModel for the bundle in
    /// `variables`.
    fn open_folder(folder: &Path) -> Result<Source, ManagementError> {
        if let Some(state) = read_checkpoint_state(folder, None)? {
            return Ok(Self::open_file(&newest_of(folder, &state))?);
        }
        let saved_model = folder.join("variables").join("variables");
        if bundle::index_path(&saved_model).is_file() {
            return Ok(Source::Bundle(bundle::Reader::open(saved_model)?));
        }
        Err(ManagementError::from(Error::NoCheckpoint {
            prefix: folder.to_path_buf(),
            hint: "the folder has no `checkpoint` state file and is no SavedModel; name the \
                   checkpoint's prefix in it"
                .to_owned(),
        }))
    }

    /// The source, an object-based bundle under flat names: `head/kernel`, `head/kernel/Adam`.
    ///
    /// # Errors
    /// Its object graph is damaged or has an optimizer that is not known.
    pub fn with_flat_names(self) -> Result<Source, ManagementError> {
        match self {
            Source::Bundle(reader) if reader.contains(OBJECT_GRAPH_KEY)? => {
                let variables = FlatVariables::new(reader, &Mapping::default())?;
                Ok(Source::Objects(variables))
            }
            other => Ok(other),
        }
    }

    /// The format's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Source::Device(_) => "device checkpoint",
            Source::Bundle(_) => "TensorFlow V2 bundle",
            Source::V1(_) => "TensorFlow V1 checkpoint",
            Source::Npz(_) => "NumPy archive",
            Source::Safetensors(_) => "safetensors",
            Source::Objects(_) => "object-based TensorFlow checkpoint",
        }
    }

    /// All tensors in the order of their names.
    ///
    /// # Errors
    /// Damage to what lists them.
    pub fn tensors(&self) -> Result<Vec<SourceTensor>> {
        let mut tensors = match self {
            Source::Device(device) => device
                .tensors()
                .map(|tensor| SourceTensor {
                    name: tensor.name.into(),
                    dtype: tensor.dtype,
                    shape: tensor.shape.to_vec(),
                })
                .collect(),
            Source::Bundle(reader) => reader
                .entries()?
                .into_iter()
                .map(|entry| SourceTensor {
                    name: entry.name,
                    dtype: entry.dtype,
                    shape: entry.shape,
                })
                .collect(),
            Source::V1(reader) => reader
                .entries()
                .map(|entry| SourceTensor {
                    name: entry.name.clone(),
                    dtype: entry.dtype,
                    shape: entry.shape.clone(),
                })
                .collect(),
            Source::Npz(reader) => reader.tensors()?,
            Source::Safetensors(reader) => reader.tensors()?,
            Source::Objects(variables) => variables
                .variables()?
                .into_iter()
                .map(|variable| SourceTensor {
                    name: variable.name,
                    dtype: variable.dtype,
                    shape: variable.shape,
                })
                .collect(),
        };
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tensors)
    }

    /// Reads a tensor whole, verified where the format has checksums.
    ///
    /// # Errors
    /// [`Error::NoTensor`], or damage to the tensor.
    pub fn read(&self, name: &Name) -> Result<Tensor> {
        let missing = || Error::NoTensor {
            prefix: self.path(),
            name: name.clone(),
            hint: String::new(),
        };
        match self {
            Source::Device(device) => {
                let tensor = name.as_str().and_then(|name| device.tensor(name));
                tensor.ok_or_else(missing)?.load()
            }
            Source::Bundle(reader) => reader.read(name),
            Source::V1(reader) => reader.read(name),
            Source::Npz(reader) => reader.read(name)?.ok_or_else(missing),
            Source::Safetensors(reader) => reader.read(name)?.ok_or_else(missing),
            Source::Objects(variables) => variables.read(name)?.ok_or_else(missing),
        }
    }

    /// Reads everything and compares every checksum that the format has.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self) -> Result<()> {
        match self {
            // Verified by being read.
            Source::Device(_) => Ok(()),
            Source::Bundle(reader) => reader.verify().map(drop),
            Source::Objects(variables) => variables.bundle().verify().map(drop),
            Source::V1(reader) => reader.verify().map(drop),
            Source::Npz(_) | Source::Safetensors(_) => self
                .tensors()?
                .iter()
                .try_for_each(|tensor| self.read(&tensor.name).map(drop)),
        }
    }

    /// Training steps done, where the source tells.
    ///
    /// # Errors
    /// Damage to the tensor that tells.
    pub fn global_step(&self) -> Result<Option<i64>> {
        if let Source::Device(device) = self {
            return Ok(device.info().global_step);
        }
        let name = Name::from("global_step");
        if !self.tensors()?.iter().any(|tensor| tensor.name == name) {
            return Ok(None);
        }
        let step = self.read(&name)?;
        Ok(step
            .values::<i64>()
            .and_then(|values| values.first().copied()))
    }

    /// The file, or the prefix of the bundle.
    pub fn path(&self) -> PathBuf {
        match self {
            Source::Device(device) => device.path().to_path_buf(),
            Source::Bundle(reader) => reader.prefix().to_path_buf(),
            Source::V1(reader) => reader.path().to_path_buf(),
            Source::Npz(reader) => reader.path().to_path_buf(),
            Source::Safetensors(reader) => reader.path().to_path_buf(),
            Source::Objects(variables) => variables.prefix().to_path_buf(),
        }
    }
}

/// The newest checkpoint that `state` names. A folder that has moved still holds it beside the
/// state file, under a name that the absolute path in the file ends with.
fn newest_of(folder: &Path, state: &CheckpointState) -> PathBuf {
    let named = PathBuf::from(&state.model_checkpoint_path);
    let beside = named.file_name().map(|name| folder.join(name));
    let exists = |prefix: &Path| prefix.to_str().is_some_and(checkpoint_exists);
    match beside {
        Some(beside) if !exists(&named) && exists(&beside) => {
            log::warn!(
                "the state file names {}, which is not there; the folder has moved, so {} is taken",
                named.display(),
                beside.display()
            );
            beside
        }
        _ => named,
    }
}

pub(super) fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// The prefix of the bundle that the index or data file `path` belongs to.
fn prefix_of_file(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let prefix = match name.strip_suffix(".index") {
        Some(prefix) => prefix,
        None => {
            let (prefix, shard) = name.rsplit_once(".data-")?;
            let (number, count) = shard.split_once("-of-")?;
            let digits = |part: &str| part.len() >= 5 && part.bytes().all(|b| b.is_ascii_digit());
            (digits(number) && digits(count)).then_some(prefix)?
        }
    };
    (!prefix.is_empty()).then(|| path.with_file_name(prefix))
}

fn read_up_to(file: &mut fs::File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match file.read(&mut buffer[len..])? {
            0 => break,
            read => len += read,
        }
    }
    Ok(len)
}
