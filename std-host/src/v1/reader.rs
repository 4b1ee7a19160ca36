//! Reading a V1 checkpoint.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost::Message as _;

use super::files::find_files;
use super::values;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::gather::Partitioned;
use crate::missing::no_tensor;
use crate::name::Name;
use crate::proto::saved_slices::{SavedSliceMeta, SavedTensorSliceMeta, SavedTensorSlices};
use crate::slice::Slice;
use crate::table::Table;
use crate::tensor::{Tensor, element_count};

/// Version of the format that this library reads and writes (`TF_CHECKPOINT_VERSION`).
pub(super) const VERSION: i32 = 1;

/// Elements in memory may take this many times the bytes of the file: small integers are stored
/// in one byte, whatever their type.
const MOST_EXPANSION: u64 = 16;

/// A tensor of a V1 checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<u64>,
    /// The slices stored: a single full one for a tensor in one piece.
    pub slices: Vec<Slice>,
}

/// An open V1 checkpoint (`TensorSliceReader`).
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    files: Vec<Table>,
    tensors: BTreeMap<Name, Stored>,
}

#[derive(Debug)]
struct Stored {
    entry: Entry,
    /// For each slice the file that holds it.
    files: Vec<usize>,
}

impl Reader {
    /// Opens the checkpoint in this file, or in the files of this pattern if it is sharded
    /// (`P-?????-of-00003`).
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] with a hint if there are no such files; [`Error::NotATable`], one
    /// of the errors for damage, or [`Error::Version`] if one cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Reader> {
        let path = path.as_ref();
        let mut reader = Reader {
            path: path.to_path_buf(),
            files: Vec::new(),
            tensors: BTreeMap::new(),
        };
        for file in find_files(path)? {
            reader.take(Table::open(&file)?)?;
        }
        Ok(reader)
    }

    /// Opens a checkpoint whose only file was already read.
    pub fn from_table(table: Table) -> Result<Reader> {
        let path = table.path().to_path_buf();
        let mut reader = Reader {
            path,
            files: Vec::new(),
            tensors: BTreeMap::new(),
        };
        reader.take(table)?;
        Ok(reader)
    }

    /// The path or pattern this checkpoint was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tensors in the order of their names.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.tensors.values().map(|stored| &stored.entry)
    }

    /// The tensor with this name.
    ///
    /// # Errors
    /// [`Error::NoTensor`].
    pub fn entry(&self, name: impl AsRef<[u8]>) -> Result<&Entry> {
        self.stored(name.as_ref()).map(|stored| &stored.entry)
    }

    /// Whether there is a tensor with this name.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        self.tensors.contains_key(name.as_ref())
    }

    /// Reads a tensor, putting it together from its slices if it is partitioned.
    ///
    /// # Errors
    /// [`Error::NoTensor`], [`Error::MissingSlices`], [`Error::OverlappingSlices`], or one of the
    /// errors for damage.
    pub fn read(&self, name: impl AsRef<[u8]>) -> Result<Tensor> {
        let stored = self.stored(name.as_ref())?;
        self.gather(stored, &Slice::full(stored.entry.shape.len()))
    }

    /// Reads a box of a tensor; the shape is that of the box.
    ///
    /// # Errors
    /// [`Error::InvalidTensor`] if the slice does not lie within the tensor; and those of
    /// [`Reader::read`].
    pub fn read_slice(&self, name: impl AsRef<[u8]>, slice: &Slice) -> Result<Tensor> {
        self.gather(self.stored(name.as_ref())?, slice)
    }

    /// Reads everything. The number of records read.
    ///
    /// # Errors
    /// The first damage found.
    pub fn verify(&self) -> Result<u64> {
        let mut records = 0;
        for stored in self.tensors.values() {
            for number in 0..stored.files.len() {
                self.read_part(stored, number)?;
                records += 1;
            }
        }
        for table in &self.files {
            table.verify()?;
        }
        Ok(records)
    }

    pub(super) fn files(&self) -> &[Table] {
        &self.files
    }

    fn stored(&self, name: &[u8]) -> Result<&Stored> {
        self.tensors.get(name).ok_or_else(|| {
            let names = self.tensors.keys().map(Name::as_bytes);
            no_tensor(&self.path, Name::from(name), names)
        })
    }

    fn gather(&self, stored: &Stored, asked: &Slice) -> Result<Tensor> {
        let entry = &stored.entry;
        let partitioned = Partitioned {
            prefix: &self.path,
            name: &entry.name,
            dtype: entry.dtype,
            shape: &entry.shape,
            slices: &entry.slices,
        };
        let plan = partitioned.plan(asked)?;
        let files = self
            .files
            .iter()
            .fold(0, |sum: u64, file| sum.saturating_add(file.file_len()));
        let limit = files.saturating_mul(MOST_EXPANSION);
        partitioned.gather(&plan, limit, |number| self.read_part(stored, number))
    }

    fn read_part(&self, stored: &Stored, number: usize) -> Result<Tensor> {
        let Entry {
            name,
            dtype,
            shape,
            slices,
        } = &stored.entry;
        let (slice, table) = (&slices[number], &self.files[stored.files[number]]);
        let damaged = |reason: String| Error::DamagedEntry {
            path: table.path().to_path_buf(),
            name: name.clone(),
            reason,
        };
        let value = table.get(&slice.encode_key(name))?;
        let value = value.ok_or_else(|| damaged(format!("slice {slice} has no record")))?;
        let record = SavedTensorSlices::decode(&*value)
            .map_err(|error| damaged(format!("slice {slice} cannot be decoded: {error}")))?;
        let data = record.data.and_then(|saved| saved.data).unwrap_or_default();
        let bounds = slice.bounds(shape).map_err(damaged)?;
        let part: Vec<u64> = bounds.iter().map(|&(_, length)| length).collect();
        values::decode(*dtype, &part, data).map_err(|reason| damaged(format!("{slice}: {reason}")))
    }

    /// Adds the tensors of a file.
    fn take(&mut self, table: Table) -> Result<()> {
        let number = self.files.len();
        for tensor in meta(&table)?.tensor {
            let entry = parse(&tensor).map_err(|reason| Error::DamagedEntry {
                path: table.path().to_path_buf(),
                name: Name::from(tensor.name.as_slice()),
                reason,
            })?;
            let count = entry.slices.len();
            match self.tensors.get_mut(&entry.name) {
                Some(stored) => {
                    let known = &mut stored.entry;
                    if known.dtype != entry.dtype || known.shape != entry.shape {
                        return Err(Error::DamagedEntry {
                            path: table.path().to_path_buf(),
                            name: entry.name,
                            reason: "it has another type or shape than elsewhere".to_owned(),
                        });
                    }
                    known.slices.extend(entry.slices);
                    stored.files.extend(vec![number; count]);
                }
                None => {
                    let stored = Stored {
                        files: vec![number; count],
                        entry,
                    };
                    self.tensors.insert(stored.entry.name.clone(), stored);
                }
            }
        }
        self.files.push(table);
        Ok(())
    }
}

