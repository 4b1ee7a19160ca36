//! Real values as int8.

use gradlet::Quantization;

/// The values that int8 has.
const LEAST: f32 = -128.0;
const GREATEST: f32 = 127.0;

/// Nearest int8 value, halves away from zero, as TensorFlow Lite quantizes its inputs
/// (`AffineQuantize`); whether the value lay outside.
pub(super) fn quantize(value: f32, quantization: Quantization) -> (i8, bool) {
    let zero_point = f32::from(quantization.zero_point);
    let rounded = (value / quantization.scale).round() + zero_point;
    let inside = rounded.clamp(LEAST, GREATEST);
    (inside as i8, inside != rounded)
}

/// What all values lie in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Range {
    least: f32,
    greatest: f32,
    bytes: bool,
}

impl Range {
    /// One more value.
    pub(super) fn take(&mut self, value: f32) {
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
    }

    /// Bytes are whole numbers, which need no scale.
    pub(super) fn take_bytes(&mut self) {
        self.bytes = true;
    }

    /// The quantization that reaches all values and holds 0 exactly, as TensorFlow Lite's
    /// converter chooses it for int8 (`GetQuantizationParams`).
    pub(super) fn quantization(&self) -> Quantization {
        if self.bytes {
            return Quantization {
                scale: 1.0,
                zero_point: i8::MIN,
            };
        }
        let scale =
            (f64::from(self.greatest) - f64::from(self.least)) / f64::from(GREATEST - LEAST);
        if scale == 0.0 {
            return Quantization {
                scale: 1.0,
                zero_point: 0,
            };
        }
        let zero_point = f64::from(LEAST) - f64::from(self.least) / scale;
        Quantization {
            scale: scale as f32,
            zero_point: zero_point.round() as i8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_the_nearest_and_halves_go_away_from_zero() {
        let quantization = Quantization {
            scale: 0.5,
            zero_point: -3,
        };
        for (value, expected) in [
            (0.0, (-3, false)),
            (0.25, (-2, false)),
            (-0.25, (-4, false)),
            (65.0, (127, false)),
            (65.25, (127, true)),
            (-1e30, (-128, true)),
        ] {
            assert_eq!(quantize(value, quantization), expected, "{value}");
        }
    }

    #[test]
    fn a_range_reaches_its_ends_and_zero() {
        let mut range = Range::default();
        for value in [0.5, 12.75, 3.0] {
            range.take(value);
        }
        let quantization = range.quantization();
        assert_eq!((quantization.scale, quantization.zero_point), (0.05, -128));
        assert_eq!(quantize(12.75, quantization).0, 127);
        let equal = Range::default().quantization();
        assert_eq!((equal.scale, equal.zero_point), (1.0, 0));
    }
}
