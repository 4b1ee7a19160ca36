//! Reading boxes of tensors, partitioned or not.

use std::collections::BTreeMap;

use super::entry::{Entry, Layout};
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::gather::{Partitioned, cut};
use crate::slice::Slice;
use crate::tensor::Tensor;

impl Reader {
    /// Reads a box of a tensor, partitioned or not; a stored slice that the box meets is read and
    /// checked whole, the others are not touched. The shape is that of the box.
    ///
    /// # Errors
    /// [`Error::InvalidTensor`] if the slice does not lie within the tensor,
    /// [`Error::MissingSlices`] if stored slices do not cover it, [`Error::OverlappingSlices`] if
    /// two of them overlap; and those of [`Reader::read`].
    pub fn read_slice(&self, name: impl AsRef<[u8]>, slice: &Slice) -> Result<Tensor> {
        let entry = self.entry(name)?;
        self.read_slice_of(&entry, slice)
    }

    /// As [`Reader::read_slice`], for a tensor of [`Reader::entries`].
    ///
    /// # Errors
    /// As [`Reader::read_slice`].
    pub fn read_slice_of(&self, entry: &Entry, slice: &Slice) -> Result<Tensor> {
        let slices = match &entry.layout {
            Layout::Sliced(slices) => slices,
            // Whatever its type: variants cannot be cut, but be asked for as they are.
            Layout::Whole(_) if *slice == Slice::full(entry.shape.len()) => {
                return self.read_entry(entry);
            }
            Layout::Whole(_) => return cut(&entry.name, self.read_entry(entry)?, slice),
        };
        let partitioned = Partitioned {
            prefix: self.prefix(),
            name: &entry.name,
            dtype: entry.dtype,
            shape: &entry.shape,
            slices,
        };
        let plan = partitioned.plan(slice)?;
        let mut parts = BTreeMap::new();
        let mut files = BTreeMap::new();
        for &number in &plan.needed {
            let part = self.stored_part(entry, &slices[number])?;
            if let Layout::Whole(location) = &part.layout {
                files.insert(location.shard, self.shard(location.shard)?.len);
            }
            parts.insert(number, part);
        }
        // Slices that share bytes of a file could otherwise claim any amount of memory.
        let limit = files
            .values()
            .fold(0, |sum: u64, len| sum.saturating_add(*len));
        partitioned.gather(&plan, limit, |number| match parts.get(&number) {
            Some(part) => self.read_entry(part),
            None => Err(self.not_stored(entry, &slices[number])),
        })
    }

    fn stored_part(&self, entry: &Entry, slice: &Slice) -> Result<Entry> {
        let key = slice.encode_key(&entry.name);
        if !self.contains(&key)? {
            return Err(self.not_stored(entry, slice));
        }
        let part = self.entry(&key)?;
        match part.layout {
            Layout::Whole(_) => Ok(part),
            Layout::Sliced(_) => {
                Err(self.bad_entry(entry, format!("slice {slice} is itself partitioned")))
            }
        }
    }

    fn not_stored(&self, entry: &Entry, slice: &Slice) -> Error {
        self.bad_entry(entry, format!("slice {slice} has no record of its own"))
    }

    fn bad_entry(&self, entry: &Entry, reason: String) -> Error {
        let path = self.index_path().to_path_buf();
        Error::DamagedEntry {
            path,
            name: entry.name.clone(),
            reason,
        }
    }
}
