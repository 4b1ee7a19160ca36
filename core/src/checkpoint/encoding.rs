//! How a tensor's payload is stored, and who decides.

use crate::tensor::DType;

/// How a tensor's payload is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Encoding {
    /// The little-endian elements themselves.
    Raw = 0,
    /// One element; all others have the same bits. An untouched slot.
    Constant = 1,
    /// Runs of zeros as their lengths, other elements as they are. Slots of features that never
    /// fire are mostly zeros.
    ZeroRuns = 2,
    /// `f32` rounded to bfloat16, half to even: a relative error of at most 2⁻⁸ (lossy).
    Bf16 = 3,
    /// `f32` in blocks of 32 with a common scale, 8 bits an element: an error of at most 0.4 % of
    /// the largest magnitude of the block, or 1.5·10⁻³⁶ (lossy).
    Blocks8 = 4,
}

impl Encoding {
    /// The encoding's number in the format.
    pub const fn number(self) -> u8 {
        self as u8
    }

    pub(super) const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Raw,
            1 => Self::Constant,
            2 => Self::ZeroRuns,
            3 => Self::Bf16,
            4 => Self::Blocks8,
            _ => return None,
        })
    }

    /// Whether what is read has every bit of what was written.
    pub const fn is_lossless(self) -> bool {
        matches!(self, Self::Raw | Self::Constant | Self::ZeroRuns)
    }

    /// Whether elements of `dtype` can be stored so.
    pub fn fits(self, dtype: DType) -> bool {
        self.is_lossless() || dtype == DType::F32
    }

    /// Whether this build can read and write it: [`Raw`](Self::Raw) always, the others with the
    /// feature `encodings`.
    pub const fn is_built(self) -> bool {
        cfg!(feature = "encodings") || matches!(self, Self::Raw)
    }
}

impl core::fmt::Display for Encoding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(match self {
            Self::Raw => "raw",
            Self::Constant => "constant",
            Self::ZeroRuns => "zero runs",
            Self::Bf16 => "bfloat16",
            Self::Blocks8 => "8-bit blocks",
        })
    }
}

/// How the writer of a checkpoint wants a tensor stored.
///
/// [`Encoder::choosing`](super::Encoder::choosing) asks for one a variable; every choice works
/// for every variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Choice {
    /// Whichever lossless encoding takes the fewest bytes; raw of equals. It costs one look at
    /// each element.
    #[default]
    Smallest,
    /// [`Encoding::Raw`]: the tensor can be used where it lies, and is written fastest.
    Raw,
    /// [`Encoding::Bf16`] for `f32`, if that is smaller than the smallest lossless encoding.
    Bf16,
    /// [`Encoding::Blocks8`] for `f32`, if that is smaller than the smallest lossless encoding.
    /// A tensor with a NaN, an infinity or a number of 2¹²⁷ and more is stored without loss.
    ///
    /// Not for second moments (`Adam_1`) or accumulators: what is small beside the largest of
    /// its block becomes 0, and the optimizer divides by its root.
    Blocks8,
}
