//! Sorted tables.

use std::path::Path;

use gradlet_host::Error;
use gradlet_host::table::Table;

use super::{MOST, masked, put};

/// Sets the checksums of all blocks right.
pub fn table(bytes: &mut [u8]) {
    for _ in 0..MOST {
        let opened = Table::from_bytes(Path::new("table"), bytes.to_vec());
        match opened.and_then(|table| table.verify()) {
            Err(Error::BlockChecksum {
                offset,
                size,
                computed,
                ..
            }) => put(bytes, (offset + size) as usize + 1, masked(computed)),
            _ => return,
        }
    }
}
