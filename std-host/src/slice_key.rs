//! Keys under which slices are stored: name, rank and extents in an encoding whose byte order is
//! the order of the values (TensorFlow's `OrderedCode`).

use crate::slice::{Extent, Slice};

/// The key of a slice of the tensor `name`.
pub(crate) fn encode(name: &[u8], slice: &Slice) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 5 + 4 * slice.extents().len());
    put_number(&mut key, 0);
    put_string(&mut key, name);
    put_number(&mut key, slice.extents().len() as u64);
    for extent in slice.extents() {
        let (start, length) = match *extent {
            Extent::Full => (0, -1),
            Extent::Range { start, length } => (start as i64, length as i64),
        };
        put_signed(&mut key, start);
        put_signed(&mut key, length);
    }
    key
}

/// A count of bytes, then as many, most significant first.
fn put_number(out: &mut Vec<u8>, value: u64) {
    let bytes = value.to_be_bytes();
    let skip = value.leading_zeros() as usize / 8;
    out.push((bytes.len() - skip) as u8);
    out.extend_from_slice(&bytes[skip..]);
}

/// The bytes with `00` and `ff` escaped, then `00 01`.
fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        match byte {
            0x00 => out.extend_from_slice(&[0x00, 0xff]),
            0xff => out.extend_from_slice(&[0xff, 0x00]),
            other => out.push(other),
        }
    }
    out.extend_from_slice(&[0x00, 0x01]);
}

/// Two's complement, most significant byte first, with the length in unary in the leading bits.
fn put_signed(out: &mut Vec<u8>, value: i64) {
    let magnitude = if value < 0 { !value } else { value };
    let bits = 64 - magnitude.leading_zeros() as usize;
    let len = bits / 7 + 1;
    if len == 1 {
        out.push(0x80 ^ value as u8);
        return;
    }
    let wide = i128::from(value).to_be_bytes();
    let start = out.len();
    out.extend_from_slice(&wide[wide.len() - len..]);
    let mask = (0xffff_u16 << (16 - len)).to_be_bytes();
    for (byte, mask) in out[start..].iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(value: i64) -> Vec<u8> {
        let mut out = Vec::new();
        put_signed(&mut out, value);
        out
    }

    #[test]
    fn numbers_are_encoded_as_tensorflow_does() {
        assert_eq!(signed(0), [0x80]);
        assert_eq!(signed(5), [0x85]);
        assert_eq!(signed(-1), [0x7f]);
        assert_eq!(signed(63), [0xbf]);
        assert_eq!(signed(64), [0xc0, 0x40]);
        assert_eq!(signed(100), [0xc0, 0x64]);
        assert_eq!(signed(1 << 13), [0xe0, 0x20, 0x00]);
        assert_eq!(signed(i64::MAX).len(), 10);
    }

    #[test]
    fn the_order_of_keys_is_the_order_of_numbers() {
        let mut values: Vec<i64> = (0..63).map(|bit| 1 << bit).collect();
        values.extend((0..63).map(|bit| (1 << bit) - 1));
        values.extend([-1, -64, -65, -8192, -8193, i64::MIN, i64::MAX]);
        values.sort_unstable();
        values.dedup();
        for pair in values.windows(2) {
            assert!(
                signed(pair[0]) < signed(pair[1]),
                "{} sorts before {}",
                pair[0],
                pair[1]
            );
        }
    }
}
