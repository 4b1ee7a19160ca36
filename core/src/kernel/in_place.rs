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
/// There is no padding.
#[allow(unsafe_code)]
pub(crate) unsafe trait Plain: Copy {}

macro_rules! plain {
    ($($number:ty)*) => {$(
        // SAFETY: a number has no padding.
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

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::{as_bytes, as_f32, words};

    #[test]
    fn elements_are_their_bytes() {
        let floats = [1.0f32, -2.0];
        let bytes: Vec<u8> = floats.iter().flat_map(|x| x.to_ne_bytes()).collect();
        assert_eq!(as_bytes(&floats), bytes);
        assert_eq!(as_bytes(&[-2i64]), (-2i64).to_ne_bytes());
        assert_eq!(as_bytes::<u16>(&[]), []);
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
