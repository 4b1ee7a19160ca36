//! How far two numbers are apart.

/// The distance of a state from TensorFlow's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Distance {
    /// Numbers that are apart.
    pub differing: usize,
    /// The largest distance in units in the last place: how many `f32` lie between, plus one.
    pub ulp: u32,
    /// The largest difference.
    pub absolute: f32,
}

impl Distance {
    /// As far as can be.
    pub const INFINITE: Self = Self {
        differing: 1,
        ulp: u32::MAX,
        absolute: f32::INFINITY,
    };

    /// Counts `found` where TensorFlow has `expected`.
    pub fn add(&mut self, expected: f32, found: f32) {
        // A NaN's sign and payload are the processor's.
        if expected.to_bits() == found.to_bits() || (expected.is_nan() && found.is_nan()) {
            return;
        }
        self.differing += 1;
        // The two zeros are neighbours here: they are apart, if by no amount.
        self.ulp = self.ulp.max(position(expected).abs_diff(position(found)));
        let difference = (expected - found).abs();
        // A NaN on one side only is an infinite error.
        self.absolute = match difference.is_nan() {
            true => f32::INFINITY,
            false => self.absolute.max(difference),
        };
    }
}

/// Numbers in their order, −0 before +0.
fn position(x: f32) -> i32 {
    let bits = x.to_bits() as i32;
    if bits < 0 { !(bits & i32::MAX) } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(expected: f32, found: f32) -> Distance {
        let mut distance = Distance::default();
        distance.add(expected, found);
        distance
    }

    #[test]
    fn neighbours_are_one_unit_apart() {
        assert_eq!(between(1.0, 1.0_f32.next_up()).ulp, 1);
        assert_eq!(between(-1.0, (-1.0_f32).next_up()).ulp, 1);
        assert_eq!(between(0.0, -0.0).ulp, 1);
        assert_eq!(between(1.0, 1.0).differing, 0);
        assert_eq!(between(f32::NAN, f32::NAN).differing, 0);
        assert_eq!(between(f32::NAN, 1.0).absolute, f32::INFINITY);
    }
}
