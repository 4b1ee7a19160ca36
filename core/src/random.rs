//! Random numbers that are a function of a seed and a position.
//!
//! Nothing is kept between two of them but what their user keeps in its checkpoint anyway, so a
//! restored run draws the numbers it would have drawn.

use crate::math;

/// A stream of random numbers (SplitMix64: Steele, Lea and Flood 2014).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Random(u64);

/// 2⁶⁴ divided by the golden ratio, odd: the increment of the stream.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of `seed` from `position` on.
    pub(crate) const fn at(seed: u64, position: u64) -> Self {
        // Scrambled, so that neighbouring positions do not share their numbers.
        Self(scramble(seed.wrapping_add(scramble(position))))
    }

    pub(crate) const fn next_u32(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(STRIDE);
        (scramble(self.0) >> 32) as u32
    }

    /// A number below `bound`, each with the same probability (Lemire 2019, without the rejection:
    /// off by less than bound/2³²). 0 for no bound.
    pub(crate) const fn below(&mut self, bound: u32) -> u32 {
        ((self.next_u32() as u64 * bound as u64) >> 32) as u32
    }

    /// A number of the standard normal distribution (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f32 {
        const UNIT: f32 = 1.0 / (1 << 24) as f32;
        // In (0, 1] and [0, 1): the logarithm has no zero.
        let radius = ((self.next_u32() >> 8) + 1) as f32 * UNIT;
        let angle = (self.next_u32() >> 8) as f32 * UNIT;
        math::sqrt(-2.0 * math::ln(radius)) * math::cos(2.0 * core::f32::consts::PI * angle)
    }
}

const fn scramble(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        const COUNT: u32 = 100_000;
        let (mut sum, mut squares) = (0.0f64, 0.0f64);
        for position in 0..u64::from(COUNT) {
            let x = f64::from(Random::at(7, position).normal());
            sum += x;
            squares += x * x;
        }
        let count = f64::from(COUNT);
        assert!((sum / count).abs() < 0.015, "mean {}", sum / count);
        assert!(
            (squares / count - 1.0).abs() < 0.02,
            "variance {}",
            squares / count
        );
    }

    #[test]
    fn every_number_below_the_bound_is_as_frequent_as_the_others() {
        let mut counts = [0u32; 7];
        let mut random = Random::at(1, 2);
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
        }
        for count in counts {
            assert!((9_600..10_400).contains(&count), "{counts:?}");
        }
        assert_eq!(random.below(0), 0);
    }
}
