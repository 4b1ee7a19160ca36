//! Writing a bundle.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;

use super::entry::{Entry, Layout, Location};
use super::files::{data_path, index_path};
use super::header::{Endianness, Header};
use super::reader::swap;
use super::string_codec;
use crate::crc;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::staged::{Durability, Staged, create_folder_of, sync_folder_of};
use crate::table::TableWriter;
use crate::tensor::{Elements, TensorView, byte_count};

/// Small tensors are gathered into writes of this size.
const BUFFER: usize = 1 << 20;

/// How a bundle is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the files are forced to the disk; they are unless told otherwise.
    pub durability: Durability,
    /// Byte order of the numbers; little-endian unless told otherwise.
    pub endianness: Endianness,
}

/// Writes a bundle (`BundleWriter`): tensors are written as they are added, the index last.
///
/// Until [`Writer::finish`] nothing has its final name; a writer that is dropped removes what it
/// wrote. Memory does not grow with the size of the tensors.
#[derive(Debug)]
pub struct Writer {
    prefix: PathBuf,
    options: Options,
    entries: BTreeMap<Name, Entry>,
    finished_shards: Vec<Staged>,
    shard: Staged,
    buffer: Vec<u8>,
    offset: u64,
    failed: bool,
}

impl Writer {
    /// Starts a bundle with this prefix and the default options. Missing folders are made.
    ///
    /// # Errors
    /// `Io` if the folder cannot be written to.
    pub fn create(prefix: impl AsRef<Path>) -> Result<Writer> {
        Writer::with_options(prefix, Options::default())
    }

