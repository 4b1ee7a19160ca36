//! Reading records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{Compression, HEADER, Inflate, RecordError};
use crate::crc;

/// Reads records one after another (`tf.data.TFRecordDataset`).
///
/// Both checksums of every record are verified. Memory grows with the bytes that are really there,
/// whatever length a damaged record claims.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    path: Option<PathBuf>,
    offset: u64,
    record: Vec<u8>,
}

/// Opens a record file and recognises its compression.
///
/// # Errors
/// The file cannot be opened or read.
pub fn open(path: impl AsRef<Path>) -> Result<RecordReader<Inflate<BufReader<File>>>, RecordError> {
    let path = path.as_ref();
    let fault = |source| RecordError::Io {
        path: Some(path.to_path_buf()),
        offset: 0,
        source,
    };
    let mut file = BufReader::new(File::open(path).map_err(fault)?);
    let compression = Compression::of_start(file.fill_buf().map_err(fault)?);
    let mut reader = RecordReader::new(Inflate::new(file, compression));
    reader.path = Some(path.to_path_buf());
    Ok(reader)
}

impl<R: Read> RecordReader<R> {
    /// Reads plain records from `source`.
    pub fn new(source: R) -> RecordReader<R> {
        RecordReader {
            source,
            path: None,
            offset: 0,
            record: Vec::new(),
        }
    }

    /// Where the next record starts, in decompressed bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record, or `None` at the end.
    ///
    /// # Errors
    /// The file ends within the record, or a checksum is wrong; the offset then stays at the
    /// record's start.
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, RecordError> {
        self.record.clear();
        let found = self.fill(HEADER as u64)?;
        if found == 0 {
            return Ok(None);
        }
        let Some((length, stored)) = header(&self.record) else {
            return Err(self.truncated(HEADER as u64));
        };
        let computed = crc::crc32c(&length.to_le_bytes());
        if computed != stored {
            let (path, offset) = (self.path.clone(), self.offset);
            return Err(RecordError::LengthChecksum {
                path,
                offset,
                stored,
                computed,
            });
        }
        let whole = length.saturating_add(HEADER as u64 + 4);
        self.fill(length.saturating_add(4))?;
        let body = self.record.get(HEADER..).unwrap_or_default();
        let parts = usize::try_from(length)
            .ok()
            .and_then(|length| body.split_at_checked(length));
        let Some((data, [a, b, c, d])) = parts else {
            return Err(self.truncated(whole));
        };
        let stored = crc::unmask(u32::from_le_bytes([*a, *b, *c, *d]));
        let computed = crc::crc32c(data);
        if computed != stored {
            let (path, offset) = (self.path.clone(), self.offset);
            return Err(RecordError::DataChecksum {
                path,
                offset,
                length,
                stored,
                computed,
            });
        }
        self.offset += whole;
        Ok(self.record.get(HEADER..self.record.len() - 4))
    }

    /// Appends up to `count` bytes of the source to the buffer; returns how many there were.
    fn fill(&mut self, count: u64) -> Result<usize, RecordError> {
        let fault = |source: io::Error| RecordError::Io {
            path: self.path.clone(),
            offset: self.offset,
            source,
        };
        self.source
            .by_ref()
            .take(count)
            .read_to_end(&mut self.record)
            .map_err(fault)
    }

    fn truncated(&self, expected: u64) -> RecordError {
        RecordError::Truncated {
            path: self.path.clone(),
            offset: self.offset,
            expected,
            found: self.record.len() as u64,
        }
    }
}

/// Length and unmasked checksum of a whole header.
fn header(bytes: &[u8]) -> Option<(u64, u32)> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (crc, _) = rest.split_first_chunk()?;
    Some((
        u64::from_le_bytes(*length),
        crc::unmask(u32::from_le_bytes(*crc)),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::RecordWriter;
    use super::*;
    use crate::error::Status;

    fn file() -> Vec<u8> {
        let mut writer = RecordWriter::new(Vec::new());
        for record in [&b"first"[..], b"", b"third record"] {
            writer.write(record).unwrap();
        }
        writer.into_inner()
    }

    fn read_all(file: &[u8]) -> Result<Vec<Vec<u8>>, RecordError> {
        let mut reader = RecordReader::new(file);
        let mut records = Vec::new();
        while let Some(record) = reader.next_record()? {
            records.push(record.to_vec());
        }
        Ok(records)
    }

    #[test]
    fn records_come_back() {
        let records = read_all(&file()).unwrap();
        assert_eq!(
            records,
            [b"first".to_vec(), Vec::new(), b"third record".to_vec()]
        );
    }

    #[test]
    fn every_damaged_byte_and_every_cut_is_noticed() {
        let whole = file();
        let ends = [0, 21, 37, whole.len()];
        for cut in 0..whole.len() {
            let result = read_all(&whole[..cut]);
            assert_eq!(result.is_ok(), ends.contains(&cut), "cut at byte {cut}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            let error = read_all(&damaged).expect_err("a flipped bit must be noticed");
            assert_eq!(error.status(), Status::DataLoss, "byte {at}");
        }
    }

    #[test]
    fn a_huge_length_takes_no_memory() {
        let length = (1_u64 << 60).to_le_bytes();
        let mut bytes = length.to_vec();
        bytes.extend(crc::mask(crc::crc32c(&length)).to_le_bytes());
        bytes.extend(b"little");
        let mut reader = RecordReader::new(bytes.as_slice());
        assert!(matches!(
            reader.next_record(),
            Err(RecordError::Truncated {
                offset: 0,
                found: 18,
                ..
            })
        ));
        assert!(
            reader.record.capacity() < 1024,
            "memory must follow what is there"
        );
    }
}
