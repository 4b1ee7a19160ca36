//! `tensor_shape.proto` and `versions.proto`.

/// Shape of a tensor (`TensorShapeProto`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorShapeProto {
    /// Sizes, outermost first; none for a scalar.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dim>,
    /// Set where not even the number of dimensions is known; never in a stored tensor.
    #[prost(bool, tag = "3")]
    pub unknown_rank: bool,
}

/// One dimension (`TensorShapeProto.Dim`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct Dim {
    /// Its size; −1 where unknown.
    #[prost(int64, tag = "1")]
    pub size: i64,
    /// Its name, nearly always empty.
    #[prost(string, tag = "2")]
    pub name: String,
}

impl TensorShapeProto {
    /// The message for a shape; sizes above `i64::MAX` cannot be stored and are cut to it.
    pub fn from_dims(dims: &[u64]) -> TensorShapeProto {
        let dim = dims
            .iter()
            .map(|&size| Dim {
                size: i64::try_from(size).unwrap_or(i64::MAX),
                name: String::new(),
            })
            .collect();
        TensorShapeProto {
            dim,
            unknown_rank: false,
        }
    }
}

/// Versions of a producer and of the consumers it allows (`VersionDef`).
#[derive(Clone, PartialEq, prost::Message)]
pub struct VersionDef {
    /// Version of the code that wrote the data.
    #[prost(int32, tag = "1")]
    pub producer: i32,
    /// Oldest consumer that can read it.
    #[prost(int32, tag = "2")]
    pub min_consumer: i32,
    /// Consumers that must not read it.
    #[prost(int32, repeated, tag = "3")]
    pub bad_consumers: Vec<i32>,
}
