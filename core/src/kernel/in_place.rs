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

#[cfg(test)]
mod tests {
    use super::as_f32;

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
