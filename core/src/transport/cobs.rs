//! Consistent overhead byte stuffing (Cheshire and Baker, 1999), for blocks of up to 254 bytes:
//! one byte more, and no zero among them.

/// Longest block that takes one byte more.
pub(super) const MOST: usize = 254;

/// Replaces the zeros in `block[1..]` by the distance to the next one, which `block[0]` starts.
pub(super) fn stuff(block: &mut [u8]) {
    let mut distance = 1u8;
    let mut bytes = block.iter_mut().rev().peekable();
    while let Some(byte) = bytes.next() {
        let is_first = bytes.peek().is_none();
        if is_first || *byte == 0 {
            *byte = distance;
            distance = 1;
        } else {
            distance = distance.saturating_add(1);
        }
    }
}

/// What one byte of a stuffed block stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unstuffed {
    /// The first byte of a block: only a distance.
    Nothing,
    Byte(u8),
}

/// A stuffed block being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unstuffer {
    /// Bytes until the next distance.
    left: u8,
    started: bool,
}

impl Unstuffer {
    pub(super) const fn new() -> Self {
        Self {
            left: 0,
            started: false,
        }
    }

    /// Takes in a byte that is not zero.
    pub(super) fn take(&mut self, byte: u8) -> Unstuffed {
        if self.left > 0 {
            self.left -= 1;
            return Unstuffed::Byte(byte);
        }
        self.left = byte.saturating_sub(1);
        if core::mem::replace(&mut self.started, true) {
            Unstuffed::Byte(0)
        } else {
            Unstuffed::Nothing
        }
    }

    /// Whether the block can end here.
    pub(super) const fn is_complete(self) -> bool {
        self.started && self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn unstuffed(stuffed: &[u8]) -> Vec<u8> {
        let mut unstuffer = Unstuffer::new();
        let mut bytes = Vec::new();
        for &byte in stuffed {
            assert_ne!(byte, 0, "a zero in {stuffed:?}");
            if let Unstuffed::Byte(byte) = unstuffer.take(byte) {
                bytes.push(byte);
            }
        }
        assert!(unstuffer.is_complete(), "{stuffed:?}");
        bytes
    }

    #[test]
    fn what_is_stuffed_has_no_zero_and_comes_back() {
        for len in 0..=MOST {
            for style in 0..5 {
                let original: Vec<u8> = (0..len)
                    .map(|at| match style {
                        0 => 0,
                        1 => 1,
                        2 => (at % 3) as u8,
                        3 => (at * 7 % 256) as u8,
                        _ => u8::from(at + 1 != len),
                    })
                    .collect();
                let mut block = std::vec![0];
                block.extend(&original);
                stuff(&mut block);
                assert_eq!(unstuffed(&block), original, "length {len}, style {style}");
            }
        }
    }

    #[test]
    fn the_examples_of_the_paper_hold() {
        let mut block = [0, 0x11, 0x22, 0, 0x33];
        stuff(&mut block);
        assert_eq!(block, [3, 0x11, 0x22, 2, 0x33]);
        let mut block = [0, 0];
        stuff(&mut block);
        assert_eq!(block, [1, 1]);
    }
}
