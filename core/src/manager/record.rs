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
    /// As they lie in flash, so that a record that is only passed on costs nothing.
    words: [u32; RECORD / 4],
}

impl Record {
    /// That of no checkpoint: their numbers start at 1.
    pub(super) const NONE: Self = Self {
        words: [0; RECORD / 4],
    };

    pub(super) fn new(
        save_counter: u32,
        length: u32,
        crc32c: u32,
        model_id: u32,
        global_step: i64,
    ) -> Self {
        let (low, high) = (global_step as u32, (global_step >> 32) as u32);
        let mut words = [MAGIC, save_counter, length, crc32c, model_id, low, high, 0];
        let [content @ .., checksum] = &mut words;
        *checksum = sum(content);
        Self { words }
    }

    /// Reads a record.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let words: &[[u8; 4]; RECORD / 4] = bytes.as_chunks().0.first_chunk()?;
        let words = words.map(u32::from_le_bytes);
        let [content @ .., checksum] = &words;
        (words[0] == MAGIC && *checksum == sum(content)).then_some(Self { words })
    }

    /// The record as it is written.
    pub(super) const fn words(&self) -> &[u32; RECORD / 4] {
        &self.words
    }

    /// Number of the checkpoint, from 1.
    pub(super) const fn save_counter(&self) -> u32 {
        self.words[1]
    }

    /// Bytes of the checkpoint.
    pub(super) const fn length(&self) -> u32 {
        self.words[2]
    }

    /// Their CRC-32C.
    pub(super) const fn crc32c(&self) -> u32 {
        self.words[3]
    }

    pub(super) const fn model_id(&self) -> u32 {
        self.words[4]
    }

    /// What users are told.
    pub(super) const fn saved(&self) -> Saved {
        let [_, _, _, _, _, low, high, _] = self.words;
        Saved {
            save_counter: self.save_counter(),
            info: Info {
                global_step: Some((high as i32 as i64) << 32 | low as i64),
                time: None,
                model_id: Some(self.model_id()),
            },
            length: self.length(),
            kept: false,
        }
    }
}

#[inline(never)]
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
        let numbers = (0x0102_0304, 0x1112_1314, 0x2122_2324, 0x3132_3334);
        let (save_counter, length, crc32c, model_id) = numbers;
        let step = 0x4142_4344_4546_4748;
        let record = Record::new(save_counter, length, crc32c, model_id, step);
        let bytes = b"GCKS\x04\x03\x02\x01\x14\x13\x12\x11\x24\x23\x22\x21\
            \x34\x33\x32\x31\x48\x47\x46\x45\x44\x43\x42\x41\x02\xae\x07\xce";
        assert_eq!(record.words().map(u32::to_le_bytes).as_flattened(), bytes);
        assert_eq!(Record::parse(bytes), Some(record));
        let saved = record.saved();
        assert_eq!((saved.save_counter, saved.length), (save_counter, length));
        assert_eq!(saved.info.global_step, Some(step));
        assert_eq!(saved.info.model_id, Some(model_id));
    }

    #[test]
    fn a_record_reads_back_unless_a_bit_is_flipped() {
        for global_step in [0, 7, -1, i64::MIN, i64::MAX, 0x1_8000_0000] {
            let record = Record::new(3, 1234, 0xdead_beef, 5, global_step);
            assert_eq!(record.saved().info.global_step, Some(global_step));
            let bytes: Vec<u8> = record
                .words()
                .iter()
                .flat_map(|word| word.to_le_bytes())
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
