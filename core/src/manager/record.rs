//! What the small manager writes in front of a checkpoint, once all of it is there.

use super::outcome::Saved;
use crate::Crc32c;
use crate::checkpoint::Info;

/// Bytes of a record.
pub(super) const RECORD: usize = 32;

const MAGIC: u32 = u32::from_le_bytes(*b"GCKS");

/// Proof that a checkpoint was written whole, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Number of the checkpoint, from 1.
    pub(super) save_counter: u32,
    /// Bytes of the checkpoint, and their CRC-32C.
    pub(super) length: u32,
    pub(super) crc32c: u32,
    pub(super) model_id: u32,
    pub(super) global_step: i64,
}

impl Record {
    /// The record as it is written.
    pub(super) fn words(&self) -> [u32; RECORD / 4] {
        let mut words = [
            MAGIC,
            self.save_counter,
            self.length,
            self.crc32c,
            self.model_id,
            self.global_step as u32,
            (self.global_step >> 32) as u32,
            0,
        ];
        let [content @ .., checksum] = &mut words;
        *checksum = sum(content);
        words
    }

    /// Reads a record.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let words: &[[u8; 4]; RECORD / 4] = bytes.as_chunks().0.first_chunk()?;
        let words = words.map(u32::from_le_bytes);
        let [
            magic,
            save_counter,
            length,
            crc32c,
            model_id,
            low,
            high,
            checksum,
        ] = words;
        let [content @ .., _] = &words;
        (magic == MAGIC && checksum == sum(content)).then_some(Self {
            save_counter,
            length,
            crc32c,
            model_id,
            global_step: i64::from(high as i32) << 32 | i64::from(low),
        })
    }

    /// What users are told.
    pub(super) const fn saved(&self) -> Saved {
        Saved {
            save_counter: self.save_counter,
            info: Info {
                global_step: Some(self.global_step),
                time: None,
                model_id: Some(self.model_id),
            },
            length: self.length,
            kept: false,
        }
    }
}

fn sum(words: &[u32]) -> u32 {
    let mut crc = Crc32c::new();
    for word in words {
        crc.update(&word.to_le_bytes());
    }
    crc.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_layout_is_frozen() {
        let record = Record {
            save_counter: 0x0102_0304,
            length: 0x1112_1314,
            crc32c: 0x2122_2324,
            model_id: 0x3132_3334,
            global_step: 0x4142_4344_4546_4748,
        };
        let bytes = b"GCKS\x04\x03\x02\x01\x14\x13\x12\x11\x24\x23\x22\x21\
            \x34\x33\x32\x31\x48\x47\x46\x45\x44\x43\x42\x41\x02\xae\x07\xce";
        assert_eq!(record.words().map(u32::to_le_bytes).as_flattened(), bytes);
        assert_eq!(Record::parse(bytes), Some(record));
    }

    #[test]
    fn a_record_reads_back_unless_a_bit_is_flipped() {
        for global_step in [0, 7, -1, i64::MIN, i64::MAX, 0x1_8000_0000] {
            let record = Record {
                save_counter: 3,
                length: 1234,
                crc32c: 0xdead_beef,
                model_id: 5,
                global_step,
            };
            let bytes: Vec<u8> = record
                .words()
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .collect();
            assert_eq!(bytes.len(), RECORD);
            assert_eq!(Record::parse(&bytes), Some(record));
            assert_eq!(Record::parse(&bytes[1..]), None);
            for bit in 0..8 * RECORD {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Record::parse(&bytes), None, "bit {bit}");
            }
        }
        assert_eq!(Record::parse(&[0xff; RECORD]), None);
        assert_eq!(Record::parse(&[0; RECORD]), None);
    }
}
