//! Elements of one type as elements of another.

use super::Element;
use crate::checkpoint::bf16;
use crate::tensor::DType;

/// A conversion as pointers: it is linked only where [`Restore::convert`](super::Restore::convert)
/// is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Convert {
    /// Whether elements of the first type can be elements of the second.
    pub(super) is_possible: fn(DType, DType) -> bool,
    /// The little-endian element of the first type as one of the second; `None` if it does not
    /// fit.
    pub(super) element: fn(DType, DType, &[u8]) -> Option<Element>,
}

pub(super) const CONVERT: Convert = Convert {
    is_possible,
    element,
};

#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Integer(i128),
}

fn is_float(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F64 | DType::F16 | DType::Bf16)
}

fn is_possible(from: DType, to: DType) -> bool {
    let written = is_float(to) && to != DType::F16;
    let integers = !is_float(from) && !is_float(to);
    from != DType::Bool && to != DType::Bool && (written || integers)
}

fn element(from: DType, to: DType, bytes: &[u8]) -> Option<Element> {
    let number = read(from, bytes)?;
    let mut element = [0; 8];
    match number {
        Number::Integer(x) if !is_float(to) => {
            let (low, high) = range(to)?;
            if x < low || x > high {
                return None;
            }
            // The low bytes of the two's complement are the element, of any width.
            element = (x as i64).to_le_bytes();
        }
        Number::Integer(x) => write_float(to, x as f64, x as f32, &mut element)?,
        Number::Float(x) => write_float(to, x, x as f32, &mut element)?,
    }
    Some(element)
}

/// bfloat16 is rounded from `f32`.
fn write_float(to: DType, double: f64, single: f32, element: &mut Element) -> Option<()> {
    let (bytes, size): (Element, usize) = match to {
        DType::F64 => (double.to_le_bytes(), 8),
        DType::F32 => (u64::from(single.to_bits()).to_le_bytes(), 4),
        DType::Bf16 => (u64::from(bf16::round(single)).to_le_bytes(), 2),
        _ => return None,
    };
    for (slot, byte) in element.iter_mut().zip(bytes).take(size) {
        *slot = byte;
    }
    Some(())
}

fn read(from: DType, bytes: &[u8]) -> Option<Number> {
    Some(match from {
        DType::F32 => Number::Float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::F64 => Number::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
        DType::F16 => Number::Float(half(u16::from_le_bytes(bytes.try_into().ok()?))),
        DType::Bf16 => {
            Number::Float(bf16::widen(u16::from_le_bytes(bytes.try_into().ok()?)).into())
        }
        DType::I8 => Number::Integer(i8::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::I16 => Number::Integer(i16::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::I32 => Number::Integer(i32::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::I64 => Number::Integer(i64::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::U8 => Number::Integer(u8::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::U16 => Number::Integer(u16::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::U32 => Number::Integer(u32::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::U64 => Number::Integer(u64::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::Bool => return None,
    })
}

/// The value of an IEEE half.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = u64::from(bits >> 10 & 31);
    let fraction = u64::from(bits & 0x3ff);
    sign * match exponent {
        // Multiples of 2⁻²⁴.
        0 => fraction as f64 * f64::from_bits((1023 - 24) << 52),
        31 if fraction == 0 => f64::INFINITY,
        31 => f64::NAN,
        _ => f64::from_bits((exponent + 1023 - 15) << 52 | fraction << 42),
    }
}

/// The smallest and the largest integer of a type.
fn range(dtype: DType) -> Option<(i128, i128)> {
    Some(match dtype {
        DType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::I64 => (i64::MIN.into(), i64::MAX.into()),
        DType::U8 => (0, u8::MAX.into()),
        DType::U16 => (0, u16::MAX.into()),
        DType::U32 => (0, u32::MAX.into()),
        DType::U64 => (0, u64::MAX.into()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_have_their_values() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x0400, 6.103_515_625e-5),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:04x}");
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn integers_must_fit() {
        let convert = |from, to, bytes: &[u8]| element(from, to, bytes);
        assert_eq!(
            convert(DType::I32, DType::I8, &(-128i32).to_le_bytes()).map(|e| e[0]),
            Some(0x80)
        );
        assert_eq!(convert(DType::I32, DType::I8, &128i32.to_le_bytes()), None);
        assert_eq!(convert(DType::I8, DType::U32, &[0xff]), None);
        assert_eq!(
            convert(DType::I32, DType::I64, &(-5i32).to_le_bytes()),
            Some((-5i64).to_le_bytes())
        );
        assert_eq!(
            convert(DType::U64, DType::I64, &u64::MAX.to_le_bytes()),
            None
        );
    }

    #[test]
    fn an_integer_is_rounded_once() {
        let x = (1i64 << 54) + (1 << 30) + 1;
        let found = element(DType::I64, DType::F32, &x.to_le_bytes());
        assert_eq!(
            found.map(|e| e[..4].to_vec()),
            Some((x as f32).to_le_bytes().to_vec())
        );
    }
}
