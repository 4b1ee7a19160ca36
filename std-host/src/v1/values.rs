//! The elements of a slice, in the message field of their type.

use crate::dtype::DType;
use crate::proto::tensor::TensorProto;
use crate::strings::Strings;
use crate::tensor::{Element, Elements, Tensor, TensorView};

/// Puts elements into a message: only the field of their type, as TensorFlow's writer does.
/// `None` if V1 checkpoints cannot hold the type.
pub(super) fn encode(tensor: TensorView<'_>) -> Option<TensorProto> {
    let mut proto = TensorProto::default();
    let bytes = match tensor.elements {
        Elements::Strings(strings) => {
            proto.string_val = strings.iter().map(<[u8]>::to_vec).collect();
            return Some(proto);
        }
        Elements::Bytes(bytes) => bytes,
    };
    match tensor.dtype {
        DType::Float32 => proto.float_val = all(bytes),
        DType::Float64 => proto.double_val = all(bytes),
        DType::Complex64 => proto.scomplex_val = all(bytes),
        DType::Complex128 => proto.dcomplex_val = all(bytes),
        DType::Int64 => proto.int64_val = all(bytes),
        DType::Bool => proto.bool_val = all(bytes),
        DType::Int32 | DType::QInt32 => proto.int_val = all(bytes),
        DType::Int16 | DType::QInt16 => proto.int_val = widened::<i16>(bytes),
        DType::Int8 | DType::QInt8 => proto.int_val = widened::<i8>(bytes),
        DType::UInt16 | DType::QUInt16 => proto.int_val = widened::<u16>(bytes),
        DType::UInt8 | DType::QUInt8 => proto.int_val = widened::<u8>(bytes),
        DType::Float16 | DType::BFloat16 => proto.half_val = widened::<u16>(bytes),
        _ => return None,
    }
    Some(proto)
}

fn all<T: Element>(bytes: &[u8]) -> Vec<T> {
    bytes
        .chunks_exact(size_of::<T>())
        .filter_map(T::take)
        .collect()
}

fn widened<T: Element + Into<i32>>(bytes: &[u8]) -> Vec<i32> {
    bytes
        .chunks_exact(size_of::<T>())
        .filter_map(T::take)
        .map(T::into)
        .collect()
}

/// Takes the elements of a slice of this type and shape out of a message; the reason if they are
/// not there.
pub(super) fn decode(dtype: DType, shape: &[u64], proto: TensorProto) -> Result<Tensor, String> {
    let tensor = match dtype {
        DType::String => {
            let strings: Strings = proto.string_val.iter().collect();
            Tensor::from_strings(shape, strings)
        }
        DType::Float32 => put_all(dtype, shape, &proto.float_val),
        DType::Float64 => put_all(dtype, shape, &proto.double_val),
        DType::Complex64 => put_all(dtype, shape, &proto.scomplex_val),
        DType::Complex128 => put_all(dtype, shape, &proto.dcomplex_val),
        DType::Int64 => put_all(dtype, shape, &proto.int64_val),
        DType::Bool => put_all(dtype, shape, &proto.bool_val),
        DType::UInt32 => put_all(dtype, shape, &proto.uint32_val),
        DType::UInt64 => put_all(dtype, shape, &proto.uint64_val),
        DType::Int32 | DType::QInt32 => put_all(dtype, shape, &proto.int_val),
        DType::Int16 | DType::QInt16 | DType::UInt16 | DType::QUInt16 => {
            put_low::<2>(dtype, shape, &proto.int_val)
        }
        DType::Int8 | DType::QInt8 | DType::UInt8 | DType::QUInt8 => {
            put_low::<1>(dtype, shape, &proto.int_val)
        }
        DType::Float16 | DType::BFloat16 => put_low::<2>(dtype, shape, &proto.half_val),
        _ => return Err(format!("V1 checkpoints do not hold {dtype}")),
    };
    tensor.map_err(|error| error.to_string())
}

fn put_all<T: Element>(dtype: DType, shape: &[u64], values: &[T]) -> crate::Result<Tensor> {
    let mut bytes = Vec::with_capacity(size_of_val(values));
    for value in values {
        value.put(&mut bytes);
    }
    Tensor::new(dtype, shape, bytes)
}

/// Keeps the low `N` bytes of each value.
fn put_low<const N: usize>(dtype: DType, shape: &[u64], values: &[i32]) -> crate::Result<Tensor> {
    let mut bytes = Vec::with_capacity(values.len() * N);
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes()[..N]);
    }
    Tensor::new(dtype, shape, bytes)
}
