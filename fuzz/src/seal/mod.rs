//! Setting the checksums of damaged files right, so that what they protect is looked at.

mod bundle;
mod checkpoint;
mod frames;
mod records;
mod region;
mod samples;
mod slots;
mod table;

pub use bundle::bundle;
pub use checkpoint::checkpoint;
pub use frames::frames;
pub use records::records;
pub use region::region;
pub use samples::samples;
pub use slots::slots;
pub use table::table;

/// More checksums than this are not set right in one file.
const MOST: usize = 64;

/// Writes `value` at `at`, if it lies within `bytes`.
fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    if let Some(place) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = value;
    }
}

/// The masked form in which TensorFlow stores a checksum.
fn masked(crc32c: u32) -> [u8; 4] {
    gradlet_host::crc::mask(crc32c).to_le_bytes()
}
