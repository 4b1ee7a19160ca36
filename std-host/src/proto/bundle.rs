//! `tensor_bundle.proto`: what the `.index` of a V2 checkpoint holds.

use super::shape::{TensorShapeProto, VersionDef};
use super::slice::TensorSliceProto;

/// Value of the empty key, the first of an index (`BundleHeaderProto`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct BundleHeaderProto {
    /// Number of data files.
    #[prost(int32, tag = "1")]
    pub num_shards: i32,
    /// 0 little-endian, 1 big-endian.
    #[prost(int32, tag = "2")]
    pub endianness: i32,
    /// Version of the format.
    #[prost(message, optional, tag = "3")]
    pub version: Option<VersionDef>,
}

/// Value of every other key (`BundleEntryProto`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct BundleEntryProto {
    /// Number of the element type.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Shape; present also for a scalar.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
    /// Data file that holds the tensor.
    #[prost(int32, tag = "3")]
    pub shard_id: i32,
    /// Where it starts in that file.
    #[prost(int64, tag = "4")]
    pub offset: i64,
    /// Its length in bytes.
    #[prost(int64, tag = "5")]
    pub size: i64,
    /// Masked CRC-32C.
    #[prost(fixed32, tag = "6")]
    pub crc32c: u32,
    /// For a partitioned tensor its slices, each stored under a key of its own.
    #[prost(message, repeated, tag = "7")]
    pub slices: Vec<TensorSliceProto>,
}