    /// Starts a bundle with this prefix.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn with_options(prefix: impl AsRef<Path>, options: Options) -> Result<Writer> {
        let prefix = prefix.as_ref().to_path_buf();
        if prefix.file_name().is_none() {
            let prefix = prefix.display();
            let reason = format!("\"{prefix}\" is no prefix: it must end with a file name");
            return Err(Error::InvalidArgument(reason));
        }
        create_folder_of(&prefix)?;
        let shard = Staged::beside(&data_path(&prefix, 0, 1))?;
        Ok(Writer {
            prefix,
            options,
            entries: BTreeMap::new(),
            finished_shards: Vec::new(),
            shard,
            buffer: Vec::new(),
            offset: 0,
            failed: false,
        })
    }

    /// Appends a tensor.
    ///
    /// # Errors
    /// [`Error::InvalidTensor`] if the name is empty or taken, if elements and shape do not fit
    /// each other, or if the shape has more elements than TensorFlow can count; `Io` if writing
    /// fails, after which the bundle cannot be finished.
    pub fn add(&mut self, name: impl AsRef<[u8]>, tensor: TensorView<'_>) -> Result<()> {
        let name = self.accept(name.as_ref())?;
        tensor.check().map_err(|reason| Error::InvalidTensor {
            name: name.clone(),
            reason,
        })?;
        let (size, crc32c) = match tensor.elements {
            Elements::Bytes(bytes) if self.swaps(tensor.dtype) => {
                self.append_swapped(tensor.dtype, bytes)?
            }
            Elements::Bytes(bytes) => self.append_checked(bytes)?,
            Elements::Strings(strings) => {
                let encoded = string_codec::encode(strings, self.options.endianness);
                self.append(&encoded.head)?;
                self.append(strings.concatenated())?;
                (encoded.size, encoded.crc32c)
            }
        };
        self.enter(name, tensor.dtype, tensor.shape, size, crc32c);
        Ok(())
    }

    /// Appends a tensor whose little-endian bytes come from `source`, in bounded memory: it may
    /// exceed what fits in memory. As many bytes are taken as type and shape make.
    ///
    /// # Errors
    /// As [`Writer::add`]; also if `source` fails or ends early, after which the bundle cannot be
    /// finished; [`Error::InvalidTensor`] for strings and variants.
    pub fn add_stream(
        &mut self,
        name: impl AsRef<[u8]>,
        dtype: DType,
        shape: &[u64],
        mut source: impl Read,
    ) -> Result<()> {
        let name = self.accept(name.as_ref())?;
        let Some(size) = byte_count(dtype, shape) else {
            let reason = format!("{dtype} of shape {shape:?} has no length to stream");
            return Err(Error::InvalidTensor { name, reason });
        };
        let mut chunk = vec![0; usize::try_from(size).unwrap_or(BUFFER).min(BUFFER)];
        let mut crc32c = 0;
        let mut left = size;
        while left > 0 {
            let len = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            let part = &mut chunk[..len];
            if let Err(source) = source.read_exact(part) {
                self.failed = true;
                return Err(source_failed(name, size, size - left, &source));
            }
            if self.options.endianness == Endianness::Big {
                swap(dtype, part);
            }
            crc32c = crc::extend(crc32c, part);
            self.append(part)?;
            left -= len as u64;
        }
        self.enter(name, dtype, shape, size, crc32c);
        Ok(())
    }

    /// Starts the next data file: tensors added from here on go there.
    ///
    /// # Errors
    /// `Io` if a file cannot be made or written.
    pub fn next_shard(&mut self) -> Result<()> {
        self.flush()?;
        let number = self.finished_shards.len() as u32 + 1;
        let next = Staged::beside(&data_path(&self.prefix, number, number + 1))?;
        self.finished_shards
            .push(std::mem::replace(&mut self.shard, next));
        self.offset = 0;
        Ok(())
    }

    /// Writes the index and gives all files their names, data first, the index last.
    ///
    /// # Errors
    /// `Io` if writing fails; nothing is left behind then, except that an existing bundle of the
    /// same prefix may have got new data files, which its checksums tell.
    pub fn finish(mut self) -> Result<()> {
        self.flush()?;
        if self.failed {
            return Err(Error::Unfinished {
                prefix: self.prefix,
            });
        }
        let Options {
            durability,
            endianness,
        } = self.options;
        let mut shards = self.finished_shards;
        shards.push(self.shard);
        let count = shards.len() as u32;
        let header = Header::new(count, endianness);
        let index = write_index(&self.prefix, &header, &self.entries, durability)?;
        for shard in &shards {
            shard.sync(durability)?;
        }
        for (number, shard) in (0..).zip(shards) {
            shard.commit(&data_path(&self.prefix, number, count))?;
        }
        sync_folder_of(&self.prefix, durability)?;
        index.commit(&index_path(&self.prefix))?;
        sync_folder_of(&self.prefix, durability)
    }

    fn accept(&self, name: &[u8]) -> Result<Name> {
        if self.failed {
            return Err(Error::Unfinished {
                prefix: self.prefix.clone(),
            });
        }
        let name = Name::from(name);
        let refuse = |reason: &str| {
            Err(Error::InvalidTensor {
                name: name.clone(),
                reason: reason.to_owned(),
            })
        };
        if name.is_empty() {
            return refuse("a tensor needs a name; TensorFlow aborts on an empty one");
        }
        if self.entries.contains_key(&name) {
            return refuse("a tensor of this name was already added");
        }
        Ok(name)
    }

    fn enter(&mut self, name: Name, dtype: DType, shape: &[u64], size: u64, crc32c: u32) {
        let shard = self.finished_shards.len() as u32;
        let location = Location {
            shard,
            offset: self.offset - size,
            size,
            crc32c,
        };
        let shape = shape.to_vec();
        let entry = Entry {
            name: name.clone(),
            dtype,
            shape,
            layout: Layout::Whole(location),
        };
        self.entries.insert(name, entry);
    }

    fn swaps(&self, dtype: DType) -> bool {
        self.options.endianness == Endianness::Big && dtype.swap_unit() > 1
    }

    fn append_swapped(&mut self, dtype: DType, bytes: &[u8]) -> Result<(u64, u32)> {
        let mut crc32c = 0;
        for part in bytes.chunks(BUFFER) {
            let mut swapped = part.to_vec();
            swap(dtype, &mut swapped);
            crc32c = crc::extend(crc32c, &swapped);
            self.append(&swapped)?;
        }
        Ok((bytes.len() as u64, crc32c))
    }

    /// Writes `bytes` and computes their checksum meanwhile.
    fn append_checked(&mut self, bytes: &[u8]) -> Result<(u64, u32)> {
        let len = bytes.len() as u64;
        if bytes.len() < BUFFER {
            self.append(bytes)?;
            return Ok((len, crc::crc32c(bytes)));
        }
        let crc32c = thread::scope(|scope| {
            let checksum = scope.spawn(|| crc::crc32c(bytes));
            self.append(bytes)?;
            Ok(checksum.join().unwrap_or_else(|_| crc::crc32c(bytes)))
        })?;
        Ok((len, crc32c))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() < BUFFER {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= BUFFER {
                self.flush()?;
            }
        } else {
            self.flush()?;
            let written = self.shard.write_all(bytes);
            self.note(written)?;
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.shard.write_all(&self.buffer);
        self.buffer.clear();
        self.note(written)
    }

    fn note(&mut self, written: io::Result<()>) -> Result<()> {
        self.failed |= written.is_err();
        written.map_err(Error::io("write", self.shard.path()))
    }
}

/// Writes an index beside its final name.
fn write_index(
    prefix: &Path,
    header: &Header,
    entries: &BTreeMap<Name, Entry>,
    durability: Durability,
) -> Result<Staged> {
    let staged = Staged::beside(&index_path(prefix))?;
    let path = staged.path().to_path_buf();
    let mut table = TableWriter::new(io::BufWriter::new(staged), &path);
    table.add(b"", &header.encode())?;
    for (name, entry) in entries {
        table.add(name, &entry.encode())?;
    }
    let staged = table.finish()?.into_inner().map_err(|error| {
        let source = error.into_error();
        Error::Io {
            action: "write",
            path,
            source,
        }
    })?;
    staged.sync(durability)?;
    Ok(staged)
}

fn source_failed(name: Name, size: u64, taken: u64, source: &io::Error) -> Error {
    let reason = match source.kind() {
        io::ErrorKind::UnexpectedEof => {
            format!("its bytes end before {size} were read ({taken} or a little more)")
        }
        _ => format!("reading its bytes failed after {taken} of {size}: {source}"),
    };
    Error::InvalidTensor { name, reason }
}
