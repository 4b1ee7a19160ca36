//! Base-128 integers, seven bits a byte, least significant first.

/// Appends `value`.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes a number off the front of `bytes`; `None` if it does not end there or exceeds 64 bits.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7f);
        if index == 9 && bits > 1 {
            return None;
        }
        value |= bits << (7 * index);
        if byte < 0x80 {
            *bytes = bytes.get(index + 1..)?;
            return Some(value);
        }
    }
    None
}

/// As [`take`], for a number that must fit 32 bits.
pub(crate) fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let mut rest = *bytes;
    let value = u32::try_from(take(&mut rest)?).ok()?;
    *bytes = rest;
    Some(value)
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_come_back_and_cut_or_oversized_ones_do_not() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            super::put(&mut bytes, value);
            let mut rest = &bytes[..];
            assert_eq!(super::take(&mut rest), Some(value));
            assert!(rest.is_empty(), "{value} left bytes over");
            for cut in 0..bytes.len() {
                assert_eq!(
                    super::take(&mut &bytes[..cut]),
                    None,
                    "{value} cut to {cut} bytes"
                );
            }
        }
        assert_eq!(
            super::take(&mut &[0xff; 10][..]),
            None,
            "70 bits do not fit"
        );
        assert_eq!(
            super::take_u32(&mut &[0xff, 0xff, 0xff, 0xff, 0x1f][..]),
            None
        );
    }
}
