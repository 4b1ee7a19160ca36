//! Single-precision numbers with TensorFlow's treatment of denormals.
//!
//! TensorFlow's kernels run with the processor's flush-to-zero and denormals-are-zero modes on.
//! x86 detects tininess *after* rounding: a result is flushed if, rounded to 24 bits with an
//! unbounded exponent, it lies below 2⁻¹²⁶. IEEE arithmetic rounds some of those up to exactly
//! 2⁻¹²⁶; [`Real`] finds them and flushes them as x86 does.
//!
//! Feature `ieee-denormals` turns flushing off.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::sqrt::sqrt;

/// A single-precision number whose operations round once each and flush denormals to zero, as
/// TensorFlow's CPU kernels do (feature `ieee-denormals` keeps them). NaN and infinity behave
/// as in IEEE 754.
///
/// ```
/// use gradlet::Real;
/// let denormal = Real::new(1e-30) * Real::new(1e-10); // 10⁻⁴⁰
/// if cfg!(not(feature = "ieee-denormals")) {
///     assert_eq!(denormal.get(), 0.0);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Real(f32);

/// Bits of a number but for its sign.
const MAGNITUDE: u32 = !SIGN;
const SIGN: u32 = 1 << 31;

/// Bits of the smallest normal number, 2⁻¹²⁶.
const SMALLEST: u32 = f32::MIN_POSITIVE.to_bits();

/// 2⁶⁴: takes numbers about 2⁻¹²⁶ to where every `f32` has 24 bits.
const LIFT: f32 = (1u128 << 64) as f32;

impl Real {
    /// 0
    pub const ZERO: Self = Self(0.0);
    /// 1
    pub const ONE: Self = Self(1.0);

    /// `x`, a denormal counted as zero of its sign.
    // Integers, because comparing floats is a call on cores without an FPU.
    #[inline]
    pub fn new(x: f32) -> Self {
        let bits = x.to_bits();
        if cfg!(not(feature = "ieee-denormals")) && bits & MAGNITUDE < SMALLEST {
            return Self(f32::from_bits(bits & SIGN));
        }
        Self(x)
    }

    /// The number as it is stored.
    #[inline]
    pub fn get(self) -> f32 {
        self.0
    }

    /// A rounded result `x`, where `is_normal` tells of one at the boundary whether it would also
    /// be 2⁻¹²⁶, rounded to 24 bits with an unbounded exponent.
    #[inline]
    fn flushed(x: f32, is_normal: impl FnOnce() -> bool) -> Self {
        let bits = x.to_bits();
        if cfg!(feature = "ieee-denormals") || bits & MAGNITUDE > SMALLEST {
            return Self(x);
        }
        if bits & MAGNITUDE == SMALLEST && is_normal() {
            return Self(x);
        }
        Self(f32::from_bits(bits & SIGN))
    }

    /// The magnitude.
    #[inline]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// −1, 0 or 1; of zero (and of NaN) it is +0.
    #[inline]
    pub fn sign(self) -> Self {
        Self(f32::from(i8::from(self.0 > 0.0) - i8::from(self.0 < 0.0)))
    }

    /// The larger one; `self` where the two do not compare.
    #[inline]
    pub fn max(self, other: Self) -> Self {
        if self < other { other } else { self }
    }

    /// The smaller one; `self` where the two do not compare.
    #[inline]
    pub fn min(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    /// 1/√x, rounded twice. TensorFlow has here, in whole vectors of 8 elements, an estimate that
    /// differs between processors and is refined to about two units in the last place.
    #[inline]
    pub fn reciprocal_sqrt(self) -> Self {
        Self::ONE / self.sqrt()
    }

    /// The power, within one unit in the last place.
    #[inline]
    pub fn powf(self, exponent: Self) -> Self {
        Self::new(libm::powf(self.0, exponent.0))
    }

    /// A number computed in double precision, rounded once.
    #[inline]
    pub(crate) fn from_f64(x: f64) -> Self {
        Self::flushed(x as f32, || is_normal((x * f64::from(LIFT)) as f32))
    }

    /// The number in double precision.
    #[inline]
    pub(crate) fn to_f64(self) -> f64 {
        f64::from(self.0)
    }

    /// The square root, rounded once.
    #[inline]
    pub fn sqrt(self) -> Self {
        // The root of a normal number is normal.
        Self(sqrt(self.0))
    }
}

/// Whether a result that is 2⁶⁴ times as large here is normal.
fn is_normal(lifted: f32) -> bool {
    lifted.abs() >= f32::MIN_POSITIVE * LIFT
}

// Not inlined: so rare that each optimizer would carry copies of it for nothing.
#[cold]
#[inline(never)]
fn is_product_normal(a: f32, b: f32) -> bool {
    // One factor of a product about 2⁻¹²⁶ is so small that it can be lifted.
    is_normal(if a.abs() < b.abs() {
        (a * LIFT) * b
    } else {
        a * (b * LIFT)
    })
}

#[cold]
#[inline(never)]
fn is_quotient_normal(a: f32, b: f32) -> bool {
    // The dividend of a quotient about 2⁻¹²⁶ is at most about 4.
    is_normal((a * LIFT) / b)
}

impl Add for Real {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        // Below 2⁻¹²⁶ the sum of two normal numbers is exact, so it is tiny before rounding too.
        Self::new(self.0 + other.0)
    }
}

