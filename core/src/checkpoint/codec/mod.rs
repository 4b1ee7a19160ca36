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
            $crate::tensor::View::Bf16($elements) => $body,
            $crate::tensor::View::U8($elements) => $body,
            $crate::tensor::View::I8($elements) => $body,
        }
    };
}
use with_elements;

/// An element as the bits that are stored: −0.0 is not 0.0, and a NaN equals itself.
trait Bits: Copy {
    type Bits: Copy + PartialEq + Default;

    fn bits(self) -> Self::Bits;

    fn is_zero(self) -> bool {
        self.bits() == Self::Bits::default()
    }
}

impl Bits for f32 {
    type Bits = u32;

    fn bits(self) -> u32 {
        self.to_bits()
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Bits for $integer {
            type Bits = Self;

            fn bits(self) -> Self {
                self
            }
        }
    )*};
}
integers!(i64 u32 u16 u8 i8);
