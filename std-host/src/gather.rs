//! Partitioned tensors: a box is put together from the stored slices that it meets.

use std::path::Path;

use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::region::{Region, overlap};
use crate::slice::Slice;
use crate::strings::Strings;
use crate::tensor::{Tensor, byte_count};

/// A tensor of which slices are stored, in whatever format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Partitioned<'a> {
    /// Checkpoint, for errors.
    pub(crate) prefix: &'a Path,
    pub(crate) name: &'a Name,
    pub(crate) dtype: DType,
    /// Shape of the whole.
    pub(crate) shape: &'a [u64],
    pub(crate) slices: &'a [Slice],
}

/// The part of a partitioned tensor to read, and the slices that hold it.
#[derive(Debug)]
pub(crate) struct Plan {
    wanted: Region,
    regions: Vec<Region>,
    /// Places in the list of slices of those that are needed.
    pub(crate) needed: Vec<usize>,
}

impl Partitioned<'_> {
    /// Finds the slices that make up `asked`.
    ///
    /// # Errors
    /// [`Error::InvalidTensor`] if it does not lie within the tensor; [`Error::MissingSlices`],
    /// [`Error::OverlappingSlices`].
    pub(crate) fn plan(&self, asked: &Slice) -> Result<Plan> {
        let bounds = |slice: &Slice| {
            let bounds = slice.bounds(self.shape);
            let name = self.name.clone();
            bounds
                .map(Region::new)
                .map_err(|reason| Error::InvalidTensor { name, reason })
        };
        let wanted = bounds(asked)?;
        let regions = self
            .slices
            .iter()
            .map(bounds)
            .collect::<Result<Vec<Region>>>()?;
        if let Some((first, second)) = overlap(&regions) {
            return Err(Error::OverlappingSlices {
                prefix: self.prefix.to_path_buf(),
                name: self.name.clone(),
                first: self.slices[first].to_string(),
                second: self.slices[second].to_string(),
            });
        }
        let meets = |part: &usize| regions[*part].meet(&wanted);
        let needed: Vec<usize> = (0..regions.len())
            .filter(|part| meets(part).is_some())
            .collect();
        let covered: u64 = needed
            .iter()
            .filter_map(meets)
            .map(|region| region.volume())
            .sum();
        if covered != wanted.volume() {
            let missing = wanted.volume().saturating_sub(covered);
            let count = self.slices.len();
            return Err(Error::MissingSlices {
                prefix: self.prefix.to_path_buf(),
                name: self.name.clone(),
                asked: asked.to_string(),
                hint: format!(": {missing} elements lie in none of the {count} slices stored"),
            });
        }
        Ok(Plan {
            wanted,
            regions,
            needed,
        })
    }

    /// Reads the slices of `plan`, each with `read`, and puts them together. `limit` is the most
    /// bytes that the files can honestly hold of it.
    ///
    /// # Errors
    /// Those of `read`; [`Error::InvalidTensor`] if `read` gives a part of another type or shape,
    /// or if there would be more than `limit` bytes.
    pub(crate) fn gather(
        &self,
        plan: &Plan,
        limit: u64,
        mut read: impl FnMut(usize) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let read = |part: usize| {
            let tensor = read(part)?;
            let region = &plan.regions[part];
            if tensor.dtype() == self.dtype && tensor.shape() == region.shape() {
                return Ok((region, tensor));
            }
            let (slice, dtype, shape) = (&self.slices[part], tensor.dtype(), tensor.shape());
            Err(self.invalid(format!(
                "slice {slice} is stored as {dtype} of shape {shape:?}"
            )))
        };
        let parts = plan.needed.iter().copied().map(read);
        let shape = plan.wanted.shape();
        if self.dtype == DType::String {
            self.within(Some(plan.wanted.volume()), limit)?;
            let parts = parts.collect::<Result<Vec<_>>>()?;
            return Tensor::from_strings(&shape, place_strings(&plan.wanted, &parts));
        }
        let size = self.within(byte_count(self.dtype, &shape), limit)?;
        let mut bytes = Buffer::zeroed(size);
        for part in parts {
            let (region, tensor) = part?;
            place_bytes(&plan.wanted, region, &tensor, bytes.make_mut());
        }
        Tensor::from_buffer(self.dtype, &shape, bytes)
    }

    fn within(&self, bytes: Option<u64>, limit: u64) -> Result<usize> {
        let Some(bytes) = bytes else {
            let dtype = self.dtype;
            return Err(self.invalid(format!("slices of {dtype} cannot be put together")));
        };
        if bytes > limit {
            let reason = format!("its slices would take {bytes} bytes, the files have {limit}");
            return Err(self.invalid(reason));
        }
        usize::try_from(bytes).map_err(|_| self.invalid(format!("{bytes} bytes exceed memory")))
    }

    fn invalid(&self, reason: String) -> Error {
        Error::InvalidTensor {
            name: self.name.clone(),
            reason,
        }
    }
}

/// Cuts a box out of a tensor that is there as a whole.
///
/// # Errors
/// As [`Partitioned::plan`].
pub(crate) fn cut(name: &Name, whole: Tensor, slice: &Slice) -> Result<Tensor> {
    let shape = whole.shape().to_vec();
    let full = [Slice::full(shape.len())];
    let partitioned = Partitioned {
        prefix: Path::new(""),
        name,
        dtype: whole.dtype(),
        shape: &shape,
        slices: &full,
    };
    let plan = partitioned.plan(slice)?;
    let mut whole = Some(whole);
    partitioned.gather(&plan, u64::MAX, |_| {
        // A plan over one slice reads it once, or not at all.
        whole
            .take()
            .ok_or_else(|| Error::InvalidArgument("a slice was read twice".to_owned()))
    })
}

fn place_bytes(wanted: &Region, region: &Region, part: &Tensor, bytes: &mut [u8]) {
    let (Some(common), Some(source)) = (region.meet(wanted), part.bytes()) else {
        return;
    };
    let size = part.dtype().size().unwrap_or_default();
    common.runs(region, wanted, |run| {
        let from = run.from * size..(run.from + run.len) * size;
        let to = run.to * size..(run.to + run.len) * size;
        bytes[to].copy_from_slice(&source[from]);
    });
}

fn place_strings(wanted: &Region, parts: &[(&Region, Tensor)]) -> Strings {
    let mut places: Vec<&[u8]> = vec![&[]; wanted.volume() as usize];
    for (region, part) in parts {
        let (Some(common), Some(source)) = (region.meet(wanted), part.strings()) else {
            continue;
        };
        common.runs(region, wanted, |run| {
            let from = (run.from..).map_while(|index| source.get(index));
            for (place, string) in places[run.to..run.to + run.len].iter_mut().zip(from) {
                *place = string;
            }
        });
    }
    places.into_iter().collect()
}
