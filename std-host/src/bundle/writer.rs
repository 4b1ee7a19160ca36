//! Writing a bundle tensor by tensor.

use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use super::append::{append, append_overlapped, check};
use super::entry::{Entry, Layout, Location};
use super::header::{Endianness, Header};
use super::output::{BUFFER, Output};
use super::swap::swap;
use crate::crc;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::region::Region;
use crate::slice::Slice;
use crate::staged::Durability;
use crate::tensor::{Elements, TensorView, byte_count, element_count};

/// How a bundle is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the files are forced to the disk; they are unless told otherwise.
    pub durability: Durability,
    /// Byte order of the numbers; little-endian unless told otherwise.
    pub endianness: Endianness,
}

/// Writes a bundle (`BundleWriter`, `SaveV2`): tensors are written as they are added, the index
/// last.
///
/// Until [`Writer::finish`] nothing has its final name; a writer that is dropped removes what it
/// wrote. Memory does not grow with the size of the tensors.
#[derive(Debug)]
pub struct Writer {
    output: Output,
    options: Options,
    entries: BTreeMap<Name, Entry>,
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
        let output = Output::create(prefix.as_ref())?;
        Ok(Writer {
            output,
            options,
            entries: BTreeMap::new(),
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
        check(&name, tensor, self.options.endianness)?;
        self.append_tensor(name, tensor)
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
        let start = self.output.offset();
        let mut chunk = vec![0; usize::try_from(size).unwrap_or(BUFFER).min(BUFFER)];
        let mut crc32c = 0;
        let mut left = size;
        while left > 0 {
            let len = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            let part = &mut chunk[..len];
            if let Err(error) = source.read_exact(part) {
                self.output.fail();
                return Err(source_failed(name, size, size - left, &error));
            }
            if self.options.endianness == Endianness::Big {
                swap(dtype, part);
            }
            crc32c = crc::extend(crc32c, part);
            self.output.append(part)?;
            left -= len as u64;
        }
        let shard = self.output.shard();
        self.enter(
            name,
            dtype,
            shape,
            Location {
                shard,
                offset: start,
                size,
                crc32c,
            },
        );
        Ok(())
    }

    /// Appends a part of a partitioned tensor whose shape is `full_shape`; `tensor` has the shape
    /// of the slice. A slice that covers the whole tensor is stored as a tensor without slices,
    /// as SaveV2 does.
    ///
    /// TensorFlow itself cannot put slices of half, uint16, uint32, uint64 and strings together
    /// again (it reads each slice on its own); this library's [`Reader`](super::Reader) can.
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
        let bounds = slice.bounds(full_shape).map_err(refuse)?;
        let region = Region::new(bounds);
        if region == Region::whole(full_shape) {
            return self.add(&name, tensor);
        }
        if name.is_empty() || element_count(full_shape).is_none() {
            return Err(refuse(
                "a partitioned tensor needs a name and a countable shape".into(),
            ));
        }
        check(&name, tensor, self.options.endianness)?;
        if region.shape() != tensor.shape {
            let (expected, found) = (region.shape(), tensor.shape);
            return Err(refuse(format!(
                "slice {slice} has shape {expected:?}, not {found:?}"
            )));
        }
        if let Some(entry) = self.entries.get(&name) {
            let same = entry.dtype == tensor.dtype && entry.shape == full_shape;
            if !same || !matches!(entry.layout, Layout::Sliced(_)) {
                return Err(refuse(
                    "it was added with another type, shape or unsliced".into(),
                ));
            }
        }
        let key = self.accept(&slice.encode_key(&name))?;
        self.append_tensor(key, tensor)?;
        match self.entries.entry(name) {
            Place::Occupied(mut place) => {
                if let Layout::Sliced(slices) = &mut place.get_mut().layout {
                    slices.push(slice.clone());
                }
            }
            Place::Vacant(place) => {
                let name = place.key().clone();
                let (dtype, shape) = (tensor.dtype, full_shape.to_vec());
                let layout = Layout::Sliced(vec![slice.clone()]);
                place.insert(Entry {
                    name,
                    dtype,
                    shape,
                    layout,
                });
            }
        }
        Ok(())
    }

