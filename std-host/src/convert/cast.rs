//! Elements of one type as another, by value, as `tf.cast` does.

use half::{bf16, f16};

use crate::dtype::DType;
use crate::tensor::Tensor;

/// A number on its way between two types: wide enough for every value that the types here have.
#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Integer(i128),
}

impl Number {
    fn float(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => value as f64,
        }
    }

    /// Fractions are cut off; what does not fit becomes the nearest that does, NaN becomes 0.
    fn integer(self) -> i128 {
        match self {
            Self::Float(value) => value as i128,
            Self::Integer(value) => value,
        }
    }
}

/// How a type's elements are read and written.
struct Codec {
    size: usize,
    read: fn(&[u8]) -> Option<Number>,
    write: fn(Number, &mut Vec<u8>),
}

macro_rules! integers {
    ($dtype:expr; $($variant:ident => $rust:ty,)*) => {
        match $dtype {
            $(DType::$variant => Some(Codec {
                size: size_of::<$rust>(),
                read: |bytes| {
                    bytes.try_into().ok().map(|b| Number::Integer(<$rust>::from_le_bytes(b).into()))
                },
                write: |number, out| {
                    let (low, high) = (<$rust>::MIN.into(), <$rust>::MAX.into());
                    // The clamped value fits.
                    let value = number.integer().clamp(low, high) as $rust;
                    out.extend(value.to_le_bytes());
                },
            }),)*
            _ => None,
        }
    };
}

fn codec(dtype: DType) -> Option<Codec> {
    macro_rules! float {
        ($rust:ty, $from:expr, $to:expr) => {
            Some(Codec {
                size: size_of::<$rust>(),
                read: |bytes| {
                    let value = <$rust>::from_le_bytes(bytes.try_into().ok()?);
                    Some(Number::Float($to(value)))
                },
                write: |number, out| out.extend($from(number.float()).to_le_bytes()),
            })
        };
    }
    match dtype {
        DType::Float32 => float!(f32, |value| value as f32, f64::from),
        DType::Float64 => float!(f64, |value| value, |value| value),
        DType::Float16 => float!(f16, f16::from_f64, f64::from),
        // By way of f32, as `tf.cast` goes: every type there is rounds to f32 first.
        DType::BFloat16 => float!(bf16, |value| bf16::from_f32(value as f32), f64::from),
        DType::Bool => Some(Codec {
            size: 1,
            read: |bytes| {
                bytes
                    .first()
                    .map(|&byte| Number::Integer((byte != 0).into()))
            },
            write: |number, out| out.push((number.float() != 0.0).into()),
        }),
        _ => integers! { dtype;
            Int8 => i8, Int16 => i16, Int32 => i32, Int64 => i64,
            UInt8 => u8, UInt16 => u16, UInt32 => u32, UInt64 => u64,
        },
    }
}

/// `tensor` with its elements as `dtype`; `None` if one of the types holds no plain numbers.
pub(super) fn cast(tensor: &Tensor, dtype: DType) -> Option<Tensor> {
    let (from, to) = (codec(tensor.dtype())?, codec(dtype)?);
    let bytes = tensor.bytes()?;
    let mut out = Vec::with_capacity(bytes.len() / from.size * to.size);
    for element in bytes.chunks_exact(from.size) {
        (to.write)((from.read)(element)?, &mut out);
    }
    Tensor::new(dtype, tensor.shape(), out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_where_they_fit() {
        let floats = Tensor::from_values(&[4], &[1.75f32, -2.0, 300.5, f32::NAN]).unwrap();
        let bytes = cast(&floats, DType::Int8).unwrap();
        assert_eq!(bytes.values::<i8>().unwrap(), [1, -2, 127, 0]);
        let back = cast(&bytes, DType::Float64).unwrap();
        assert_eq!(back.values::<f64>().unwrap(), [1.0, -2.0, 127.0, 0.0]);
        let large = Tensor::scalar(i64::MAX);
        let unsigned = cast(&large, DType::UInt64).unwrap();
        assert_eq!(unsigned.values::<u64>().unwrap(), [i64::MAX as u64]);
    }

    #[test]
    fn bfloat16_rounds_to_nearest_even() {
        let exact = Tensor::from_values(&[2], &[1.0f32 + 1.0 / 256.0, 1.0 + 3.0 / 256.0]).unwrap();
        let rounded = cast(&exact, DType::BFloat16).unwrap();
        let values: Vec<f32> = rounded
            .values::<bf16>()
            .unwrap()
            .into_iter()
            .map(f32::from)
            .collect();
        assert_eq!(values, [1.0, 1.0 + 4.0 / 256.0]);
    }

    #[test]
    fn strings_are_no_numbers() {
        assert!(cast(&Tensor::scalar_string("x"), DType::Float32).is_none());
    }
}
