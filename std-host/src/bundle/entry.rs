//! What an index says about one tensor.

use std::path::Path;

use prost::Message as _;

use crate::crc;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::proto::bundle::BundleEntryProto;
use crate::proto::shape::TensorShapeProto;
use crate::slice::Slice;
use crate::tensor::{byte_count, element_count};

/// A tensor of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<u64>,
    /// Where its bytes are.
    pub layout: Layout,
}

/// Whether a tensor is stored in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In one piece.
    Whole(Location),
    /// Partitioned: each slice is stored on its own; they need not cover the tensor.
    Sliced(Vec<Slice>),
}

/// A stretch of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Number of the data file, from 0.
    pub shard: u32,
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub size: u64,
    /// CRC-32C as the format defines it for the element type, unmasked.
    pub crc32c: u32,
}

impl Entry {
    /// Parses the record of `name` in the index at `path`.
    pub(crate) fn parse(path: &Path, name: Name, bytes: &[u8], shards: u32) -> Result<Entry> {
        let parsed = parse(bytes, shards);
        let (dtype, shape, layout) = match parsed {
            Ok(parsed) => parsed,
            Err(reason) => {
                return Err(Error::DamagedEntry {
                    path: path.to_path_buf(),
                    name,
                    reason,
                });
            }
        };
        if let (Layout::Whole(location), Some(expected)) = (&layout, byte_count(dtype, &shape))
            && location.size != expected
        {
            let (path, found) = (path.to_path_buf(), location.size);
            return Err(Error::WrongSize {
                path,
                name,
                dtype,
                shape,
                expected,
                found,
            });
        }
        Ok(Entry {
            name,
            dtype,
            shape,
            layout,
        })
    }

    /// The record for a tensor stored in one piece.
    pub(crate) fn encode_whole(dtype: DType, shape: &[u64], location: &Location) -> Vec<u8> {
        let proto = BundleEntryProto {
            dtype: dtype.number(),
            shape: Some(TensorShapeProto::from_dims(shape)),
            shard_id: location.shard as i32,
            offset: location.offset as i64,
            size: location.size as i64,
            crc32c: crc::mask(location.crc32c),
            slices: Vec::new(),
        };
        proto.encode_to_vec()
    }

    /// The record for a partitioned tensor.
    pub(crate) fn encode_sliced(dtype: DType, shape: &[u64], slices: &[Slice]) -> Vec<u8> {
        let proto = BundleEntryProto {
            dtype: dtype.number(),
            shape: Some(TensorShapeProto::from_dims(shape)),
            slices: slices.iter().map(Slice::to_proto).collect(),
            ..BundleEntryProto::default()
        };
        proto.encode_to_vec()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        match &self.layout {
            Layout::Whole(location) => Entry::encode_whole(self.dtype, &self.shape, location),
            Layout::Sliced(slices) => Entry::encode_sliced(self.dtype, &self.shape, slices),
        }
    }

    /// Number of elements.
    pub fn element_count(&self) -> u64 {
        element_count(&self.shape).unwrap_or(0)
    }
}

fn parse(bytes: &[u8], shards: u32) -> Result<(DType, Vec<u64>, Layout), String> {
    let proto = BundleEntryProto::decode(bytes).map_err(|error| error.to_string())?;
    let dtype = DType::from_number(proto.dtype)
        .ok_or_else(|| format!("element type {} is unknown", proto.dtype))?;
    let mut shape = Vec::new();
    for dim in proto.shape.iter().flat_map(|shape| &shape.dim) {
        shape.push(u64::try_from(dim.size).map_err(|_| format!("a size is {}", dim.size))?);
    }
    if element_count(&shape).is_none() {
        return Err(format!(
            "shape {shape:?} has more elements than can be counted"
        ));
    }
    if !proto.slices.is_empty() {
        let slices: Result<Vec<Slice>, String> = proto
            .slices
            .iter()
            .map(|slice| Slice::from_proto(slice, &shape))
            .collect();
        return Ok((dtype, shape, Layout::Sliced(slices?)));
    }
    let shard = u32::try_from(proto.shard_id)
        .ok()
        .filter(|&shard| shard < shards)
        .ok_or_else(|| {
            format!(
                "it lies in data file {}, there are {shards}",
                proto.shard_id
            )
        })?;
    let (Ok(offset), Ok(size)) = (u64::try_from(proto.offset), u64::try_from(proto.size)) else {
        return Err(format!("{} bytes at byte {}", proto.size, proto.offset));
    };
    let location = Location {
        shard,
        offset,
        size,
        crc32c: crc::unmask(proto.crc32c),
    };
    Ok((dtype, shape, Layout::Whole(location)))
}