    /// Appends tensors to several data files at the same time: the one that grows at present and
    /// `files - 1` new ones after it, of which the last grows further. Where writing to one file
    /// is what takes the time (in memory, on fast disks), this is faster by the number of cores;
    /// TensorFlow reads the files as those of a sharded checkpoint.
    ///
    /// # Errors
    /// As [`Writer::add`], after which the bundle cannot be finished.
    pub fn add_spread(
        &mut self,
        tensors: &[(Name, TensorView<'_>)],
        files: NonZeroUsize,
    ) -> Result<()> {
        let mut names = HashSet::new();
        for (name, tensor) in tensors {
            let name = self.accept(name)?;
            check(&name, *tensor, self.options.endianness)?;
            if !names.insert(name.clone()) {
                let reason = "it is given twice".to_owned();
                return Err(Error::InvalidTensor { name, reason });
            }
        }
        let lists = balance(tensors, files.get());
        let (first, endianness) = (self.output.shard(), self.options.endianness);
        let shards = self.output.spread(files.get())?;
        let written: Result<Vec<Vec<Location>>> = thread::scope(|scope| {
            let threads: Vec<_> = (first..)
                .zip(shards.iter_mut().zip(&lists))
                .map(|(number, (shard, list))| {
                    scope.spawn(move || {
                        let one = |(_, tensor): &&(Name, TensorView<'_>)| {
                            append(shard, number, *tensor, endianness)
                        };
                        list.iter().map(one).collect()
                    })
                })
                .collect();
            let died = || Error::InvalidArgument("a writing thread died".to_owned());
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| died())?)
                .collect()
        });
        let written = written.inspect_err(|_| self.output.fail())?;
        for (list, locations) in lists.iter().zip(written) {
            for ((name, tensor), location) in list.iter().zip(locations) {
                self.enter(name.clone(), tensor.dtype, tensor.shape, location);
            }
        }
        Ok(())
    }

    /// Starts the next data file: tensors added from here on go there.
    ///
    /// # Errors
    /// `Io` if a file cannot be made or written.
    pub fn next_shard(&mut self) -> Result<()> {
        self.output.next_shard()
    }

    /// Writes the index and gives all files their names, data first, the index last.
    ///
    /// # Errors
    /// `Io` if writing fails; nothing is left behind then, except that an existing bundle of the
    /// same prefix may have got new data files, which its checksums tell.
    pub fn finish(self) -> Result<()> {
        let header = Header::new(self.output.shard() + 1, self.options.endianness);
        self.output
            .finish(&header, &self.entries, self.options.durability)
    }

    fn accept(&self, name: &[u8]) -> Result<Name> {
        self.output.check()?;
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

    fn append_tensor(&mut self, name: Name, tensor: TensorView<'_>) -> Result<()> {
        let endianness = self.options.endianness;
        let location = self
            .output
            .append_with(|output, shard| append_overlapped(output, shard, tensor, endianness))?;
        self.enter(name, tensor.dtype, tensor.shape, location);
        Ok(())
    }

    fn enter(&mut self, name: Name, dtype: DType, shape: &[u64], location: Location) {
        let (shape, layout) = (shape.to_vec(), Layout::Whole(location));
        self.entries.insert(
            name.clone(),
            Entry {
                name,
                dtype,
                shape,
                layout,
            },
        );
    }
}

/// Gives each tensor in turn to the list that has the fewest bytes so far.
fn balance<'a, 't>(
    tensors: &'a [(Name, TensorView<'t>)],
    lists: usize,
) -> Vec<Vec<&'a (Name, TensorView<'t>)>> {
    let mut filled: Vec<(usize, Vec<_>)> = (0..lists).map(|_| (0, Vec::new())).collect();
    for tensor in tensors {
        let bytes = match tensor.1.elements {
            Elements::Bytes(bytes) => bytes.len(),
            Elements::Strings(strings) => strings.concatenated().len(),
        };
        if let Some((sum, list)) = filled.iter_mut().min_by_key(|(sum, _)| *sum) {
            *sum += bytes;
            list.push(tensor);
        }
    }
    filled.into_iter().map(|(_, list)| list).collect()
}

fn source_failed(name: Name, size: u64, taken: u64, error: &io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            format!("its source ended between byte {taken} and the last, {size}")
        }
        _ => format!("its source failed after byte {taken} of {size}: {error}"),
    };
    Error::InvalidTensor { name, reason }
}
