//! Tensors as values: an element type, a shape, and the elements in C order.

use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::strings::Strings;

/// Number of elements that a shape holds; `None` if it cannot be counted in an `i64`, which
/// TensorFlow aborts on.
pub fn element_count(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |count, &dim| {
        let dim = i64::try_from(dim).ok()?.unsigned_abs();
        count
            .checked_mul(dim)
            .filter(|&count| i64::try_from(count).is_ok())
    })
}

/// Bytes that `dtype` and `shape` take, where elements have one length.
pub(crate) fn byte_count(dtype: DType, shape: &[u64]) -> Option<u64> {
    element_count(shape)?.checked_mul(dtype.size()? as u64)
}

/// A tensor that owns its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    dtype: DType,
    shape: Vec<u64>,
    data: Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Data {
    Bytes(Buffer),
    Strings(Strings),
}

/// A tensor whose elements lie elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorView<'a> {
    /// Element type.
    pub dtype: DType,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: &'a [u64],
    /// The elements.
    pub elements: Elements<'a>,
}

/// The elements of a tensor, in C order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elements<'a> {
    /// Little-endian elements of one length each; for variants the serialized form that bundles
    /// hold.
    Bytes(&'a [u8]),
    /// Elements of a string tensor.
    Strings(&'a Strings),
}

impl Tensor {
    /// A tensor of little-endian elements in C order.
    ///
    /// # Errors
    /// `InvalidArgument` if `bytes` has not the length that `dtype` and `shape` make, or if `dtype`
    /// has elements of no fixed length (a variant's serialized form is accepted as it is).
    pub fn new(dtype: DType, shape: &[u64], bytes: Vec<u8>) -> Result<Tensor> {
        Tensor::from_buffer(dtype, shape, bytes.into())
    }

    pub(crate) fn from_buffer(dtype: DType, shape: &[u64], bytes: Buffer) -> Result<Tensor> {
        TensorView::new(dtype, shape, &bytes)?;
        let (shape, data) = (shape.to_vec(), Data::Bytes(bytes));
        Ok(Tensor { dtype, shape, data })
    }

    /// A tensor of strings.
    ///
    /// # Errors
    /// `InvalidArgument` if there are not as many strings as `shape` holds.
    pub fn from_strings(shape: &[u64], strings: Strings) -> Result<Tensor> {
        TensorView::from_strings(shape, &strings)?;
        Ok(Tensor {
            dtype: DType::String,
            shape: shape.to_vec(),
            data: Data::Strings(strings),
        })
    }

    /// A tensor of numbers, all of them zero (`tf.zeros`).
    ///
    /// # Errors
    /// [`Error::InvalidTensor`] for a type without numbers or more elements than memory can hold.
    pub fn zeros(dtype: DType, shape: &[u64]) -> Result<Tensor> {
        let len = byte_count(dtype, shape).and_then(|len| usize::try_from(len).ok());
        let len = len.filter(|&len| isize::try_from(len).is_ok());
        let len = len.ok_or_else(|| Error::InvalidTensor {
            name: Name::default(),
            reason: format!("there are no zeros of {dtype} with shape {shape:?}"),
        })?;
        Tensor::new(dtype, shape, vec![0; len])
    }

    /// A tensor of numbers.
    ///
    /// # Errors
    /// `InvalidArgument` if there are not as many values as `shape` holds.
    pub fn from_values<T: Element>(shape: &[u64], values: &[T]) -> Result<Tensor> {
        let mut bytes = Vec::with_capacity(size_of_val(values));
        for value in values {
            value.put(&mut bytes);
        }
        Tensor::new(T::DTYPE, shape, bytes)
    }

    /// A tensor of shape `[]`.
    pub fn scalar<T: Element>(value: T) -> Tensor {
        let mut bytes = Vec::with_capacity(size_of::<T>());
        value.put(&mut bytes);
        Tensor {
            dtype: T::DTYPE,
            shape: Vec::new(),
            data: Data::Bytes(bytes.into()),
        }
    }

    /// A string of shape `[]`.
    pub fn scalar_string(value: impl AsRef<[u8]>) -> Tensor {
        let strings: Strings = [value.as_ref()].into_iter().collect();
        Tensor {
            dtype: DType::String,
            shape: Vec::new(),
            data: Data::Strings(strings),
        }
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Sizes, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The same tensor, borrowed.
    pub fn view(&self) -> TensorView<'_> {
        let elements = match &self.data {
            Data::Bytes(bytes) => Elements::Bytes(bytes),
            Data::Strings(strings) => Elements::Strings(strings),
        };
        TensorView {
            dtype: self.dtype,
            shape: &self.shape,
            elements,
        }
    }

    /// Little-endian elements; `None` for strings.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.data {
            Data::Bytes(bytes) => Some(bytes),
            Data::Strings(_) => None,
        }
    }

    /// The same elements in another shape.
    ///
    /// # Errors
    /// `InvalidArgument` if the shapes do not hold equally many elements.
    pub fn reshaped(mut self, shape: &[u64]) -> Result<Tensor> {
        if element_count(shape) != element_count(&self.shape) {
            let (from, name) = (&self.shape, Name::default());
            let reason = format!("shape {from:?} cannot become {shape:?}: other element counts");
            return Err(Error::InvalidTensor { name, reason });
        }
        self.shape = shape.to_vec();
        Ok(self)
    }

    /// The elements of a string tensor; `None` for other types.
    pub fn strings(&self) -> Option<&Strings> {
        match &self.data {
            Data::Bytes(_) => None,
            Data::Strings(strings) => Some(strings),
        }
    }

    /// The elements as numbers of type `T`; `None` if the tensor holds another type.
    pub fn values<T: Element>(&self) -> Option<Vec<T>> {
        let bytes = self.bytes().filter(|_| self.dtype == T::DTYPE)?;
        Some(
            bytes
                .chunks_exact(size_of::<T>())
                .filter_map(T::take)
                .collect(),
        )
    }

    /// Little-endian elements, taken out; `None` for strings.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self.data {
            Data::Bytes(bytes) => Some(bytes.into_vec()),
            Data::Strings(_) => None,
        }
    }
}

