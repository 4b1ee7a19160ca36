//! Stored elements, used where they lie.

/// Little-endian bytes as the `f32` they are; `None` if they are not aligned as such, not whole,
/// or if this machine is big-endian.
pub(crate) fn as_f32(bytes: &[u8]) -> Option<&[f32]> {
    if cfg!(target_endian = "big") {
        return None;
    }
    // SAFETY: every bit pattern is an `f32`, and `align_to` gives only aligned, whole elements.
    #[allow(unsafe_code)]
    let (before, elements, behind) = unsafe { bytes.align_to::<f32>() };
    (before.is_empty() && behind.is_empty()).then_some(elements)
}

/// The aligned words of `bytes`, of this machine's order, with the bytes before and behind them.
pub(crate) fn words(bytes: &[u8]) -> (&[u8], &[u32], &[u8]) {
    // SAFETY: every bit pattern is a `u32`, and `align_to` gives only aligned, whole elements.
    #[allow(unsafe_code)]
    unsafe {
        bytes.align_to::<u32>()
    }
}

/// A number whose bytes are all there is to it.
///
/// # Safety
/// There is no padding, and every bit pattern is a number.
#[allow(unsafe_code)]
pub(crate) unsafe trait Plain: Copy {}

macro_rules! plain {
    ($($number:ty)*) => {$(
        // SAFETY: a number has no padding, and any bits are one.
        #[allow(unsafe_code)]
        unsafe impl Plain for $number {}
    )*};
}
plain!(f32 i64 u32 u16 u8 i8);

/// Elements as the bytes that they are, of this machine's order.
pub(crate) fn as_bytes<T: Plain>(elements: &[T]) -> &[u8] {
    // SAFETY: the memory is that of `elements`, borrowed as long, and all of it is initialized.
    #[allow(unsafe_code)]
    unsafe {
        core::slice::from_raw_parts(elements.as_ptr().cast::<u8>(), size_of_val(elements))
    }
}

/// The same, to be assigned.
pub(crate) fn as_bytes_mut<T: Plain>(elements: &mut [T]) -> &mut [u8] {
    let len = size_of_val(elements);
    // SAFETY: the memory is that of `elements`, borrowed as long and by nobody else; all of it is
    // initialized, and whatever is written there are elements.
    #[allow(unsafe_code)]
    unsafe {
        core::slice::from_raw_parts_mut(elements.as_mut_ptr().cast::<u8>(), len)
    }
}

/// Bytes as the text that they are; `None` unless they are UTF-8 without a NUL.
///
/// The same as [`core::str::from_utf8`], which with its table takes four times the flash: it is made
/// for long texts, and names are short.
pub(crate) fn as_text(bytes: &[u8]) -> Option<&str> {
    // SAFETY: checked right here.
    #[allow(unsafe_code)]
    is_text(bytes).then(|| unsafe { core::str::from_utf8_unchecked(bytes) })
}

/// Table 3-7 of the Unicode standard, "Well-Formed UTF-8 Byte Sequences", and no NUL.
#[inline(never)]
fn is_text(bytes: &[u8]) -> bool {
    // Bytes of the character still to come, and the bounds of the next one.
    let (mut left, mut least, mut most) = (0, 0x80, 0xbf);
    for &byte in bytes {
        if left > 0 {
            if byte < least || byte > most {
                return false;
            }
            left -= 1;
            (least, most) = (0x80, 0xbf);
            continue;
        }
        left = match byte {
            0x01..=0x7f => 0,
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => return false,
        };
        match byte {
            0xe0 => least = 0xa0,
            0xed => most = 0x9f,
            0xf0 => least = 0x90,
            0xf4 => most = 0x8f,
            _ => {}
        }
    }
    left == 0
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{as_bytes, as_bytes_mut, as_f32, as_text, words};

    #[test]
    fn elements_are_their_bytes() {
        let floats = [1.0f32, -2.0];
        let bytes: Vec<u8> = floats.iter().flat_map(|x| x.to_ne_bytes()).collect();
        assert_eq!(as_bytes(&floats), bytes);
        assert_eq!(as_bytes(&[-2i64]), (-2i64).to_ne_bytes());
        assert_eq!(as_bytes::<u16>(&[]), []);
        let mut numbers = [0x0102u16, 0x0304];
        as_bytes_mut(&mut numbers).fill(0x55);
        assert_eq!(numbers, [0x5555; 2]);
    }

    #[test]
    fn text_is_what_the_standard_library_takes_for_it() {
        let check = |bytes: &[u8]| {
            let expected = core::str::from_utf8(bytes).ok();
            let expected = expected.filter(|text| !text.contains('\0'));
            assert_eq!(as_text(bytes), expected, "{bytes:02x?}");
        };
        check(b"");
        check(b"head/kernel");
        check("Gewichte/größe/重み/🎛".as_bytes());
        // Every start of a character with every second byte, and third and fourth bytes around the
        // bounds; then followed by one more character.
        let around = [
            0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff,
        ];
        for first in 0..=255 {
            check(&[first]);
            for second in 0..=255 {
                check(&[first, second]);
                for third in around {
                    check(&[first, second, third]);
                    for fourth in around {
                        check(&[first, second, third, fourth]);
                        check(&[first, second, third, fourth, b'a']);
                    }
                }
            }
        }
    }

    #[test]
    fn words_and_what_is_around_them_are_all_of_the_bytes() {
        let bytes: [u8; 23] = core::array::from_fn(|index| index as u8);
        for start in 0..bytes.len() {
            let (before, words, behind) = words(&bytes[start..]);
            assert!(before.len() < 4 || words.is_empty());
            let words = words.iter().flat_map(|word| word.to_ne_bytes());
            let all = before
                .iter()
                .copied()
                .chain(words)
                .chain(behind.iter().copied());
            assert!(all.eq(bytes[start..].iter().copied()), "from {start}");
        }
    }

    #[test]
    fn only_aligned_whole_elements_are_used_where_they_lie() {
        #[repr(align(4))]
        struct Aligned([u8; 12]);
        let bytes = Aligned([0, 0, 128, 63, 0, 0, 0, 64, 1, 2, 3, 4]);
        assert_eq!(as_f32(&bytes.0[..8]), Some(&[1.0, 2.0][..]));
        assert_eq!(as_f32(&bytes.0[..7]), None, "not whole");
        assert_eq!(as_f32(&bytes.0[1..9]), None, "not aligned");
        assert_eq!(as_f32(&bytes.0[..0]), Some(&[][..]));
    }
}
