//! How far numbers are from TensorFlow's.

/// The deviation of a variable from TensorFlow's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// Elements whose bits differ.
    pub differing: usize,
    /// The largest distance in units in the last place: how many `f32` lie between, plus one.
    pub ulp: u32,
    /// The largest difference.
    pub absolute: f32,
    /// Elements that differ by more than is allowed for them.
    pub beyond: usize,
}

impl Deviation {
    /// No element differs.
    pub const NONE: Self = Self {
        differing: 0,
        ulp: 0,
        absolute: 0.0,
        beyond: 0,
    };

    /// As far as can be.
    pub const INFINITE: Self = Self {
        differing: 1,
        ulp: u32::MAX,
        absolute: f32::INFINITY,
        beyond: 1,
    };

    /// Counts `found` where TensorFlow has `expected`; without a `tolerance` the bits must agree.
    pub fn add(&mut self, expected: f32, found: f32, tolerance: Option<f32>) {
        // A NaN's sign and payload are the processor's.
        if expected.to_bits() == found.to_bits() || (expected.is_nan() && found.is_nan()) {
            return;
        }
        let difference = (expected - found).abs();
        self.differing += 1;
        self.ulp = self.ulp.max(position(expected).abs_diff(position(found)));
        // A NaN on one side only is an infinite error.
        self.absolute = match difference.is_nan() {
            true => f32::INFINITY,
            false => self.absolute.max(difference),
        };
        // Where there are infinities, a tolerance may be no number; what is finite in TensorFlow
        // must be finite all the same.
        let close = |tolerance: f32| difference <= tolerance || tolerance.is_nan();
        let within = difference.is_finite() && tolerance.is_some_and(close);
        self.beyond += usize::from(!within);
    }
}

/// Numbers in their order; −0 is the neighbour of +0.
fn position(x: f32) -> i32 {
    let bits = x.to_bits() as i32;
    if bits < 0 { !(bits & i32::MAX) } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(expected: f32, found: f32) -> Deviation {
        let mut deviation = Deviation::NONE;
        deviation.add(expected, found, None);
        deviation
    }

    #[test]
    fn neighbours_are_one_unit_apart() {
        assert_eq!(between(1.0, 1.0_f32.next_up()).ulp, 1);
        assert_eq!(between(-1.0, (-1.0_f32).next_up()).ulp, 1);
        assert_eq!(between(0.0, -0.0).ulp, 1);
        assert_eq!(between(1.0, 1.0), Deviation::NONE);
        assert_eq!(between(f32::NAN, f32::NAN), Deviation::NONE);
    }

    #[test]
    fn only_a_tolerance_lets_bits_differ() {
        let mut deviation = between(1.0, 1.5);
        assert_eq!(deviation.beyond, 1);
        deviation.add(1.0, 1.5, Some(0.5));
        assert_eq!(deviation.beyond, 1);
        deviation.add(1.0, 1.5, Some(0.25));
        deviation.add(f32::NAN, 1.0, Some(f32::INFINITY));
        assert_eq!((deviation.beyond, deviation.absolute), (3, f32::INFINITY));
    }
}
