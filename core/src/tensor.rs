//! Element types, shapes and borrowed views of tensors.

use crate::kernel::{as_bytes, as_bytes_mut};

/// Element type of a tensor, with TensorFlow's `DataType` numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum DType {
    /// `DT_FLOAT`
    F32 = 1,
    /// `DT_DOUBLE`
    F64 = 2,
    /// `DT_INT32`
    I32 = 3,
    /// `DT_UINT8`
    U8 = 4,
    /// `DT_INT16`
    I16 = 5,
    /// `DT_INT8`
    I8 = 6,
    /// `DT_INT64`
    I64 = 9,
    /// `DT_BOOL`, one byte an element, 0 or 1
    Bool = 10,
    /// `DT_BFLOAT16`
    Bf16 = 14,
    /// `DT_UINT16`
    U16 = 17,
    /// `DT_HALF`
    F16 = 19,
    /// `DT_UINT32`
    U32 = 22,
    /// `DT_UINT64`
    U64 = 23,
}

impl DType {
    /// Every element type, by TensorFlow's number.
    pub const ALL: [Self; 13] = [
        Self::F32,
        Self::F64,
        Self::I32,
        Self::U8,
        Self::I16,
        Self::I8,
        Self::I64,
        Self::Bool,
        Self::Bf16,
        Self::U16,
        Self::F16,
        Self::U32,
        Self::U64,
    ];

    /// TensorFlow's number of this type.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The type that has `number` in TensorFlow, where a device tensor can have it.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::F32,
            2 => Self::F64,
            3 => Self::I32,
            4 => Self::U8,
            5 => Self::I16,
            6 => Self::I8,
            9 => Self::I64,
            10 => Self::Bool,
            14 => Self::Bf16,
            17 => Self::U16,
            19 => Self::F16,
            22 => Self::U32,
            23 => Self::U64,
            _ => return None,
        })
    }

    /// Bytes an element takes.
    #[inline(never)]
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::I16 | Self::Bf16 | Self::U16 | Self::F16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }
}

/// Most dimensions a device tensor can have.
pub const MAX_RANK: usize = 8;

/// The sizes of a tensor's dimensions, outermost first; a scalar has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Shape {
    dims: [u32; MAX_RANK],
    rank: u8,
}

impl Shape {
    /// The shape of one number.
    pub const SCALAR: Self = Self {
        dims: [0; MAX_RANK],
        rank: 0,
    };

    /// The shape of a vector.
    pub const fn vector(len: usize) -> Self {
        Self::SCALAR.with(len)
    }

    /// The shape of a row-major matrix.
    pub const fn matrix(rows: usize, columns: usize) -> Self {
        Self::SCALAR.with(rows).with(columns)
    }

    /// A shape from its dimensions; `None` above [`MAX_RANK`].
    pub fn new(dims: &[u32]) -> Option<Self> {
        let mut shape = Self::SCALAR;
        for &dim in dims {
            shape = shape.push(dim)?;
        }
        Some(shape)
    }

    /// This shape with an innermost dimension more; `None` above [`MAX_RANK`].
    pub fn push(mut self, dim: u32) -> Option<Self> {
        *self.dims.get_mut(usize::from(self.rank))? = dim;
        self.rank += 1;
        Some(self)
    }

    const fn with(mut self, dim: usize) -> Self {
        // Only called for the first and second dimension, with lengths of static arrays.
        self.dims[self.rank as usize & (MAX_RANK - 1)] = dim as u32;
        self.rank += 1;
        self
    }

    /// Reads `rank` sizes with `size`, outermost first; `None` above [`MAX_RANK`], or where `size`
    /// gives none.
    pub(crate) fn read(rank: u8, mut size: impl FnMut() -> Option<u32>) -> Option<Self> {
        let mut shape = Self::SCALAR;
        shape.rank = rank;
        for dim in shape.dims.get_mut(..rank.into())? {
            *dim = size()?;
        }
        Some(shape)
    }

    /// The sizes, outermost first.
    pub fn dims(&self) -> &[u32] {
        self.dims.get(..usize::from(self.rank)).unwrap_or_default()
    }

    /// Number of elements; `None` if it does not fit in 32 bits, as in no checkpoint.
    #[inline(never)]
    pub(crate) fn elements_u32(&self) -> Option<u32> {
        // More is cut to a product that is too large in any case, unless a size of 0 follows.
        let elements = self.dims().iter().fold(1u64, |product, &dim| {
            (product * u64::from(dim)).min(1 << 32)
        });
        u32::try_from(elements).ok()
    }

    /// Number of elements; `None` if it does not fit in 64 bits.
    pub fn elements(&self) -> Option<u64> {
        self.dims()
            .iter()
            .try_fold(1u64, |product, &dim| product.checked_mul(u64::from(dim)))
    }
}