impl Sub for Real {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self::new(self.0 - other.0)
    }
}

impl Mul for Real {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        Self::flushed(self.0 * other.0, || is_product_normal(self.0, other.0))
    }
}

impl Div for Real {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        Self::flushed(self.0 / other.0, || is_quotient_normal(self.0, other.0))
    }
}

impl Neg for Real {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Real {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Real {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for Real {
    #[inline]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl DivAssign for Real {
    #[inline]
    fn div_assign(&mut self, other: Self) {
        *self = *self / other;
    }
}

#[cfg(all(test, not(feature = "ieee-denormals"), target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// What the processor computes with its own flush modes on, as TensorFlow sets them.
    #[allow(unsafe_code)]
    fn on_x86(operation: u8, a: f32, b: f32) -> f32 {
        let (mut old, mut result) = (0u32, a);
        // SAFETY: one block sets the mode, computes and restores the mode; `old` and `new`
        // are 4-byte locals.
        unsafe {
            let new = 0x9fc0u32;
            macro_rules! run {
                ($op:literal) => {
                    core::arch::asm!(
                        "stmxcsr [{old}]", "ldmxcsr [{new}]",
                        concat!($op, " {r}, {b}"),
                        "ldmxcsr [{old}]",
                        old = in(reg) &mut old, new = in(reg) &new,
                        r = inout(xmm_reg) result, b = in(xmm_reg) b,
                    )
                };
            }
            match operation {
                0 => run!("addss"),
                1 => run!("subss"),
                2 => run!("mulss"),
                _ => run!("divss"),
            }
        }
        result
    }

    #[test]
    fn flushing_is_that_of_x86_around_the_boundary() {
        let mut state = 0x2545_f491_4f6c_dd1du64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut boundary = 0;
        for _ in 0..2_000_000 {
            let bits = random();
            // Exponents whose sums and differences lie around that of 2⁻¹²⁶.
            let e = (bits >> 48) as u32 % 80;
            let a = f32::from_bits((bits as u32 & 0x807f_ffff) | ((1 + e) << 23));
            let other = random();
            let b = match other >> 62 {
                0 => f32::from_bits((other as u32 & 0x807f_ffff) | ((127 - e) << 23)),
                1 => f32::from_bits((other as u32 & 0x807f_ffff) | ((126 + e) << 23)),
                2 => f32::from_bits(other as u32 & 0x80ff_ffff),
                _ => f32::from_bits(a.to_bits() ^ 1 ^ (other as u32 & 0x8000_0000)),
            };
            let (x, y) = (Real::new(a), Real::new(b));
            let results = [x + y, x - y, x * y, x / y];
            for (operation, result) in (0..).zip(results) {
                let expected = on_x86(operation, a, b);
                if result.0.is_nan() && expected.is_nan() {
                    continue;
                }
                boundary += u32::from(expected.abs() <= f32::MIN_POSITIVE);
                assert_eq!(
                    result.0.to_bits(),
                    expected.to_bits(),
                    "operation {operation} on {a:e} ({:#x}) and {b:e} ({:#x})",
                    a.to_bits(),
                    b.to_bits()
                );
            }
        }
        assert!(
            boundary > 100_000,
            "only {boundary} results came near the boundary"
        );
    }

    #[test]
    fn a_product_that_ieee_rounds_up_to_the_smallest_normal_is_flushed() {
        // (1 − 2⁻²⁴)·2⁻¹²⁶ as a product of two numbers: below 2⁻¹²⁶ − 2⁻¹⁵¹ it is not.
        let a = f32::from_bits(0x3f7f_ffff); // 1 − 2⁻²⁴
        let b = f32::from_bits(0x0080_0001); // 2⁻¹²⁶ + 2⁻¹⁴⁹
        let c = f32::from_bits(0x0080_0000);
        assert_eq!((Real::new(a) * Real::new(b)).0, on_x86(2, a, b));
        assert_eq!((Real::new(a) * Real::new(c)).0, on_x86(2, a, c));
    }
}
