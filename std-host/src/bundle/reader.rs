//! Reading a bundle.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::entry::{Entry, Layout, Location};
use super::files::{data_path, index_path};
use super::header::{Endianness, Header};
use super::missing::no_checkpoint;
use super::shard::Shard;
use super::string_codec;
use super::swap::swap;
use super::transfer;
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::missing::no_tensor;
use crate::name::Name;
use crate::slice::Slice;
use crate::table::Table;
use crate::tensor::Tensor;

/// Names may take this many times the length of the index: shared prefixes are stored once.
const MOST_EXPANSION: u64 = 32;

/// And this much in any case.
const LEAST_BUDGET: u64 = 1 << 20;

/// An open bundle (`BundleReader`). Every tensor that is read is checked against its checksum.
#[derive(Debug)]
pub struct Reader {
    prefix: PathBuf,
    index: Table,
    header: Header,
    shards: Mutex<BTreeMap<u32, Arc<Shard>>>,
}

impl Reader {
    /// Opens the bundle with this prefix: `model.ckpt-7` for `model.ckpt-7.index` and
    /// `model.ckpt-7.data-00000-of-00001`.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] with a hint if there is no index; [`Error::NotATable`], one of the
    /// errors for damage, or [`Error::Version`] if the index cannot be used.
    pub fn open(prefix: impl AsRef<Path>) -> Result<Reader> {
        let prefix = prefix.as_ref();
        let index = match Table::open(&index_path(prefix)) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(no_checkpoint(prefix));
            }
            other => other?,
        };
        Reader::from_index(prefix, index)
    }

    /// Opens the bundle with this prefix whose index was already read.
    pub(crate) fn from_index(prefix: &Path, index: Table) -> Result<Reader> {
        let mut cursor = index.cursor();
        let header = match cursor.next()? {
            Some(([], header)) => Header::parse(index.path(), header)?,
            _ => {
                return Err(Error::DamagedTable {
                    path: index.path().to_path_buf(),
                    offset: 0,
                    reason: "it lacks the header record; is it a V1 checkpoint?".to_owned(),
                });
            }
        };
        Ok(Reader {
            prefix: prefix.to_path_buf(),
            index,
            header,
            shards: Mutex::default(),
        })
    }

    /// The prefix this bundle was opened with.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The index.
    pub(super) fn index_path(&self) -> &Path {
        self.index.path()
    }

    /// What the index says about the bundle as a whole.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All tensors in the order of their names; a partitioned one appears once
    /// (`list_variables`).
    ///
    /// # Errors
    /// One of the errors for damage to the index.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut slices = HashSet::new();
        let mut entries = self.stored_entries()?;
        for entry in &entries {
            if let Layout::Sliced(parts) = &entry.layout {
                slices.extend(parts.iter().map(|part| part.encode_key(&entry.name)));
            }
        }
        if !slices.is_empty() {
            entries.retain(|entry| !slices.contains(entry.name.as_bytes()));
        }
        Ok(entries)
    }

    /// As [`Reader::entries`], with the stored slices of partitioned tensors among them, each
    /// under its encoded key ([`Slice::encode_key`]).
    ///
    /// # Errors
    /// One of the errors for damage to the index.
    pub fn stored_entries(&self) -> Result<Vec<Entry>> {
        let budget = self.index.file_len().saturating_mul(MOST_EXPANSION) + LEAST_BUDGET;
        let mut names = 0;
        let mut entries = Vec::new();
        let mut cursor = self.index.cursor();
        while let Some((key, value)) = cursor.next()? {
            if key.is_empty() {
                continue;
            }
            names += key.len() as u64;
            if names > budget {
                return Err(Error::DamagedTable {
                    path: self.index.path().to_path_buf(),
                    offset: 0,
                    reason: format!("its names take more than {budget} bytes; no checkpoint's do"),
                });
            }
            entries.push(self.parse(Name::from(key), value)?);
        }
        Ok(entries)
    }

    /// The tensor with this name.
    ///
    /// # Errors
    /// [`Error::NoTensor`], or one of the errors for damage to the index.
    pub fn entry(&self, name: impl AsRef<[u8]>) -> Result<Entry> {
        let name = name.as_ref();
        // The empty key is the header's; no tensor can have it.
        match self.index.get(name)?.filter(|_| !name.is_empty()) {
            Some(value) => self.parse(Name::from(name), &value),
            None => {
                let entries = self.entries()?;
                let names = entries.iter().map(|entry| entry.name.as_bytes());
                Err(no_tensor(&self.prefix, Name::from(name), names))
            }
        }
    }

    /// Whether there is a tensor with this name.
    ///
    /// # Errors
    /// One of the errors for damage to the index.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> Result<bool> {
        Ok(!name.as_ref().is_empty() && self.index.get(name.as_ref())?.is_some())
    }

    /// Reads and checks a tensor.
    ///
    /// # Errors
    /// [`Error::NoTensor`]; `Io` if its data file is missing; one of the errors for damage.
    pub fn read(&self, name: impl AsRef<[u8]>) -> Result<Tensor> {
        let entry = self.entry(name)?;
        self.read_entry(&entry)
    }

    /// Reads and checks a tensor that must be of this type.
    ///
    /// # Errors
    /// [`Error::WrongDType`], and those of [`Reader::read`].
    pub fn read_as(&self, name: impl AsRef<[u8]>, dtype: DType) -> Result<Tensor> {
        let entry = self.entry(name)?;
        if entry.dtype != dtype {
            let (name, found) = (entry.name, entry.dtype);
            return Err(Error::WrongDType {
                name,
                expected: dtype,
                found,
            });
        }
        self.read_entry(&entry)
    }

    /// Reads and checks a tensor of [`Reader::entries`]. A variant gives its stored bytes.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_entry(&self, entry: &Entry) -> Result<Tensor> {
        let location = match &entry.layout {
            Layout::Whole(location) => location,
            Layout::Sliced(_) => {
                return self.read_slice_of(entry, &Slice::full(entry.shape.len()));
            }
        };
        let shard = self.locate(entry, location)?;
        let mut bytes = Buffer::zeroed(location.size as usize);
        let checked = if entry.dtype.size().is_some() {
            let filled = transfer::fill(&shard, location.offset, bytes.make_mut());
            Ok(filled.map_err(Error::io("read", &shard.path))?)
        } else {
            self.read_at(&shard, location.offset, bytes.make_mut())?;
            self.check(entry, &bytes)
        };
        self.judge(checked, &shard, entry, location)?;
        if entry.dtype == DType::String {
            return self.decode_strings(entry, location, &shard, &bytes);
        }
        if self.swaps(entry.dtype) {
            swap(entry.dtype, bytes.make_mut());
        }
        Tensor::from_buffer(entry.dtype, &entry.shape, bytes)
    }

    /// As [`Reader::read`], but the elements are not copied where they lie in the file as they
    /// are in memory: they are checked and then left in the mapped file.
    ///
    /// Should another process change the file meanwhile, the elements change too; should it cut
    /// the file, this process is killed.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn map(&self, name: impl AsRef<[u8]>) -> Result<Tensor> {
        let entry = self.entry(name)?;
        self.map_entry(&entry)
    }

    /// As [`Reader::map`], for a tensor of [`Reader::entries`].
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn map_entry(&self, entry: &Entry) -> Result<Tensor> {
        let location = match &entry.layout {
            Layout::Whole(at) if entry.dtype != DType::String && !self.swaps(entry.dtype) => at,
            _ => return self.read_entry(entry),
        };
        let shard = self.locate(entry, location)?;
        let bytes = Buffer::of_file(shard.map()?, location.offset, location.size)
            .ok_or_else(|| short(&shard, entry, location))?;
        self.judge(self.check(entry, &bytes), &shard, entry, location)?;
        Tensor::from_buffer(entry.dtype, &entry.shape, bytes)
    }

    /// Checks every byte of the index, also those that reading does not need.
    ///
    /// # Errors
    /// One of the errors for damage.
    pub fn verify_index(&self) -> Result<()> {
        self.index.verify()
    }

    fn decode_strings(
        &self,
        entry: &Entry,
        location: &Location,
        shard: &Shard,
        bytes: &[u8],
    ) -> Result<Tensor> {
        let strings = string_codec::decode(bytes, entry.element_count());
        let strings = strings.ok_or_else(|| Error::DamagedTensor {
            path: shard.path.clone(),
            name: entry.name.clone(),
            offset: location.offset,
            reason: "its strings do not fit the bytes stored".to_owned(),
        })?;
        Tensor::from_strings(&entry.shape, strings)
    }

    /// Whether the bytes of numbers must be turned round to be little-endian.
    fn swaps(&self, dtype: DType) -> bool {
        self.header.endianness == Endianness::Big && dtype.swap_unit() > 1
    }

    /// The data file of a tensor, which is long enough for it.
    pub(super) fn locate(&self, entry: &Entry, location: &Location) -> Result<Arc<Shard>> {
        let shard = self.shard(location.shard)?;
        match location.offset.checked_add(location.size) {
            Some(end) if end <= shard.len => Ok(shard),
            _ => Err(short(&shard, entry, location)),
        }
    }

    pub(super) fn shard(&self, number: u32) -> Result<Arc<Shard>> {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = shards.get(&number) {
            return Ok(Arc::clone(shard));
        }
        let path = data_path(&self.prefix, number, self.header.shards);
        let shard = Arc::new(Shard::open(path)?);
        shards.insert(number, Arc::clone(&shard));
        Ok(shard)
    }

    pub(super) fn read_at(&self, shard: &Shard, offset: u64, buffer: &mut [u8]) -> Result<()> {
        shard
            .read_at(offset, buffer)
            .map_err(Error::io("read", &shard.path))
    }

    fn parse(&self, name: Name, value: &[u8]) -> Result<Entry> {
        Entry::parse(self.index.path(), name, value, self.header.shards)
    }
}

fn short(shard: &Shard, entry: &Entry, location: &Location) -> Error {
    Error::ShortData {
        path: shard.path.clone(),
        name: entry.name.clone(),
        offset: location.offset,
        size: location.size,
        found: shard.len,
    }
}
