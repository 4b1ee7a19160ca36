//! A transfer, put together from pieces in any order.

use std::collections::BTreeMap;
use std::ops::Range;

use gradlet::transport::Frame;

/// What has come of a transfer. It holds what came and no more, whatever length a frame claims.
#[derive(Debug)]
pub(super) struct Assembly {
    transfer: u16,
    total: u32,
    /// Pieces that do not overlap, by their offsets.
    pieces: BTreeMap<u32, Vec<u8>>,
    have: u32,
    /// Where what the sender was last asked for ends.
    asked_end: u32,
}

impl Assembly {
    pub(super) fn new(transfer: u16, total: u32) -> Self {
        Self {
            transfer,
            total,
            pieces: BTreeMap::new(),
            have: 0,
            asked_end: total,
        }
    }

    pub(super) fn is_of(&self, transfer: u16, total: u32) -> bool {
        (self.transfer, self.total) == (transfer, total)
    }

    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// Takes in `bytes` at `offset`, within the total; false if nothing of them was new.
    pub(super) fn add(&mut self, offset: u32, bytes: &[u8]) -> bool {
        let end = offset + bytes.len() as u32;
        let new: Vec<Range<u32>> = self.gaps(offset..end).collect();
        for gap in &new {
            let piece = &bytes[(gap.start - offset) as usize..(gap.end - offset) as usize];
            self.pieces.insert(gap.start, piece.to_vec());
            self.have += gap.end - gap.start;
        }
        !new.is_empty()
    }

    /// Whether the piece of `len` bytes at `offset` is the last of what was asked for.
    pub(super) fn is_end_of_request(&self, offset: u32, len: usize) -> bool {
        offset + len as u32 >= self.asked_end
    }

    pub(super) fn is_complete(&self) -> bool {
        self.have == self.total
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.pieces.values().flatten().copied().collect()
    }

    pub(super) fn missing(&self) -> Vec<Range<u32>> {
        self.gaps(0..self.total).collect()
    }

    /// Asks for the first missing bytes.
    pub(super) fn request(&mut self) -> Option<Frame<'static>> {
        let gap = self.gaps(0..self.total).next()?;
        self.asked_end = gap.end;
        Some(Frame::Request {
            transfer: self.transfer,
            total: self.total,
            offset: gap.start,
            len: gap.end - gap.start,
        })
    }

    /// The parts of `range` that have not come.
    fn gaps(&self, range: Range<u32>) -> impl Iterator<Item = Range<u32>> {
        let end = |(&start, piece): (&u32, &Vec<u8>)| start + piece.len() as u32;
        let before = self.pieces.range(..range.start).next_back();
        let mut at = before.map_or(range.start, |piece| end(piece).max(range.start));
        let mut pieces = self.pieces.range(range.clone());
        std::iter::from_fn(move || {
            while at < range.end {
                let Some((&start, piece)) = pieces.next() else {
                    return Some(std::mem::replace(&mut at, range.end)..range.end);
                };
                let gap = at..start;
                at = start + piece.len() as u32;
                if !gap.is_empty() {
                    return Some(gap);
                }
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_and_overlap_make_the_whole() {
        let whole: Vec<u8> = (0..100).collect();
        let mut assembly = Assembly::new(1, 100);
        assert_eq!(assembly.missing(), [std::ops::Range { start: 0, end: 100 }]);
        for (range, new) in [
            (40..60, true),
            (40..60, false),
            (45..50, false),
            (30..45, true),
            (90..100, true),
            (55..95, true),
            (10..20, true),
            (0..100, true),
            (99..100, false),
        ] {
            assert_eq!(assembly.add(range.start as u32, &whole[range.clone()]), new);
        }
        assert!(assembly.is_complete());
        assert_eq!(assembly.bytes(), whole);
    }

    #[test]
    fn what_is_missing_is_known_exactly() {
        let mut assembly = Assembly::new(1, 100);
        assembly.add(10, &[0; 10]);
        assembly.add(50, &[0; 20]);
        assert_eq!(assembly.missing(), [0..10, 20..50, 70..100]);
    }
}
