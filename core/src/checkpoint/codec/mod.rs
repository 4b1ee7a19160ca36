//! The encodings: what a payload's bytes mean.
//!
//! One file an encoding that is more than a copy; `choose` picks one, `pack` writes payloads and
//! `unpack` reads them, both a piece at a time.

pub(super) mod bf16;
pub(super) mod blocks8;
pub(super) mod choose;
pub(super) mod pack;
pub(super) mod unpack;
pub(super) mod zero_runs;

/// Runs `$body` with `$elements` bound to the slice of a view, whatever its type.
macro_rules! with_elements {
    ($view:expr, $elements:ident => $body:expr) => {
        match $view {
            $crate::tensor::View::F32($elements) => $body,
            $crate::tensor::View::I64($elements) => $body,
            $crate::tensor::View::U32($elements) => $body,
            $crate::tensor::View::U16($elements) => $body,
            $crate::tensor::View::Bf16($elements) => $body,
            $crate::tensor::View::U8($elements) => $body,
            $crate::tensor::View::I8($elements) => $body,
            $crate::tensor::View::LittleEndian(dtype, bytes) => match dtype.size() {
                1 => {
                    let $elements = bytes;
                    $body
                }
                2 => {
                    let $elements = bytes.as_chunks::<2>().0;
                    $body
                }
                4 => {
                    let $elements = bytes.as_chunks::<4>().0;
                    $body
                }
                _ => {
                    let $elements = bytes.as_chunks::<8>().0;
                    $body
                }
            },
        }
    };
}
use with_elements;

/// An element as the bits that are stored: −0.0 is not 0.0, and a NaN equals itself.
trait Bits: Copy {
    type Bits: Copy + PartialEq;
    const ZERO: Self::Bits;

    fn bits(self) -> Self::Bits;

    fn is_zero(self) -> bool {
        self.bits() == Self::ZERO
    }
}

impl<const SIZE: usize> Bits for [u8; SIZE] {
    type Bits = Self;
    const ZERO: Self = [0; SIZE];

    fn bits(self) -> Self {
        self
    }
}

impl Bits for f32 {
    type Bits = u32;
    const ZERO: u32 = 0;

    fn bits(self) -> u32 {
        self.to_bits()
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Bits for $integer {
            type Bits = Self;
            const ZERO: Self = 0;

            fn bits(self) -> Self {
                self
            }
        }
    )*};
}
integers!(i64 u32 u16 u8 i8);
