//! How much memory a reader may take.

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes held at once for each byte of a file.
const PER_BYTE: usize = 64;

/// Bytes held at once whatever the file: buffers of a fixed size, the standard library's own.
const FIXED: usize = 4 << 20;

/// Runs `read`, which is given `len` bytes from outside.
///
/// # Panics
/// If it held more than 4 MiB and 64 times `len` at once.
pub fn bounded<T>(len: usize, read: impl FnOnce() -> T) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = read();
    let held = MEMORY.peak_usage().saturating_sub(before);
    let most = FIXED + PER_BYTE * len;
    assert!(
        held <= most,
        "{len} bytes made the reader hold {held}, at most {most} are allowed"
    );
    result
}