impl<'a> TensorView<'a> {
    /// A view of little-endian elements in C order; see [`Tensor::new`] for the errors.
    pub fn new(dtype: DType, shape: &'a [u64], bytes: &'a [u8]) -> Result<TensorView<'a>> {
        let view = TensorView {
            dtype,
            shape,
            elements: Elements::Bytes(bytes),
        };
        view.check().map_err(|reason| Error::InvalidTensor {
            name: Name::default(),
            reason,
        })?;
        Ok(view)
    }

    /// A view of strings; see [`Tensor::from_strings`] for the errors.
    pub fn from_strings(shape: &'a [u64], strings: &'a Strings) -> Result<TensorView<'a>> {
        let view = TensorView {
            dtype: DType::String,
            shape,
            elements: Elements::Strings(strings),
        };
        view.check().map_err(|reason| Error::InvalidTensor {
            name: Name::default(),
            reason,
        })?;
        Ok(view)
    }

    /// Whether type, shape and elements belong together; the reason if they do not.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        let TensorView { dtype, shape, .. } = self;
        let count = element_count(shape).ok_or_else(|| {
            format!("shape {shape:?} has more elements than TensorFlow can count")
        })?;
        match (self.elements, dtype.size()) {
            (Elements::Bytes(bytes), Some(size)) => {
                let expected = count.checked_mul(size as u64);
                if expected == Some(bytes.len() as u64) {
                    return Ok(());
                }
                let expected = expected.map_or("too many".to_owned(), |n| n.to_string());
                let found = bytes.len();
                Err(format!(
                    "{dtype} of shape {shape:?} takes {expected} bytes, {found} given"
                ))
            }
            (Elements::Bytes(_), None) if *dtype == DType::Variant => Ok(()),
            (Elements::Strings(strings), _) if *dtype == DType::String => {
                let found = strings.len();
                if found as u64 == count {
                    return Ok(());
                }
                Err(format!(
                    "shape {shape:?} holds {count} strings, {found} given"
                ))
            }
            _ => Err(format!("elements of {dtype} cannot be given this way")),
        }
    }
}

/// A Rust type that is the element of a tensor type.
pub trait Element: Copy {
    /// The tensor type.
    const DTYPE: DType;

    /// Appends the little-endian bytes.
    fn put(self, out: &mut Vec<u8>);

    /// The value with exactly these little-endian bytes; `None` if there are not as many as the
    /// type has.
    fn take(bytes: &[u8]) -> Option<Self>;
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident,)*) => {$(
        impl Element for $rust {
            const DTYPE: DType = DType::$dtype;

            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(<$rust>::from_le_bytes)
            }
        }
    )*};
}

elements! {
    f32 => Float32, f64 => Float64, half::f16 => Float16, half::bf16 => BFloat16,
    i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64,
    u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64,
}

impl Element for bool {
    const DTYPE: DType = DType::Bool;

    fn put(self, out: &mut Vec<u8>) {
        out.push(u8::from(self));
    }

    fn take(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [byte] => Some(*byte != 0),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_as_tensorflow_counts_them() {
        assert_eq!(element_count(&[]), Some(1), "a scalar has one element");
        assert_eq!(element_count(&[2, 0, 5]), Some(0));
        assert_eq!(
            element_count(&[1 << 32, 1 << 32]),
            None,
            "2^64 elements overflow"
        );
        assert_eq!(
            element_count(&[1 << 32, 1 << 31]),
            None,
            "2^63 elements overflow"
        );
        assert_eq!(
            element_count(&[u64::MAX]),
            None,
            "a size beyond i64 cannot be stored"
        );
    }

    #[test]
    fn values_come_back_and_wrong_lengths_are_refused() {
        let tensor = Tensor::from_values(&[2, 2], &[1.5f32, -2.0, 0.0, f32::INFINITY]).unwrap();
        assert_eq!(
            tensor.values::<f32>().unwrap(),
            [1.5, -2.0, 0.0, f32::INFINITY]
        );
        assert_eq!(tensor.values::<i32>(), None, "float32 is not int32");
        assert!(
            Tensor::from_values(&[3], &[1i64, 2]).is_err(),
            "two values for a shape of three"
        );
        assert!(
            Tensor::new(DType::String, &[1], vec![0]).is_err(),
            "strings are not bytes"
        );
    }
}
