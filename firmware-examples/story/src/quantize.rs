//! Real numbers as TensorFlow Lite's integers.

use backbone::{FixedPoint, OutputRange};

/// `real` as a fixed-point factor.
///
/// Source: `tflite::QuantizeMultiplier`: the significand in `[0.5, 1)` times 2^31, rounded to the
/// nearest, ties away from zero. Factors too small to matter become 0. `real` is finite and not
/// negative.
pub fn fixed_point(real: f64) -> FixedPoint {
    let zero = FixedPoint {
        multiplier: 0,
        shift: 0,
    };
    if real <= 0.0 {
        return zero;
    }
    let (significand, mut shift) = split(real);
    let mut multiplier = (significand * 2f64.powi(31)).round() as i64;
    if multiplier == 1 << 31 {
        multiplier >>= 1;
        shift += 1;
    }
    match (i32::try_from(multiplier), i8::try_from(shift)) {
        (Ok(multiplier), Ok(shift)) if shift >= -31 => FixedPoint { multiplier, shift },
        _ => zero,
    }
}

/// C's `frexp` for a positive finite number: `real = significand · 2^exponent`, the significand in
/// `[0.5, 1)`.
fn split(real: f64) -> (f64, i32) {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    if !real.is_normal() {
        let (significand, exponent) = split(real * 2f64.powi(64));
        return (significand, exponent - 64);
    }
    let bits = real.to_bits();
    let exponent = ((bits >> FRACTION) & 0x7ff) as i32 - 1022;
    let significand = f64::from_bits(bits & !(0x7ff << FRACTION) | (1022 << FRACTION));
    (significand, exponent)
}

/// The range of a quantized output with a fused activation.
///
/// Source: `tflite::CalculateActivationRangeQuantized`.
pub(crate) fn output_range(activation: Activation, scale: f32, zero_point: i8) -> OutputRange {
    let quantize = |real: f32| {
        let value = i64::from(zero_point) + (real / scale).round() as i64;
        value.clamp(-128, 127) as i8
    };
    let (min, max) = match activation {
        Activation::None => (-128, 127),
        Activation::Relu => (quantize(0.0), 127),
        Activation::Relu6 => (quantize(0.0), quantize(6.0)),
    };
    OutputRange {
        zero_point,
        min,
        max,
    }
}

/// An activation fused into a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    None,
    Relu,
    Relu6,
}

impl Activation {
    pub(crate) const NAMES: &str = "\"relu\", \"relu6\" or null";

    pub(crate) fn named(name: Option<&str>) -> Option<Activation> {
        match name {
            None | Some("" | "none" | "linear") => Some(Activation::None),
            Some("relu") => Some(Activation::Relu),
            Some("relu6") => Some(Activation::Relu6),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_its_significand_and_a_power_of_two() {
        assert_eq!(
            fixed_point(1.0),
            FixedPoint {
                multiplier: 1 << 30,
                shift: 1
            }
        );
        assert_eq!(
            fixed_point(0.75),
            FixedPoint {
                multiplier: 3 << 29,
                shift: 0
            }
        );
        assert_eq!(
            fixed_point(0.375 / 1024.0),
            FixedPoint {
                multiplier: 3 << 29,
                shift: -11
            }
        );
    }

    #[test]
    fn a_significand_that_rounds_up_to_one_moves_into_the_shift() {
        let almost_one = 1.0 - f64::EPSILON;
        assert_eq!(
            fixed_point(almost_one),
            FixedPoint {
                multiplier: 1 << 30,
                shift: 1
            }
        );
    }

    #[test]
    fn factors_too_small_to_matter_are_zero() {
        let zero = FixedPoint {
            multiplier: 0,
            shift: 0,
        };
        for real in [0.0, 2f64.powi(-40), f64::MIN_POSITIVE, f64::from_bits(1)] {
            assert_eq!(fixed_point(real), zero, "{real:e}");
        }
    }

    #[test]
    fn activations_bound_the_output_by_quantized_numbers() {
        let range = output_range(Activation::Relu6, 0.05, -100);
        assert_eq!(
            range,
            OutputRange {
                zero_point: -100,
                min: -100,
                max: 20
            }
        );
        let range = output_range(Activation::Relu6, 0.01, -128);
        assert_eq!(
            (range.min, range.max),
            (-128, 127),
            "6 lies beyond the type"
        );
    }
}
