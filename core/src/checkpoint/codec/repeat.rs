//! The checksum of a repeated element, in time that grows with the logarithm of the count.
//!
//! A few stored bytes can stand for gigabytes of zeros. Hashing them one by one would let a
//! hostile checkpoint keep a reader busy for hours, and a device would spend on the untouched
//! slots of its optimizer what it saved by not storing them.

use crate::Crc32c;
use crate::crc32c::POLYNOMIAL;

/// Up to so many bytes the plain way is faster.
const SHORT: u64 = 128;

/// Extends `crc` by `count` times `element`.
pub(super) fn extend(crc: &mut Crc32c, element: &[u8], count: u32) {
    let len = element.len() as u64;
    if len * u64::from(count) <= SHORT {
        (0..count).for_each(|_| crc.update(element));
        return;
    }
    // crc(a ‖ b) = crc(a)·x^(8·len(b)) + crc(b): double the repeated part for each bit of count.
    let mut part = Crc32c::new();
    part.update(element);
    let mut part = part.value();
    let mut shift = power_of_x(8 * element.len() as u32);
    let mut value = crc.value();
    let mut count = count;
    while count > 0 {
        if count & 1 == 1 {
            value = multiply(shift, value) ^ part;
        }
        part ^= multiply(shift, part);
        shift = multiply(shift, shift);
        count >>= 1;
    }
    *crc = Crc32c::from_value(value);
}

/// The polynomial 1: the top bit is the coefficient of x⁰.
const ONE: u32 = 1 << 31;

/// x to the power of `exponent`, modulo the polynomial.
fn power_of_x(exponent: u32) -> u32 {
    (0..exponent).fold(ONE, |power, _| times_x(power))
}

const fn times_x(a: u32) -> u32 {
    (a >> 1) ^ if a & 1 == 1 { POLYNOMIAL } else { 0 }
}

/// The product of two polynomials modulo the polynomial.
fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    for bit in (0..32).rev() {
        if a >> bit & 1 == 1 {
            product ^= b;
        }
        b = times_x(b);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_element_has_the_checksum_of_its_bytes() {
        for len in 1..=8 {
            let element = &[1, 2, 0xff, 4, 5, 0, 7, 8][..len];
            for count in (0..200).chain([1000, 4097, 65_535]) {
                let mut expected = Crc32c::new();
                expected.update(b"before");
                let mut found = expected;
                (0..count).for_each(|_| expected.update(element));
                extend(&mut found, element, count);
                assert_eq!(found, expected, "{count} times {len} bytes");
            }
        }
    }

    #[test]
    fn four_gigabytes_take_no_time() {
        // Of 2^32 - 1 zero bytes, by any implementation that has the patience.
        let mut whole = Crc32c::new();
        extend(&mut whole, &[0], u32::MAX);
        let mut halves = Crc32c::new();
        extend(&mut halves, &[0], u32::MAX / 2);
        extend(&mut halves, &[0, 0], u32::MAX / 4 + 1);
        extend(
            &mut halves,
            &[0],
            u32::MAX - u32::MAX / 2 - 2 * (u32::MAX / 4 + 1),
        );
        assert_eq!(whole, halves);
    }
}
