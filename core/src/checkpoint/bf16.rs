//! bfloat16: the upper half of an `f32`.

/// `x` rounded to bfloat16, half to even; a NaN stays a NaN of its sign.
pub(in crate::checkpoint) const fn round(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    let half = 0x7fff + (bits >> 16 & 1);
    ((bits + half) >> 16) as u16
}

/// The `f32` of the same value.
pub(in crate::checkpoint) const fn widen(bits: u16) -> f32 {
    f32::from_bits((bits as u32) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_to_the_nearest_and_from_the_middle_to_even() {
        for (bits, expected) in [
            (0x3f80_0000, 0x3f80),
            (0x3f80_7fff, 0x3f80),
            (0x3f80_8000, 0x3f80),
            (0x3f80_8001, 0x3f81),
            (0x3f81_8000, 0x3f82),
            (0x8000_0000, 0x8000),
            (0x7f7f_ffff, 0x7f80),
            (0xff80_0000, 0xff80),
            (0x7f80_0001, 0x7fc0),
            (0xffff_ffff, 0xffff),
            (0x0000_0001, 0x0000),
        ] {
            let found = round(f32::from_bits(bits));
            assert_eq!(found, expected, "{bits:08x} gives {found:04x}");
        }
    }

    #[test]
    fn every_bfloat16_comes_back() {
        for bits in 0..=u16::MAX {
            let back = round(widen(bits));
            let quiet = if widen(bits).is_nan() {
                bits | 0x40
            } else {
                bits
            };
            assert_eq!(back, quiet);
        }
    }
}
