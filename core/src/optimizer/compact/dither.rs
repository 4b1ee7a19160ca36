//! The random bits by which a number is rounded up or down.

/// Random bits, a word an element: Marsaglia's xorshift (2003), which is cheap without a 64-bit
/// multiplication, started anew for each piece of a variable.
#[derive(Debug, Clone)]
pub struct Dither(u32);

impl Dither {
    /// Those of a step, for a piece that starts at element `start`.
    pub(super) const fn new(step: u32, start: usize) -> Self {
        let mut x = step ^ (start as u32).wrapping_mul(0x9e37_79b1);
        // Scrambled (Wellons' lowbias32), because neighbours differ in few bits; never 0.
        x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
        x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
        Self((x ^ (x >> 16)) | 1)
    }

    /// 32 random bits.
    pub(super) const fn next_u32(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Dither;

    #[test]
    fn every_bit_is_set_half_of_the_time_whatever_the_position_in_a_piece() {
        const STEPS: u32 = 20_000;
        for position in 0..16 {
            let mut counts = [0u32; 32];
            for step in 0..STEPS {
                let mut dither = Dither::new(step.wrapping_mul(0x1234_5679), 160);
                let mut bits = 0;
                for _ in 0..=position {
                    bits = dither.next_u32();
                }
                for (bit, count) in counts.iter_mut().enumerate() {
                    *count += (bits >> bit) & 1;
                }
            }
            for (bit, &count) in counts.iter().enumerate() {
                let share = f64::from(count) / f64::from(STEPS);
                let fair = (0.48..0.52).contains(&share) || (position == 0 && bit < 31);
                assert!(fair, "bit {bit} at {position}: {share}");
            }
        }
    }
}
