//! From a 32-bit accumulator back to int8.

/// The integers that an output may take: the tensor's zero point and the fused activation's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputRange {
    /// The quantized value that stands for 0.
    pub zero_point: i8,
    /// The smallest output: -128, or the zero point after a ReLU.
    pub min: i8,
    /// The largest output: 127, or less after an activation with an upper bound.
    pub max: i8,
}

impl OutputRange {
    /// `scaled`, moved to the zero point and clamped.
    pub(crate) fn place(self, scaled: i32) -> i8 {
        let placed = scaled.saturating_add(i32::from(self.zero_point));
        // The bounds are int8, so the narrowing keeps the value.
        placed.max(i32::from(self.min)).min(i32::from(self.max)) as i8
    }
}

/// A real factor as TensorFlow Lite stores it: `multiplier · 2^(shift - 31)`.
///
/// Source: `tflite::QuantizeMultiplier`, which makes it, and
/// `tflite::MultiplyByQuantizedMultiplier` in its default, twice rounding form, which applies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPoint {
    /// 31 fractional bits, in `[2^30, 2^31)` or 0.
    pub multiplier: i32,
    /// The power of two, in `[-31, 30]`.
    pub shift: i8,
}

impl FixedPoint {
    /// `value` times this factor.
    ///
    /// It rounds twice, each time to the nearest: first to 31 bits fewer (ties upward), then by
    /// the shift (ties away from zero). The second rounding sees the first one's result, which
    /// is why a single multiplication in higher precision is not the same thing.
    pub fn apply(self, value: i32) -> i32 {
        let left = u32::from(self.shift.max(0).unsigned_abs());
        let right = u32::from(self.shift.min(0).unsigned_abs());
        let high = doubling_high_mul(value.wrapping_shl(left), self.multiplier);
        divide_by_power_of_two(high, right)
    }
}

/// `a · b / 2^31`, rounded to the nearest, ties toward positive infinity
/// (`gemmlowp::SaturatingRoundingDoublingHighMul`). `b` is never negative here, so that the one
/// product which saturates in TensorFlow Lite cannot occur.
fn doubling_high_mul(a: i32, b: i32) -> i32 {
    let product = i64::from(a) * i64::from(b);
    // TensorFlow Lite adds 2^30 to a product that is not negative and 1 - 2^30 to one that is,
    // and divides with truncation. Both are the floor of (product + 2^30) / 2^31.
    ((product + (1 << 30)) >> 31) as i32
}

/// `value / 2^exponent`, rounded to the nearest, ties away from zero
/// (`gemmlowp::RoundingDivideByPOT`).
fn divide_by_power_of_two(value: i32, exponent: u32) -> i32 {
    let mask = 1i32.wrapping_shl(exponent).wrapping_sub(1);
    let remainder = value & mask;
    let threshold = (mask >> 1) + i32::from(value < 0);
    value.wrapping_shr(exponent) + i32::from(remainder > threshold)
}

/// `value` rounded to the nearest integer, ties away from zero, as C's `round` does.
pub(crate) fn round(value: f64) -> i32 {
    // Exact for all that matters: beyond 2^31 the conversion saturates, and so does what follows.
    let whole = value as i32;
    let fraction = value - f64::from(whole);
    if fraction >= 0.5 {
        whole.saturating_add(1)
    } else if fraction <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_rounds_twice_and_so_carries_what_lies_just_below_a_half() {
        // Of the story `kws_newspeaker`: 11582 · 1281571047 · 2^-40 = 13.49977.
        let factor = FixedPoint {
            multiplier: 1_281_571_047,
            shift: -9,
        };
        assert_eq!(factor.apply(11_582), 14);
        let real = f64::from(factor.multiplier) / 2f64.powi(40);
        assert_eq!(round(11_582.0 * real), 13);
    }

    #[test]
    fn fixed_point_takes_the_last_tie_away_from_zero() {
        let half = FixedPoint {
            multiplier: 1 << 30,
            shift: -2,
        };
        let found = [-20, -12, -4, 4, 12, 20].map(|value| half.apply(value));
        assert_eq!(found, [-3, -2, -1, 1, 2, 3]);
    }

    #[test]
    fn fixed_point_shifts_to_the_left_before_it_multiplies() {
        let factor = FixedPoint {
            multiplier: 3 << 29,
            shift: 4,
        };
        assert_eq!([-5, 0, 7].map(|value| factor.apply(value)), [-60, 0, 84]);
    }

    #[test]
    fn ties_round_away_from_zero() {
        let found = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5].map(round);
        assert_eq!(found, [-3, -2, -1, 1, 2, 3]);
        let just_below_a_half = 0.5 - f64::EPSILON / 4.0;
        assert_eq!(
            round(just_below_a_half),
            0,
            "adding a half first would give 1"
        );
    }

    #[test]
    fn what_is_beyond_32_bits_saturates() {
        assert_eq!([-1e30, 1e30].map(round), [i32::MIN, i32::MAX]);
        let range = OutputRange {
            zero_point: -100,
            min: -100,
            max: 90,
        };
        assert_eq!([i32::MIN, i32::MAX].map(|sum| range.place(sum)), [-100, 90]);
    }
}
