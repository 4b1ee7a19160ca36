//! Sample files.

use gradlet::Crc32c;
use gradlet::samples::{HEADER, Header};

use super::put;

/// Sets right the checksum of the header, and the one behind the samples.
pub fn samples(bytes: &mut [u8]) {
    const FIELDS: usize = HEADER - 4;
    let sum = |bytes: &[u8]| {
        let mut checksum = Crc32c::new();
        checksum.update(bytes);
        checksum.value().to_le_bytes()
    };
    let Some(fields) = bytes.get(..FIELDS) else {
        return;
    };
    put(bytes, FIELDS, sum(fields));
    let Some(Ok(header)) = bytes.first_chunk().map(Header::decode) else {
        return;
    };
    let len = u64::from(header.samples) * (1 + u64::from(header.features));
    let Ok(end) = usize::try_from(HEADER as u64 + len) else {
        return;
    };
    if let Some(rows) = bytes.get(HEADER..end) {
        put(bytes, end, sum(rows));
    }
}
