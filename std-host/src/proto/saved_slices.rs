//! `saved_tensor_slice.proto`: what a V1 checkpoint holds.

use super::shape::{TensorShapeProto, VersionDef};
use super::slice::TensorSliceProto;
use super::tensor::TensorProto;

/// Value of every key (`SavedTensorSlices`): `meta` under the empty key, `data` under the others.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SavedTensorSlices {
    /// What the file holds.
    #[prost(message, optional, tag = "1")]
    pub meta: Option<SavedTensorSliceMeta>,
    /// One slice.
    #[prost(message, optional, tag = "2")]
    pub data: Option<SavedSlice>,
}

/// What a file holds (`SavedTensorSliceMeta`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SavedTensorSliceMeta {
    /// Its tensors.
    #[prost(message, repeated, tag = "1")]
    pub tensor: Vec<SavedSliceMeta>,
    /// Version of the format.
    #[prost(message, optional, tag = "2")]
    pub versions: Option<VersionDef>,
}

/// A tensor of a file (`SavedSliceMeta`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SavedSliceMeta {
    /// Its name.
    #[prost(bytes = "vec", tag = "1")]
    pub name: Vec<u8>,
    /// Its full shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
    /// Number of its element type.
    #[prost(int32, tag = "3")]
    pub r#type: i32,
    /// The slices that the file holds of it.
    #[prost(message, repeated, tag = "4")]
    pub slice: Vec<TensorSliceProto>,
}

/// A slice with its elements (`SavedSlice`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct SavedSlice {
    /// Name of the tensor.
    #[prost(bytes = "vec", tag = "1")]
    pub name: Vec<u8>,
    /// Which part of it.
    #[prost(message, optional, tag = "2")]
    pub slice: Option<TensorSliceProto>,
    /// The elements; neither type nor shape, which the file's meta record tells.
    #[prost(message, optional, tag = "3")]
    pub data: Option<TensorProto>,
}