/// The elements of a tensor in row-major order, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum View<'a> {
    /// 32-bit floats
    F32(&'a [f32]),
    /// 64-bit integers
    I64(&'a [i64]),
    /// 32-bit integers
    U32(&'a [u32]),
    /// 16-bit integers
    U16(&'a [u16]),
    /// bfloat16, as bit patterns
    Bf16(&'a [u16]),
    /// bytes
    U8(&'a [u8]),
    /// signed bytes
    I8(&'a [i8]),
    /// elements of any type, as they are stored; bytes beyond the last whole one do not count
    LittleEndian(DType, &'a [u8]),
}

impl<'a> View<'a> {
    /// Element type.
    #[inline(never)]
    pub const fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::I64(_) => DType::I64,
            Self::U32(_) => DType::U32,
            Self::U16(_) => DType::U16,
            Self::Bf16(_) => DType::Bf16,
            Self::U8(_) => DType::U8,
            Self::I8(_) => DType::I8,
            Self::LittleEndian(dtype, _) => *dtype,
        }
    }

    /// Number of elements.
    #[inline(never)]
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(x) => x.len(),
            Self::I64(x) => x.len(),
            Self::U32(x) => x.len(),
            Self::U16(x) => x.len(),
            Self::Bf16(x) => x.len(),
            Self::U8(x) => x.len(),
            Self::I8(x) => x.len(),
            Self::LittleEndian(dtype, bytes) => bytes.len() / dtype.size(),
        }
    }

    /// Whether there is no element.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the little-endian form.
    pub const fn byte_len(&self) -> usize {
        self.len() * self.dtype().size()
    }

    /// The bytes of whole elements where they lie in memory: in this machine's order, or little-endian
    /// if that is what the view holds.
    #[inline(never)]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        match *self {
            Self::F32(x) => as_bytes(x),
            Self::I64(x) => as_bytes(x),
            Self::U32(x) => as_bytes(x),
            Self::U16(x) | Self::Bf16(x) => as_bytes(x),
            Self::U8(x) => x,
            Self::I8(x) => as_bytes(x),
            Self::LittleEndian(dtype, bytes) => {
                let len = bytes.len() / dtype.size() * dtype.size();
                bytes.get(..len).unwrap_or_default()
            }
        }
    }

    /// The little-endian form where it lies in memory; `None` if this machine has another.
    pub(crate) fn in_place(&self) -> Option<&'a [u8]> {
        let is_little = cfg!(target_endian = "little") || matches!(self, Self::LittleEndian(..));
        is_little.then(|| self.bytes())
    }

    /// Copies whole elements, little-endian, from element `start` on, as many as fit in `out`;
    /// returns the number of bytes.
    #[inline(never)]
    pub fn copy_le(&self, start: usize, out: &mut [u8]) -> usize {
        let size = self.dtype().size();
        let bytes = start.checked_mul(size);
        let bytes = bytes.and_then(|start| self.bytes().get(start..));
        let bytes = bytes.unwrap_or_default();
        let len = bytes.len().min(out.len()) / size * size;
        let (Some(bytes), Some(out)) = (bytes.get(..len), out.get_mut(..len)) else {
            return 0;
        };
        out.copy_from_slice(bytes);
        if cfg!(target_endian = "big") && !matches!(self, Self::LittleEndian(..)) {
            out.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        len
    }
}

/// The elements of a tensor in row-major order, borrowed to be assigned.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub enum ViewMut<'a> {
    /// 32-bit floats
    F32(&'a mut [f32]),
    /// 64-bit integers
    I64(&'a mut [i64]),
    /// 32-bit integers
    U32(&'a mut [u32]),
    /// 16-bit integers
    U16(&'a mut [u16]),
    /// bfloat16, as bit patterns
    Bf16(&'a mut [u16]),
    /// bytes
    U8(&'a mut [u8]),
    /// signed bytes
    I8(&'a mut [i8]),
}

impl ViewMut<'_> {
    /// The same elements, to be read.
    pub const fn view(&self) -> View<'_> {
        match self {
            Self::F32(x) => View::F32(x),
            Self::I64(x) => View::I64(x),
            Self::U32(x) => View::U32(x),
            Self::U16(x) => View::U16(x),
            Self::Bf16(x) => View::Bf16(x),
            Self::U8(x) => View::U8(x),
            Self::I8(x) => View::I8(x),
        }
    }

    /// The same elements, to be assigned for a shorter time.
    pub const fn reborrow(&mut self) -> ViewMut<'_> {
        match self {
            Self::F32(x) => ViewMut::F32(x),
            Self::I64(x) => ViewMut::I64(x),
            Self::U32(x) => ViewMut::U32(x),
            Self::U16(x) => ViewMut::U16(x),
            Self::Bf16(x) => ViewMut::Bf16(x),
            Self::U8(x) => ViewMut::U8(x),
            Self::I8(x) => ViewMut::I8(x),
        }
    }

    /// The bytes of the elements where they lie in memory, in this machine's order.
    fn bytes(&mut self) -> &mut [u8] {
        match self {
            Self::F32(x) => as_bytes_mut(x),
            Self::I64(x) => as_bytes_mut(x),
            Self::U32(x) => as_bytes_mut(x),
            Self::U16(x) | Self::Bf16(x) => as_bytes_mut(x),
            Self::U8(x) => x,
            Self::I8(x) => as_bytes_mut(x),
        }
    }

    /// Assigns whole little-endian elements from element `start` on; returns the bytes used.
    #[inline(never)]
    pub fn assign_le(&mut self, start: usize, bytes: &[u8]) -> usize {
        let size = self.view().dtype().size();
        let room = start.checked_mul(size);
        let room = room.and_then(|start| self.bytes().get_mut(start..));
        let room = room.unwrap_or_default();
        let len = bytes.len().min(room.len()) / size * size;
        let (Some(room), Some(bytes)) = (room.get_mut(..len), bytes.get(..len)) else {
            return 0;
        };
        room.copy_from_slice(bytes);
        if cfg!(target_endian = "big") {
            room.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        len
    }
}
