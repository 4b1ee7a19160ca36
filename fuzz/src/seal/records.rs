//! TFRecord files.

use gradlet_host::records::{RecordError, RecordReader};

use super::{MOST, masked, put};

/// Sets the checksums of the records right.
pub fn records(bytes: &mut [u8]) {
    for _ in 0..MOST {
        let mut reader = RecordReader::new(&*bytes);
        let error = loop {
            match reader.next_record() {
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(error) => break error,
            }
        };
        match error {
            RecordError::LengthChecksum {
                offset, computed, ..
            } => put(bytes, offset as usize + 8, masked(computed)),
            RecordError::DataChecksum {
                offset,
                length,
                computed,
                ..
            } => put(bytes, (offset + length) as usize + 12, masked(computed)),
            _ => return,
        }
    }
}
