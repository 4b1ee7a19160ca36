//! Boxes within a tensor: what one part of a partitioned variable covers.

use std::fmt;

use crate::proto::slice::{Extent as ExtentProto, TensorSliceProto};
use crate::slice_key;

/// What a slice takes of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Extent {
    /// All of it, written `-`.
    Full,
    /// `length` indices from `start` on, written `start,length`; the length is not zero.
    Range {
        /// First index.
        start: u64,
        /// Number of indices.
        length: u64,
    },
}

/// A box within a tensor (`TensorSlice`), one extent a dimension.
///
/// A full extent and a range over the whole dimension cover the same elements but are stored
/// differently, hence they are not equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice(Vec<Extent>);

impl Slice {
    /// The slice with these extents.
    pub fn new(extents: impl Into<Vec<Extent>>) -> Slice {
        Slice(extents.into())
    }

    /// The whole of a tensor with `rank` dimensions.
    pub fn full(rank: usize) -> Slice {
        Slice(vec![Extent::Full; rank])
    }

    /// Its extents, outermost first.
    pub fn extents(&self) -> &[Extent] {
        &self.0
    }

    /// The key under which a bundle stores this slice of the tensor `name`.
    pub fn encode_key(&self, name: &[u8]) -> Vec<u8> {
        slice_key::encode(name, self)
    }

    /// Start and length in each dimension of a tensor of this shape; the reason if the slice does
    /// not lie within it.
    pub(crate) fn bounds(&self, shape: &[u64]) -> Result<Vec<(u64, u64)>, String> {
        if self.0.len() != shape.len() {
            let (rank, dims) = (self.0.len(), shape.len());
            return Err(format!(
                "slice {self} has {rank} dimensions, the tensor {dims}"
            ));
        }
        let bound = |(extent, &size): (&Extent, &u64)| match *extent {
            Extent::Full => Ok((0, size)),
            Extent::Range { start, length } => {
                let end = start
                    .checked_add(length)
                    .filter(|&end| end <= size && length > 0);
                end.map(|_| (start, length))
                    .ok_or_else(|| format!("slice {self} does not lie within shape {shape:?}"))
            }
        };
        self.0.iter().zip(shape).map(bound).collect()
    }

    /// The message that stores it.
    pub(crate) fn to_proto(&self) -> TensorSliceProto {
        let extent = self.0.iter().map(|extent| match *extent {
            Extent::Full => ExtentProto {
                start: 0,
                length: None,
            },
            Extent::Range { start, length } => ExtentProto {
                start: start as i64,
                length: Some(length as i64),
            },
        });
        TensorSliceProto {
            extent: extent.collect(),
        }
    }

    /// The slice of a tensor of this shape that `proto` stores; the reason if there is none.
    pub(crate) fn from_proto(proto: &TensorSliceProto, shape: &[u64]) -> Result<Slice, String> {
        let extent = |extent: &ExtentProto| match extent.length {
            None => Ok(Extent::Full),
            Some(length) => match (u64::try_from(extent.start), u64::try_from(length)) {
                (Ok(start), Ok(length)) => Ok(Extent::Range { start, length }),
                _ => Err(format!(
                    "a slice starts at {} with length {length}",
                    extent.start
                )),
            },
        };
        let slice = Slice(proto.extent.iter().map(extent).collect::<Result<_, _>>()?);
        slice.bounds(shape)?;
        Ok(slice)
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, extent) in self.0.iter().enumerate() {
            let colon = if index > 0 { ":" } else { "" };
            match extent {
                Extent::Full => write!(f, "{colon}-")?,
                Extent::Range { start, length } => write!(f, "{colon}{start},{length}")?,
            }
        }
        Ok(())
    }
}
