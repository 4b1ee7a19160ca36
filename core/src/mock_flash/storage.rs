//! The cells of the flash, what is known of them, and how they divide the caller's memory.

use super::power::Random;

/// Bytes of memory that a flash of `blocks` blocks of `erase_size` bytes needs.
pub const fn storage_len(erase_size: usize, blocks: usize) -> usize {
    block_len(erase_size) * blocks
}

/// The content, a bit a byte for each of the marks, and the erase count.
const fn block_len(erase_size: usize) -> usize {
    erase_size + MARKS * erase_size.div_ceil(8) + COUNT
}

const MARKS: usize = 3;
const COUNT: usize = 4;

/// What is known of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Its unit was written since the last erase.
    Written = 0,
    /// Power went while it was written or erased.
    Torn = 1,
    /// Its block has to be erased before it can be written.
    EraseCut = 2,
}

pub(super) fn memory<const ERASE: usize>(storage: &[u8]) -> &[u8] {
    let blocks = storage.len() / block_len(ERASE);
    storage.get(..blocks * ERASE).unwrap_or_default()
}

pub(super) fn erases<const ERASE: usize>(storage: &[u8], block: usize) -> u32 {
    let blocks = storage.len() / block_len(ERASE);
    let counts = blocks * (block_len(ERASE) - COUNT);
    let count = storage
        .get(counts + block * COUNT..)
        .and_then(<[u8]>::first_chunk);
    u32::from_le_bytes(count.copied().unwrap_or_default())
}

/// The caller's memory, divided.
pub(super) struct Cells<'a> {
    memory: &'a mut [u8],
    marks: &'a mut [u8],
    counts: &'a mut [u8],
}

impl<'a> Cells<'a> {
    pub(super) fn new<const ERASE: usize>(storage: &'a mut [u8]) -> Self {
        let blocks = storage.len() / block_len(ERASE);
        let (memory, rest) = storage
            .split_at_mut_checked(blocks * ERASE)
            .unwrap_or_default();
        let (marks, counts) = rest
            .split_at_mut_checked(blocks * MARKS * ERASE.div_ceil(8))
            .unwrap_or_default();
        Self {
            memory,
            marks,
            counts,
        }
    }

    /// Makes everything blank and new.
    pub(super) fn clear(&mut self) {
        self.memory.fill(0xff);
        self.marks.fill(0);
        self.counts.fill(0);
    }

    pub(super) fn set(&mut self, offset: usize, byte: u8) {
        if let Some(cell) = self.memory.get_mut(offset) {
            *cell = byte;
        }
    }

    /// Clears the bits that `bytes` has clear, in the first `len` bytes; at random where
    /// `random` is given.
    pub(super) fn program(
        &mut self,
        offset: usize,
        bytes: &[u8],
        len: usize,
        mut random: Option<&mut Random>,
    ) {
        let cells = self.memory.iter_mut().skip(offset);
        for (cell, &byte) in cells.zip(bytes).take(len) {
            *cell &= match &mut random {
                Some(random) => random.byte(),
                None => byte,
            };
        }
    }

    /// Erases the first `len` bytes of a block; leaves them at random where `random` is given.
    pub(super) fn erase(&mut self, offset: usize, len: usize, random: Option<&mut Random>) {
        let cells = self.memory.get_mut(offset..offset + len);
        let cells = cells.unwrap_or_default();
        match random {
            Some(random) => cells.iter_mut().for_each(|cell| *cell = random.byte()),
            None => cells.fill(0xff),
        }
    }

    pub(super) fn count_erase(&mut self, block: usize) {
        let count = self.counts.get_mut(block * COUNT..);
        if let Some(count) = count.and_then(<[u8]>::first_chunk_mut) {
            *count = u32::from_le_bytes(*count).saturating_add(1).to_le_bytes();
        }
    }

    /// Marks of one kind lie together, a bit a byte.
    fn marks_of(&mut self, mark: Mark) -> &mut [u8] {
        let len = self.marks.len() / MARKS;
        let start = len * mark as usize;
        self.marks.get_mut(start..start + len).unwrap_or_default()
    }

    pub(super) fn is_marked(&self, offset: usize, mark: Mark) -> bool {
        let start = self.marks.len() / MARKS * mark as usize;
        let bits = self.marks.get(start + offset / 8).copied().unwrap_or(0);
        bits >> (offset % 8) & 1 != 0
    }

    pub(super) fn mark(&mut self, offset: usize, len: usize, mark: Mark) {
        let marks = self.marks_of(mark);
        for_bits(marks, offset, len, |bits, mask| *bits |= mask);
    }

    /// Takes all marks from `len` bytes.
    pub(super) fn unmark(&mut self, offset: usize, len: usize) {
        for mark in [Mark::Written, Mark::Torn, Mark::EraseCut] {
            let marks = self.marks_of(mark);
            for_bits(marks, offset, len, |bits, mask| *bits &= !mask);
        }
    }
}

/// Calls `change` with each byte of `marks` that has bits of the range, and which bits those are.
fn for_bits(marks: &mut [u8], offset: usize, len: usize, change: impl Fn(&mut u8, u8)) {
    let (first, end) = (offset / 8, (offset + len).div_ceil(8));
    let bytes = marks.get_mut(first..end).unwrap_or_default();
    for (index, bits) in bytes.iter_mut().enumerate() {
        let start = (first + index) * 8;
        let low = offset.saturating_sub(start).min(8) as u32;
        let high = (offset + len - start).min(8) as u32;
        let mask = (0xffu32 << low) & !(0xffff_ffffu32.checked_shl(high).unwrap_or(0));
        change(bits, mask as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_reach_from_byte_to_byte_and_no_further() {
        let mut storage = [0; storage_len(64, 2)];
        for offset in 0..40 {
            for len in 1..=30 {
                let mut cells = Cells::new::<64>(&mut storage);
                cells.clear();
                cells.mark(offset, len, Mark::Torn);
                for at in 0..128 {
                    let inside = (offset..offset + len).contains(&at);
                    assert_eq!(
                        cells.is_marked(at, Mark::Torn),
                        inside,
                        "{offset}+{len}: {at}"
                    );
                    assert!(!cells.is_marked(at, Mark::Written));
                    assert!(!cells.is_marked(at, Mark::EraseCut));
                }
                cells.unmark(offset, len);
                assert!((0..128).all(|at| !cells.is_marked(at, Mark::Torn)));
            }
        }
    }
}
