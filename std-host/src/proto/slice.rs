//! `tensor_slice.proto`.

/// A box within a tensor (`TensorSliceProto`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorSliceProto {
    /// One a dimension.
    #[prost(message, repeated, tag = "1")]
    pub extent: Vec<Extent>,
}

/// What a slice takes of one dimension (`TensorSliceProto.Extent`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Extent {
    /// First index.
    #[prost(int64, tag = "1")]
    pub start: i64,
    /// Number of indices; absent for the whole dimension (presence matters).
    #[prost(int64, optional, tag = "2")]
    pub length: Option<i64>,
}
