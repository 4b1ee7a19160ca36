//! Byte order.

use crate::dtype::DType;

/// Exchanges the byte order of elements of `dtype`; each half of a complex number is one.
pub(super) fn swap(dtype: DType, bytes: &mut [u8]) {
    match dtype.swap_unit() {
        2 => swap_units::<2>(bytes),
        4 => swap_units::<4>(bytes),
        8 => swap_units::<8>(bytes),
        _ => {}
    }
}

fn swap_units<const N: usize>(bytes: &mut [u8]) {
    for unit in bytes.as_chunks_mut::<N>().0 {
        unit.reverse();
    }
}
