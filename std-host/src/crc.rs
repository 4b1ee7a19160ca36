//! CRC-32C as TensorFlow stores it: masked, and for large tensors computed on several cores.

use std::thread;

/// Above this length a checksum is split over the machine's cores; below, starting a thread costs
/// more than it saves.
const PARALLEL_FROM: usize = 4 << 20;

/// More threads than this only wait for memory.
const MOST_THREADS: usize = 4;

const MASK_DELTA: u32 = 0xa282_ead8;

/// The stored form of a checksum: rotated and offset, so that a checksum over data that contains
/// checksums stays meaningful (`crc32c::Mask`).
pub const fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(MASK_DELTA)
}

/// The checksum whose stored form is `masked` (`crc32c::Unmask`).
pub const fn unmask(masked: u32) -> u32 {
    masked.wrapping_sub(MASK_DELTA).rotate_left(15)
}

/// CRC-32C (Castagnoli) of `bytes`, unmasked.
pub fn crc32c(bytes: &[u8]) -> u32 {
    extend(0, bytes)
}

/// The checksum of some bytes whose checksum is `crc`, followed by `bytes`.
///
/// Large inputs are divided over up to four cores; the result is the same.
pub fn extend(crc: u32, bytes: &[u8]) -> u32 {
    let threads = threads_for(bytes.len());
    if threads < 2 {
        return crc32c::crc32c_append(crc, bytes);
    }
    let part = bytes.len().div_ceil(threads);
    thread::scope(|scope| {
        let mut parts = bytes.chunks(part);
        let first = parts.next().unwrap_or_default();
        let others: Vec<_> = parts
            .map(|part| (part, scope.spawn(move || crc32c::crc32c(part))))
            .collect();
        let head = crc32c::crc32c_append(crc, first);
        others.into_iter().fold(head, |head, (part, handle)| {
            // A thread that computes a checksum cannot panic; were it to, its part is redone here.
            let tail = handle.join().unwrap_or_else(|_| crc32c::crc32c(part));
            combine(head, tail, part.len())
        })
    })
}

/// The checksum of some bytes with checksum `first`, followed by `len` bytes with checksum `second`.
pub(crate) fn combine(first: u32, second: u32, len: usize) -> u32 {
    crc32c::crc32c_combine(first, second, len)
}

/// How many cores a checksum of so many bytes is divided over.
pub(crate) fn threads_for(len: usize) -> usize {
    if len < PARALLEL_FROM {
        return 1;
    }
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_THREADS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_and_their_masked_form() {
        assert_eq!(
            crc32c(b"123456789"),
            0xe306_9283,
            "the standard check value of CRC-32C"
        );
        assert_eq!(
            mask(0),
            0xa282_ead8,
            "what TensorFlow stores for an empty tensor"
        );
        for crc in [0, 1, 0xe306_9283, u32::MAX] {
            assert_eq!(unmask(mask(crc)), crc, "unmask undoes mask for {crc:#x}");
        }
    }

    #[test]
    fn dividing_over_cores_changes_nothing() {
        let bytes: Vec<u8> = (0..PARALLEL_FROM + 12_345)
            .map(|i| (i * 31 % 251) as u8)
            .collect();
        let plain = crc32c::crc32c_append(77, &bytes);
        assert_eq!(
            extend(77, &bytes),
            plain,
            "parallel and plain checksum differ"
        );
    }
}