/// What a file says that it holds.
pub(super) fn meta(table: &Table) -> Result<SavedTensorSliceMeta> {
    let path = || table.path().to_path_buf();
    let damaged = |reason: String| Error::DamagedTable {
        path: path(),
        offset: 0,
        reason,
    };
    let missing = || damaged("it lacks the record of what it holds; is it an index?".to_owned());
    let mut cursor = table.cursor();
    let record = match cursor.next()? {
        Some(([], value)) => SavedTensorSlices::decode(value)
            .map_err(|error| damaged(format!("what it holds cannot be decoded: {error}")))?,
        _ => return Err(missing()),
    };
    let meta = record.meta.ok_or_else(missing)?;
    let versions = meta.versions.clone().unwrap_or_default();
    if versions.min_consumer > VERSION || versions.bad_consumers.contains(&VERSION) {
        let least = versions.min_consumer;
        let reason = format!("it excludes format version {VERSION} (it asks for {least})");
        return Err(Error::Version {
            path: path(),
            reason,
        });
    }
    Ok(meta)
}

fn parse(tensor: &SavedSliceMeta) -> Result<Entry, String> {
    let dtype = DType::from_number(tensor.r#type)
        .ok_or_else(|| format!("element type {} is unknown", tensor.r#type))?;
    let dims = tensor.shape.iter().flat_map(|shape| &shape.dim);
    let shape = dims
        .map(|dim| u64::try_from(dim.size).map_err(|_| format!("a size is {}", dim.size)))
        .collect::<Result<Vec<u64>, _>>()?;
    if element_count(&shape).is_none() {
        return Err(format!(
            "shape {shape:?} has more elements than can be counted"
        ));
    }
    let slices = tensor
        .slice
        .iter()
        .map(|slice| Slice::from_proto(slice, &shape));
    let slices = slices.collect::<Result<Vec<Slice>, _>>()?;
    Ok(Entry {
        name: Name::from(tensor.name.as_slice()),
        dtype,
        shape,
        slices,
    })
}
