//! Payloads, written a piece at a time.

use super::blocks8::{self, Block};
use super::zero_runs::Run;
use super::{bf16, choose};
use crate::Crc32c;
use crate::checkpoint::encoding::Encoding;
use crate::checkpoint::repeat;
use crate::checkpoint::section::Section;
use crate::tensor::View;

/// A payload being written, piece by piece, and the checksum of what a reader will get from it.
#[derive(Debug, Clone, Copy)]
pub(in crate::checkpoint) struct Pack {
    piece: Piece,
    crc: Crc32c,
}

/// What is written without a look at what was written before it.
#[derive(Debug, Clone, Copy)]
enum Piece {
    /// The elements as they are.
    Elements { first: u32, count: u32 },
    /// The one element that stands for all.
    Constant,
    /// The varints before a run of elements.
    Token { first: u32, run: Run },
    /// A block of elements with less bits: as bfloat16, or with its scale before it.
    Block { first: u32, halves: bool },
    /// Nothing is left.
    Complete,
}

impl Pack {
    /// Nothing to write.
    pub(in crate::checkpoint) const fn nothing() -> Self {
        Self {
            piece: Piece::Complete,
            crc: Crc32c::new(),
        }
    }

    /// At the start of a payload; `None` if `view` is not what the encoding was chosen for.
    pub(in crate::checkpoint) fn start(encoding: Encoding, view: &View<'_>) -> Option<Self> {
        let mut pack = Self::nothing();
        if view.is_empty() {
            return Some(pack);
        }
        pack.piece = match encoding {
            Encoding::Raw => Piece::Elements {
                first: 0,
                count: view.len() as u32,
            },
            Encoding::Constant if choose::is_constant(view) => {
                let mut element = [0; 8];
                view.copy_le(0, &mut element);
                let element = element.get(..view.dtype().size())?;
                repeat::extend(&mut pack.crc, element, view.len() as u32);
                Piece::Constant
            }
            Encoding::Constant => return None,
            Encoding::ZeroRuns => pack.run(view, 0),
            Encoding::Bf16 | Encoding::Blocks8 => Piece::Block {
                first: 0,
                halves: encoding == Encoding::Bf16,
            },
        };
        Some(pack)
    }

    /// CRC-32C of the elements as a reader gets them.
    pub(in crate::checkpoint) const fn crc32c(&self) -> u32 {
        self.crc.value()
    }

    pub(in crate::checkpoint) const fn is_complete(&self) -> bool {
        matches!(self.piece, Piece::Complete)
    }

    /// Writes the piece, or what of it is not out yet.
    pub(in crate::checkpoint) fn emit(&self, view: &View<'_>, section: &mut Section<'_>) {
        match self.piece {
            Piece::Elements { first, count } => {
                section.put_elements(view, first as usize, count as usize);
            }
            Piece::Constant => section.put_elements(view, 0, 1),
            Piece::Token { run, .. } => {
                for (bytes, len) in run.token() {
                    section.put(bytes.get(..len).unwrap_or_default());
                }
            }
            Piece::Block { first, halves } => {
                section.put(Coded::new(view, first, halves).stored());
            }
            Piece::Complete => {}
        }
    }

    /// The piece as the bytes that its elements are, if it is elements and they are its bytes.
    pub(in crate::checkpoint) fn in_place<'a>(&self, view: View<'a>) -> Option<&'a [u8]> {
        let Piece::Elements { first, count } = self.piece else {
            return None;
        };
        let size = view.dtype().size();
        let start = (first as usize).checked_mul(size)?;
        let len = (count as usize).checked_mul(size)?;
        view.in_place()?.get(start..)?.get(..len)
    }

    /// Takes into account what of the piece went out.
    pub(in crate::checkpoint) fn emitted(&mut self, written: &[u8]) {
        if let Piece::Elements { .. } = self.piece {
            self.crc.update(written);
        }
    }

    /// Goes on to the next piece: the one before is out.
    pub(in crate::checkpoint) fn next(&mut self, view: &View<'_>) {
        self.piece = match self.piece {
            Piece::Token { first, run } => {
                let first = first.saturating_add(run.zeros);
                let count = run.literals;
                if count == 0 {
                    Piece::Complete
                } else {
                    Piece::Elements { first, count }
                }
            }
            Piece::Elements { first, count } => {
                let end = first.saturating_add(count);
                if (end as usize) < view.len() {
                    // Raw elements are all of the tensor: these were a run's.
                    self.run(view, end)
                } else {
                    Piece::Complete
                }
            }
            Piece::Block { first, halves } => {
                self.crc.update(Coded::new(view, first, halves).decoded());
                let first = first.saturating_add(blocks8::BLOCK as u32);
                if (first as usize) < view.len() {
                    Piece::Block { first, halves }
                } else {
                    Piece::Complete
                }
            }
            Piece::Constant | Piece::Complete => Piece::Complete,
        };
    }

    /// The run at element `first`; its zeros are hashed now, its literals as they go out.
    fn run(&mut self, view: &View<'_>, first: u32) -> Piece {
        let run = Run::at(view, first as usize);
        let zero = [0; 8];
        let zero = zero.get(..view.dtype().size()).unwrap_or_default();
        repeat::extend(&mut self.crc, zero, run.zeros);
        Piece::Token { first, run }
    }
}

/// A block of a lossy encoding: what is stored, and what a reader makes of it.
struct Coded {
    stored: [u8; blocks8::SCALE + 2 * blocks8::BLOCK],
    len: usize,
    decoded: [[u8; 4]; blocks8::BLOCK],
    count: usize,
}

impl Coded {
    /// The block at element `first`, as bfloat16 if `halves`, else as 8-bit integers.
    #[inline(never)]
    fn new(view: &View<'_>, first: u32, halves: bool) -> Self {
        let block = Block::at(view, first as usize);
        let mut coded = Self {
            stored: [0; blocks8::SCALE + 2 * blocks8::BLOCK],
            len: 0,
            decoded: [[0; 4]; blocks8::BLOCK],
            count: 0,
        };
        let scale = if halves { 0 } else { block.scale() };
        if !halves {
            coded.store(&scale.to_le_bytes());
        }
        for x in block.elements() {
            let decoded = if halves {
                let half = bf16::round(x);
                coded.store(&half.to_le_bytes());
                bf16::widen(half)
            } else {
                let integer = blocks8::quantize(x, scale);
                coded.store(&integer.to_le_bytes());
                blocks8::dequantize(integer, scale)
            };
            if let Some(slot) = coded.decoded.get_mut(coded.count) {
                *slot = decoded.to_le_bytes();
            }
            coded.count += 1;
        }
        coded
    }

    fn store(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(slot) = self.stored.get_mut(self.len) {
                *slot = byte;
            }
            self.len += 1;
        }
    }

    fn stored(&self) -> &[u8] {
        self.stored.get(..self.len).unwrap_or_default()
    }

    fn decoded(&self) -> &[u8] {
        let decoded = self.decoded.get(..self.count).unwrap_or_default();
        decoded.as_flattened()
    }
}
