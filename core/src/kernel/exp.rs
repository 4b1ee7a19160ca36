//! The exponential that a softmax needs.

/// 1/ln 2
const PER_LN_2: f32 = core::f32::consts::LOG2_E;

/// ln 2 in two parts; the first has so few bits that its product with a small integer is exact.
const LN_2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];

/// Added to a number below 2²², it leaves no bits for a fraction: the sum's low bits are the
/// nearest integer.
const TO_INTEGER: f32 = (3 << 22) as f32;

/// (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2, of the least relative error of eʳ.
const POLYNOMIAL: [f32; 5] = [
    0.499_999_94,
    0.166_665_21,
    0.041_668_39,
    0.008_368_745,
    0.001_381_454,
];

/// eˣ for x ≤ 0 within 1 unit in the last place, the same bits on every board; 0 below e⁻⁸⁷,
/// where denormals begin.
///
/// A third of `libm::expf`'s instructions: no division, no case but one.
#[inline]
pub(crate) fn exp_of_non_positive(x: f32) -> f32 {
    if x < -87.0 {
        return 0.0;
    }
    let shifted = x * PER_LN_2 + TO_INTEGER;
    let n = shifted - TO_INTEGER;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let [c2, c3, c4, c5, c6] = POLYNOMIAL;
    let tail = (((c6 * r + c5) * r + c4) * r + c3) * r + c2;
    let power = 1.0 + (r + r * r * tail);
    power * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1f32.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_at_most_one_unit_in_the_last_place() {
        let mut worst = 0.0f64;
        for bits in (0..=87f32.to_bits()).step_by(997) {
            let x = -f32::from_bits(bits);
            let exact = f64::from(x).exp();
            let unit = f64::from(f32::from_bits((exact as f32).to_bits() + 1) - exact as f32);
            let error = (f64::from(exp_of_non_positive(x)) - exact).abs() / unit;
            worst = worst.max(error);
            assert!(error <= 1.0, "exp({x:e}) is {error} units off");
        }
        assert!(worst > 0.0, "nothing was compared");
    }

    #[test]
    fn limits_are_those_of_the_exponential() {
        assert_eq!(exp_of_non_positive(0.0), 1.0);
        assert_eq!(exp_of_non_positive(-0.0), 1.0);
        assert_eq!(exp_of_non_positive(f32::NEG_INFINITY), 0.0);
        for nan in [f32::NAN, -f32::NAN, f32::from_bits(0x7fff_ffff)] {
            assert!(exp_of_non_positive(nan).is_nan());
        }
    }
}
