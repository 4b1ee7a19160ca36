//! TensorFlow's element types, by the numbers that its files store.

use std::fmt;

macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $size:expr, $part:literal;)*) => {
        /// Element type of a tensor (`tf.DType`); the discriminant is the number in `types.proto`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum DType {
            $($(#[$doc])* $variant = $number,)*
        }

        impl DType {
            /// Every type, in the order of its number.
            pub const ALL: &'static [DType] = &[$(DType::$variant,)*];

            /// The type that `types.proto` gives this number, if there is one that files may hold.
            pub const fn from_number(number: i32) -> Option<DType> {
                match number {
                    $($number => Some(DType::$variant),)*
                    _ => None,
                }
            }

            /// TensorFlow's name of the type, as `tf.DType.name` gives it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(DType::$variant => $name,)*
                }
            }

            /// Bytes an element takes in memory and in files; `None` where elements differ in
            /// length (strings, variants) or have no bytes (resources).
            pub const fn size(self) -> Option<usize> {
                match self {
                    $(DType::$variant => $size,)*
                }
            }

            /// Bytes of the unit that is swapped between byte orders: half of a complex number,
            /// else the element.
            pub(crate) const fn swap_unit(self) -> usize {
                match self {
                    $(DType::$variant => $part,)*
                }
            }
        }
    };
}

dtypes! {
    /// IEEE 754 binary32.
    Float32 = 1, "float32", Some(4), 4;
    /// IEEE 754 binary64.
    Float64 = 2, "float64", Some(8), 8;
    /// Signed 32-bit integer.
    Int32 = 3, "int32", Some(4), 4;
    /// Unsigned 8-bit integer.
    UInt8 = 4, "uint8", Some(1), 1;
    /// Signed 16-bit integer.
    Int16 = 5, "int16", Some(2), 2;
    /// Signed 8-bit integer.
    Int8 = 6, "int8", Some(1), 1;
    /// Byte strings of any length.
    String = 7, "string", None, 1;
    /// Two `Float32`: real, imaginary.
    Complex64 = 8, "complex64", Some(8), 4;
    /// Signed 64-bit integer.
    Int64 = 9, "int64", Some(8), 8;
    /// One byte, 0 or 1.
    Bool = 10, "bool", Some(1), 1;
    /// Quantised signed 8-bit integer.
    QInt8 = 11, "qint8", Some(1), 1;
    /// Quantised unsigned 8-bit integer.
    QUInt8 = 12, "quint8", Some(1), 1;
    /// Quantised signed 32-bit integer.
    QInt32 = 13, "qint32", Some(4), 4;
    /// The upper half of a `Float32`.
    BFloat16 = 14, "bfloat16", Some(2), 2;
    /// Quantised signed 16-bit integer.
    QInt16 = 15, "qint16", Some(2), 2;
    /// Quantised unsigned 16-bit integer.
    QUInt16 = 16, "quint16", Some(2), 2;
    /// Unsigned 16-bit integer.
    UInt16 = 17, "uint16", Some(2), 2;
    /// Two `Float64`: real, imaginary.
    Complex128 = 18, "complex128", Some(16), 8;
    /// IEEE 754 binary16.
    Float16 = 19, "float16", Some(2), 2;
    /// Handle of a resource; never stored by value.
    Resource = 20, "resource", None, 1;
    /// Serialized `VariantTensorDataProto` messages.
    Variant = 21, "variant", None, 1;
    /// Unsigned 32-bit integer.
    UInt32 = 22, "uint32", Some(4), 4;
    /// Unsigned 64-bit integer.
    UInt64 = 23, "uint64", Some(8), 8;
    /// 8-bit float, 5 exponent bits.
    Float8E5M2 = 24, "float8_e5m2", Some(1), 1;
    /// 8-bit float, 4 exponent bits, finite.
    Float8E4M3Fn = 25, "float8_e4m3fn", Some(1), 1;
    /// 8-bit float, 4 exponent bits, finite, without negative zero.
    Float8E4M3Fnuz = 26, "float8_e4m3fnuz", Some(1), 1;
    /// As `Float8E4M3Fnuz` with exponent bias 11.
    Float8E4M3B11Fnuz = 27, "float8_e4m3b11fnuz", Some(1), 1;
    /// 8-bit float, 5 exponent bits, finite, without negative zero.
    Float8E5M2Fnuz = 28, "float8_e5m2fnuz", Some(1), 1;
    /// Signed 4-bit integer in the low half of one byte.
    Int4 = 29, "int4", Some(1), 1;
    /// Unsigned 4-bit integer in the low half of one byte.
    UInt4 = 30, "uint4", Some(1), 1;
    /// Signed 2-bit integer in the low bits of one byte.
    Int2 = 31, "int2", Some(1), 1;
    /// Unsigned 2-bit integer in the low bits of one byte.
    UInt2 = 32, "uint2", Some(1), 1;
    /// 4-bit float in the low half of one byte.
    Float4E2M1Fn = 33, "float4_e2m1fn", Some(1), 1;
}

impl DType {
    /// The number that `types.proto` gives this type.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The type with this name (`tf.as_dtype`), also by the short forms `float`, `double` and
    /// `half` that TensorFlow's messages use.
    pub fn from_name(name: &str) -> Option<DType> {
        match name {
            "float" => Some(DType::Float32),
            "double" => Some(DType::Float64),
            "half" => Some(DType::Float16),
            _ => DType::ALL
                .iter()
                .copied()
                .find(|dtype| dtype.name() == name),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
