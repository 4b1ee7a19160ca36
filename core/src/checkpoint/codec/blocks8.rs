//! 8-bit blocks: up to 32 elements share a scale `s`, a bfloat16; each is stored as the integer
//! nearest to `x / s`.
//!
//! What is read is `q · s`. Both factors have at most 8 significant bits and the product is never
//! subnormal, so that it is exact: it has the same bits on every machine, also on one that
//! flushes subnormal numbers.

use crate::checkpoint::bf16;
use crate::tensor::View;

/// Elements of a block; the last one can be shorter.
pub(super) const BLOCK: usize = 32;
/// Bytes of the scale before a block's elements.
pub(super) const SCALE: usize = 2;

/// The smallest normal `f32`: smaller elements, and blocks whose scale would be smaller, become
/// zero.
const SMALLEST: f32 = f32::MIN_POSITIVE;
/// 2¹²⁷: from here on, the largest integer times the scale could overflow.
const TOO_LARGE: f32 = 1.701_411_8e38;
/// The scale of [`TOO_LARGE`] is below 2¹²¹; as bfloat16 bits.
const SCALE_LIMIT: u16 = (121 + 127) << 7;

/// A block of `f32` elements, wherever they come from.
pub(super) struct Block {
    elements: [f32; BLOCK],
    len: usize,
}

impl Block {
    /// The elements of `view`, which is of `f32`, from `first` on.
    pub(super) fn at(view: &View<'_>, first: usize) -> Self {
        let mut bytes = [0; 4 * BLOCK];
        let len = view.copy_le(first, &mut bytes) / 4;
        let mut elements = [0.0; BLOCK];
        for (element, &bytes) in elements.iter_mut().zip(bytes.as_chunks().0) {
            *element = f32::from_le_bytes(bytes);
        }
        Self { elements, len }
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = f32> {
        self.elements.iter().copied().take(self.len)
    }

    /// The scale, as bfloat16 bits: the largest magnitude over 127, rounded up.
    pub(super) fn scale(&self) -> u16 {
        scale(self.elements())
    }
}

/// Whether an element can be stored: it is no NaN, not infinite and not too large.
pub(super) fn fits(x: f32) -> bool {
    x.abs() < TOO_LARGE
}

/// Bytes that `elements` elements take.
pub(in crate::checkpoint) const fn stored_len(elements: usize) -> usize {
    elements + elements.div_ceil(BLOCK) * SCALE
}

fn scale(elements: impl Iterator<Item = f32>) -> u16 {
    let largest = elements.fold(
        0.0,
        |largest: f32, x| {
            if x.abs() > largest { x.abs() } else { largest }
        },
    );
    let scale = largest / 127.0;
    if scale < SMALLEST {
        return 0;
    }
    let bits = scale.to_bits();
    let up = u32::from(bits & 0xffff != 0);
    ((bits >> 16) + up) as u16
}

/// The integer that is stored for `x`: nearest, from the middle away from zero.
pub(super) fn quantize(x: f32, scale: u16) -> i8 {
    if scale == 0 || x.abs() < SMALLEST {
        return 0;
    }
    let quotient = x / bf16::widen(scale);
    // A cast saturates and rounds toward zero.
    (quotient + if quotient < 0.0 { -0.5 } else { 0.5 }) as i8
}

/// The element that was stored as `q`.
pub(super) fn dequantize(q: i8, scale: u16) -> f32 {
    f32::from(q) * bf16::widen(scale)
}

/// Whether a reader accepts this scale: zero, or normal, positive and not too large.
pub(super) const fn is_scale(bits: u16) -> bool {
    bits == 0 || (bits >= 0x0080 && bits < SCALE_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_error_is_at_most_four_thousandths_of_the_largest() {
        let mut state = 1u32;
        for magnitude in [1e-34, 1e-20, 1e-3, 1.0, 1e3, 1e38] {
            for _ in 0..200 {
                let block: Vec<f32> = (0..BLOCK)
                    .map(|_| {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        (state as i32 as f32 / 2_147_483_648.0) * magnitude
                    })
                    .collect();
                let scale = scale(block.iter().copied());
                assert!(is_scale(scale), "{scale:04x}");
                let largest = block.iter().fold(0.0f32, |a, b| a.max(b.abs()));
                for &x in &block {
                    let back = dequantize(quantize(x, scale), scale);
                    let error = f64::from(x) - f64::from(back);
                    assert!(
                        error.abs() <= 0.004 * f64::from(largest),
                        "{x} came back as {back} in a block up to {largest}"
                    );
                }
            }
        }
    }

    #[test]
    fn products_are_exact_and_never_subnormal() {
        for bits in (0..=u16::MAX).filter(|&bits| is_scale(bits)) {
            for q in i8::MIN..=i8::MAX {
                let exact = f64::from(q) * f64::from(bf16::widen(bits));
                let product = dequantize(q, bits);
                assert!(f64::from(product) == exact, "{q} times {bits:04x}");
                assert!(product == 0.0 || product.is_normal());
            }
        }
    }

    #[test]
    fn scales_at_the_limits_are_accepted() {
        let below = f32::from_bits(TOO_LARGE.to_bits() - 1);
        assert!(fits(below) && fits(-below));
        assert!(is_scale(scale([below].into_iter())));
        for x in [TOO_LARGE, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            assert!(!fits(x), "{x}");
        }
        assert_eq!(TOO_LARGE.to_bits(), 0x7f00_0000);
        assert_eq!(scale([SMALLEST].into_iter()), 0);
        assert_eq!(quantize(SMALLEST, 0), 0);
    }
}
