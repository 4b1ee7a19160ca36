//! `tensor.proto`: a tensor inside another message.

use super::shape::TensorShapeProto;

/// A tensor (`TensorProto`): all its bytes in `tensor_content`, or its values in the field of its
/// type, the last of which is repeated to the end of the shape.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorProto {
    /// Number of the element type.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Shape.
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<TensorShapeProto>,
    /// Version of the message, 0.
    #[prost(int32, tag = "3")]
    pub version_number: i32,
    /// All elements as little-endian bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub tensor_content: Vec<u8>,
    /// Elements of type float32.
    #[prost(float, repeated, tag = "5")]
    pub float_val: Vec<f32>,
    /// Elements of type float64.
    #[prost(double, repeated, tag = "6")]
    pub double_val: Vec<f64>,
    /// Elements of the integer types up to 32 bits.
    #[prost(int32, repeated, tag = "7")]
    pub int_val: Vec<i32>,
    /// Elements of type string.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
    /// Elements of type complex64, real and imaginary parts in turn.
    #[prost(float, repeated, tag = "9")]
    pub scomplex_val: Vec<f32>,
    /// Elements of type int64.
    #[prost(int64, repeated, tag = "10")]
    pub int64_val: Vec<i64>,
    /// Elements of type bool.
    #[prost(bool, repeated, tag = "11")]
    pub bool_val: Vec<bool>,
    /// Elements of type complex128, real and imaginary parts in turn.
    #[prost(double, repeated, tag = "12")]
    pub dcomplex_val: Vec<f64>,
    /// Bit patterns of elements of type float16 and bfloat16.
    #[prost(int32, repeated, tag = "13")]
    pub half_val: Vec<i32>,
    /// Elements of type uint32.
    #[prost(uint32, repeated, tag = "16")]
    pub uint32_val: Vec<u32>,
    /// Elements of type uint64.
    #[prost(uint64, repeated, tag = "17")]
    pub uint64_val: Vec<u64>,
    /// Bytes of the 8-bit float types.
    #[prost(bytes = "vec", tag = "18")]
    pub float8_val: Vec<u8>,
}
