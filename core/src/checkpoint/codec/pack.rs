//! Payloads, written a piece at a time.

use super::blocks8::{self, Block};
use super::zero_runs::Run;
use super::{choose, repeat};
use crate::Crc32c;
use crate::checkpoint::bf16;
use crate::checkpoint::elements::Elements;
use crate::checkpoint::encoding::Encoding;
use crate::checkpoint::part::{self, Part};
use crate::tensor::View;

/// A payload being written, piece by piece, and the checksum of what a reader will get from it.
#[derive(Debug, Clone, Copy)]
pub(in crate::checkpoint) struct Pack {
    piece: Piece,
    crc: Crc32c,
}

/// What is written at once. All but elements that lie as they are written is put into a part.
#[derive(Debug, Clone, Copy)]
enum Piece {
    /// Elements as they are.
    Elements(Elements),
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
    /// The payload of no tensor.
    pub(in crate::checkpoint) const fn nothing() -> Self {
        Self {
            piece: Piece::Complete,
            crc: Crc32c::new(),
        }
    }

    /// At the first piece of a tensor's payload; `None` if the encoding does not fit its elements.
    pub(in crate::checkpoint) fn start(
        encoding: Encoding,
        view: &View<'_>,
        part: &mut Part,
    ) -> Option<Self> {
        let mut pack = Self::nothing();
        if view.is_empty() {
            return Some(pack);
        }
        match encoding {
            Encoding::Raw => {
                let all = Elements::first(view, 0, view.len() as u32, part);
                pack.piece = Piece::Elements(all);
            }
            Encoding::Constant if choose::is_constant(view) => {
                let mut element = [0; 8];
                view.copy_le(0, &mut element);
                let element = element.get(..view.dtype().size())?;
                repeat::extend(&mut pack.crc, element, view.len() as u32);
                part.put(element);
                pack.piece = Piece::Constant;
            }
            Encoding::Constant => return None,
            Encoding::ZeroRuns => pack.run(view, 0, part),
            Encoding::Bf16 | Encoding::Blocks8 => {
                pack.block(view, 0, encoding == Encoding::Bf16, part);
            }
        }
        Some(pack)
    }

    /// CRC-32C of the elements as they will be read.
    pub(in crate::checkpoint) const fn crc32c(&self) -> u32 {
        self.crc.value()
    }

    /// Whether all of the payload is out.
    pub(in crate::checkpoint) const fn is_complete(&self) -> bool {
        matches!(self.piece, Piece::Complete)
    }

    /// The piece where it lies; `None` where it is in the part.
    pub(in crate::checkpoint) fn in_place<'a>(&self, view: &View<'a>) -> Option<&'a [u8]> {
        match self.piece {
            Piece::Elements(elements) => elements.in_place(view),
            _ => None,
        }
    }

    /// These bytes of the piece are out.
    pub(in crate::checkpoint) fn emitted(&mut self, written: &[u8]) {
        // What other pieces stand for was counted when they were made.
        if let Piece::Elements(_) = self.piece {
            self.crc.update(written);
        }
    }

    /// Goes on to the next piece: all bytes of this one are out.
    pub(in crate::checkpoint) fn next(&mut self, view: &View<'_>, part: &mut Part) {
        let len = view.len() as u32;
        match self.piece {
            Piece::Token { first, run } => {
                let first = first.saturating_add(run.zeros);
                self.piece = match run.literals {
                    0 => Piece::Complete,
                    count => Piece::Elements(Elements::first(view, first, count, part)),
                };
            }
            Piece::Elements(elements) => {
                let next = elements.next(view, part);
                if !next.is_none() {
                    self.piece = Piece::Elements(next);
                } else if elements.end() < len {
                    // Raw elements are all of the tensor: these were a run's.
                    self.run(view, elements.end(), part);
                } else {
                    self.piece = Piece::Complete;
                }
            }
            Piece::Block { first, halves } => {
                let first = first.saturating_add(blocks8::BLOCK as u32);
                if first < len {
                    self.block(view, first, halves, part);
                } else {
                    self.piece = Piece::Complete;
                }
            }
            Piece::Constant | Piece::Complete => self.piece = Piece::Complete,
        }
    }

    /// The run that starts at `first`; its zeros are read back as they are.
    fn run(&mut self, view: &View<'_>, first: u32, part: &mut Part) {
        let run = Run::at(view, first as usize);
        let zero = [0; 8];
        let zero = zero.get(..view.dtype().size()).unwrap_or_default();
        repeat::extend(&mut self.crc, zero, run.zeros);
        for (bytes, len) in run.token() {
            part.put(bytes.get(..len).unwrap_or_default());
        }
        self.piece = Piece::Token { first, run };
    }

    /// The block that starts at `first`, and what is read back of it.
    fn block(&mut self, view: &View<'_>, first: u32, halves: bool, part: &mut Part) {
        let coded = Coded::new(view, first, halves);
        part.put(coded.stored());
        self.crc.update(coded.decoded());
        self.piece = Piece::Block { first, halves };
    }
}

/// The most bytes of a block.
const STORED: usize = blocks8::SCALE + 2 * blocks8::BLOCK;
const _: () = assert!(STORED <= part::LONGEST);

/// A block of a lossy encoding: what is stored, and what a reader makes of it.
struct Coded {
    stored: [u8; STORED],
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
            stored: [0; STORED],
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
