//! Partitioned tensors: a box is put together from the stored slices that it meets.

use super::entry::{Entry, Layout};
use super::reader::Reader;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::region::{Region, overlap};
use crate::slice::Slice;
use crate::strings::Strings;
use crate::tensor::{Tensor, byte_count};

impl Reader {
    /// Reads a box of a tensor, partitioned or not; a part that the box meets is read and checked
    /// whole, the others are not touched. The shape is that of the box.
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
        let bounds = slice.bounds(&entry.shape);
        let name = entry.name.clone();
        let wanted = bounds.map_err(|reason| Error::InvalidTensor { name, reason })?;
        let wanted = Region::new(wanted);
        match &entry.layout {
            Layout::Sliced(slices) => self.gather(entry, slices, &wanted, slice),
            Layout::Whole(_) => {
                let parts = [(Region::whole(&entry.shape), self.read_entry(entry)?)];
                assemble(entry.dtype, &wanted, &parts)
            }
        }
    }

    pub(super) fn gather(
        &self,
        entry: &Entry,
        slices: &[Slice],
        wanted: &Region,
        asked: &Slice,
    ) -> Result<Tensor> {
        let mut regions = Vec::with_capacity(slices.len());
        for slice in slices {
            let bounds = slice.bounds(&entry.shape);
            regions.push(Region::new(
                bounds.map_err(|reason| self.bad_entry(&entry.name, reason))?,
            ));
        }
        if let Some((first, second)) = overlap(&regions) {
            return Err(Error::OverlappingSlices {
                prefix: self.prefix().to_path_buf(),
                name: entry.name.clone(),
                first: slices[first].to_string(),
                second: slices[second].to_string(),
            });
        }
        let met: Vec<usize> = (0..regions.len())
            .filter(|&part| regions[part].meet(wanted).is_some())
            .collect();
        let covered = met.iter().filter_map(|&part| regions[part].meet(wanted));
        let covered: u64 = covered.map(|region| region.volume()).sum();
        if covered != wanted.volume() {
            let missing = wanted.volume().saturating_sub(covered);
            let count = slices.len();
            return Err(Error::MissingSlices {
                prefix: self.prefix().to_path_buf(),
                name: entry.name.clone(),
                asked: asked.to_string(),
                hint: format!(": {missing} elements lie in none of the {count} slices stored"),
            });
        }
        let mut parts = Vec::with_capacity(met.len());
        for part in met {
            parts.push((
                regions[part].clone(),
                self.read_part(entry, &slices[part], &regions[part])?,
            ));
        }
        assemble(entry.dtype, wanted, &parts)
    }

    fn read_part(&self, entry: &Entry, slice: &Slice, region: &Region) -> Result<Tensor> {
        let key = slice.encode_key(&entry.name);
        if !self.contains(&key)? {
            return Err(self.bad_entry(&entry.name, format!("slice {slice} is not stored")));
        }
        let part = self.entry(&key)?;
        if part.dtype != entry.dtype || part.shape != region.shape() {
            let (dtype, shape) = (part.dtype, &part.shape);
            let reason = format!("slice {slice} is stored as {dtype} of shape {shape:?}");
            return Err(self.bad_entry(&entry.name, reason));
        }
        match part.layout {
            Layout::Whole(_) => self.read_entry(&part),
            Layout::Sliced(_) => {
                Err(self.bad_entry(&entry.name, format!("slice {slice} is itself partitioned")))
            }
        }
    }

    fn bad_entry(&self, name: &Name, reason: String) -> Error {
        let path = self.index_path().to_path_buf();
        Error::DamagedEntry {
            path,
            name: name.clone(),
            reason,
        }
    }
}

/// Puts the box `wanted` together from parts that cover it.
fn assemble(dtype: DType, wanted: &Region, parts: &[(Region, Tensor)]) -> Result<Tensor> {
    let shape = wanted.shape();
    if dtype == DType::String {
        return assemble_strings(&shape, wanted, parts);
    }
    let (Some(size), Some(len)) = (dtype.size(), byte_count(dtype, &shape)) else {
        let reason = format!("slices of {dtype} cannot be put together");
        return Err(Error::InvalidTensor {
            name: Name::default(),
            reason,
        });
    };
    let mut bytes = vec![0; len as usize];
    for (region, part) in parts {
        let (Some(common), Some(source)) = (region.meet(wanted), part.bytes()) else {
            continue;
        };
        common.runs(region, wanted, |run| {
            let from = run.from * size..(run.from + run.len) * size;
            let to = run.to * size..(run.to + run.len) * size;
            bytes[to].copy_from_slice(&source[from]);
        });
    }
    Tensor::new(dtype, &shape, bytes)
}

fn assemble_strings(shape: &[u64], wanted: &Region, parts: &[(Region, Tensor)]) -> Result<Tensor> {
    let mut places: Vec<&[u8]> = vec![&[]; wanted.volume() as usize];
    for (region, part) in parts {
        let (Some(common), Some(source)) = (region.meet(wanted), part.strings()) else {
            continue;
        };
        common.runs(region, wanted, |run| {
            let from = (run.from..).filter_map(|index| source.get(index));
            for (place, string) in places[run.to..run.to + run.len].iter_mut().zip(from) {
                *place = string;
            }
        });
    }
    let strings: Strings = places.into_iter().collect();
    Tensor::from_strings(shape, strings)
}
