//! Writing a V1 checkpoint.

use std::collections::{BTreeMap, HashMap};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use prost::Message as _;

use super::reader::VERSION;
use super::values;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::proto::saved_slices::{
    SavedSlice, SavedSliceMeta, SavedTensorSliceMeta, SavedTensorSlices,
};
use crate::proto::shape::{TensorShapeProto, VersionDef};
use crate::region::Region;
use crate::slice::Slice;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::table::TableWriter;
use crate::tensor::{TensorView, element_count};

/// Writes one file of a V1 checkpoint (`TensorSliceWriter`).
///
/// The records must lie in the order of their keys, so that all are kept in memory until
/// [`Writer::finish`], as TensorFlow does; a bundle has no such limit. Until then the file does
/// not exist.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    durability: Durability,
    meta: Vec<SavedSliceMeta>,
    places: HashMap<Name, usize>,
    records: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Writer {
    /// Starts the file `path`, synced at the end: the name of the checkpoint, or
    /// [`shard_path`](super::shard_path) for one file of several. Missing folders are made.
    ///
    /// # Errors
    /// `Io` if the folder cannot be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Writer> {
        Writer::with_durability(path, Durability::Synced)
    }

    /// Starts the file `path`.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn with_durability(path: impl AsRef<Path>, durability: Durability) -> Result<Writer> {
        let path = path.as_ref().to_path_buf();
        if path.file_name().is_none() {
            let path = path.display();
            return Err(Error::InvalidArgument(format!(
                "\"{path}\" is no name for a file"
            )));
        }
        create_folder_of(&path)?;
        Ok(Writer {
            path,
            durability,
            meta: Vec::new(),
            places: HashMap::new(),
            records: BTreeMap::new(),
        })
    }

    /// Adds a tensor in one piece.
    ///
    /// # Errors
    /// [`Error::InvalidTensor`] if the name is empty or taken, elements and shape do not fit each
    /// other, the type is one that V1 checkpoints do not hold (uint32, uint64, the small ones), or
    /// the elements exceed the 2 GiB of a message.
    pub fn add(&mut self, name: impl AsRef<[u8]>, tensor: TensorView<'_>) -> Result<()> {
        self.add_slice(name, tensor.shape, &Slice::full(tensor.shape.len()), tensor)
    }

    /// Adds a part of a partitioned tensor whose shape is `full_shape`; `tensor` has the shape of
    /// the slice. Unlike in a bundle, a slice that covers everything stays one.
    ///
    /// # Errors
    /// As [`Writer::add`]; [`Error::InvalidTensor`] also if the slice does not lie within the
    /// shape, was already added, or if type or full shape differ from those of slices before.
    pub fn add_slice(
        &mut self,
        name: impl AsRef<[u8]>,
        full_shape: &[u64],
        slice: &Slice,
        tensor: TensorView<'_>,
    ) -> Result<()> {
        let name = Name::from(name.as_ref());
        let refuse = |reason: String| Error::InvalidTensor {
            name: name.clone(),
            reason,
        };
        if name.is_empty() {
            return Err(refuse("a tensor needs a name".to_owned()));
        }
        if element_count(full_shape).is_none() {
            return Err(refuse(format!(
                "shape {full_shape:?} has too many elements to count"
            )));
        }
        tensor.check().map_err(refuse)?;
        let region = Region::new(slice.bounds(full_shape).map_err(refuse)?);
        if region.shape() != tensor.shape {
            let (expected, found) = (region.shape(), tensor.shape);
            return Err(refuse(format!(
                "slice {slice} has shape {expected:?}, not {found:?}"
            )));
        }
        let key = slice.encode_key(&name);
        if self.records.contains_key(&key) {
            return Err(refuse(format!("slice {slice} was already added")));
        }
        let data = values::encode(tensor);
        let dtype = tensor.dtype;
        let data = data.ok_or_else(|| refuse(format!("V1 checkpoints do not hold {dtype}")))?;
        let shape = TensorShapeProto::from_dims(full_shape);
        let place = *self.places.entry(name.clone()).or_insert_with(|| {
            self.meta.push(SavedSliceMeta {
                name: name.as_bytes().to_vec(),
                shape: Some(shape.clone()),
                r#type: dtype.number(),
                slice: Vec::new(),
            });
            self.meta.len() - 1
        });
        let known = &mut self.meta[place];
        if known.r#type != dtype.number() || known.shape.as_ref() != Some(&shape) {
            return Err(refuse(
                "it was added with another type or full shape".to_owned(),
            ));
        }
        let record = SavedTensorSlices {
            meta: None,
            data: Some(SavedSlice {
                name: name.as_bytes().to_vec(),
                slice: Some(slice.to_proto()),
                data: Some(data),
            }),
        };
        if record.encoded_len() > i32::MAX as usize {
            let bytes = record.encoded_len();
            return Err(refuse(format!(
                "it takes {bytes} bytes, a message at most 2 GiB"
            )));
        }
        known.slice.push(slice.to_proto());
        self.records.insert(key, record.encode_to_vec());
        Ok(())
    }

    /// Writes the file and gives it its name.
    ///
    /// # Errors
    /// `Io` if writing fails; nothing is left behind then.
    pub fn finish(self) -> Result<()> {
        let versions = VersionDef {
            producer: VERSION,
            ..VersionDef::default()
        };
        let meta = SavedTensorSliceMeta {
            tensor: self.meta,
            versions: Some(versions),
        };
        let meta = SavedTensorSlices {
            meta: Some(meta),
            data: None,
        };
        let staged = Staged::beside(&self.path)?;
        let path = staged.path().to_path_buf();
        let mut table = TableWriter::new(BufWriter::new(staged), &path);
        table.add(b"", &meta.encode_to_vec())?;
        for (key, record) in self.records {
            table.add(&key, &record)?;
        }
        let staged = table.finish()?.into_inner().map_err(|error| {
            let source = error.into_error();
            Error::Io {
                action: "write",
                path,
                source,
            }
        })?;
        staged.sync(self.durability)?;
        staged.commit(&self.path)?;
        sync_folder_of(&self.path, self.durability)
    }
}
