//! The encoding [`Raw`](Encoding::Raw) alone: what stands in the place of all encodings without
//! the feature `encodings`.

use super::elements::Elements;
use super::encoding::{Choice, Encoding};
use super::fault::Fault;
use super::part::Part;
use super::piece::Piece;
use crate::Crc32c;
use crate::tensor::{DType, View};

/// How a tensor is stored, and the bytes that it takes.
pub(super) fn choose(_: Choice, view: &View<'_>) -> (Encoding, usize) {
    (Encoding::Raw, view.byte_len())
}

/// Bytes of a payload.
pub(super) fn stored_len(_: Encoding, dtype: DType, elements: u32) -> Option<u64> {
    Some(u64::from(elements) * dtype.size() as u64)
}

/// Counts decoded elements to their checksum.
pub(super) fn extend(crc: &mut Crc32c, piece: Piece<'_>) {
    if let Piece::Elements(bytes) = piece {
        crc.update(bytes);
    }
}

/// A payload being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pack {
    /// The piece being written.
    elements: Elements,
    crc: Crc32c,
}

impl Pack {
    /// The payload of no tensor.
    pub(super) const fn nothing() -> Self {
        Self {
            elements: Elements::NONE,
            crc: Crc32c::new(),
        }
    }

    /// At the first piece of a tensor's payload.
    pub(super) fn start(_: Encoding, view: &View<'_>, part: &mut Part) -> Option<Self> {
        let mut pack = Self::nothing();
        pack.elements = Elements::first(view, 0, view.len() as u32, part);
        Some(pack)
    }

    /// CRC-32C of the elements that are out.
    pub(super) const fn crc32c(&self) -> u32 {
        self.crc.value()
    }

    /// Whether all elements are out.
    pub(super) const fn is_complete(&self) -> bool {
        self.elements.is_none()
    }

    /// The piece where it lies; `None` where it is in the part.
    pub(super) fn in_place<'a>(&self, view: &View<'a>) -> Option<&'a [u8]> {
        self.elements.in_place(view)
    }

    /// These bytes of the piece are out.
    pub(super) fn emitted(&mut self, written: &[u8]) {
        self.crc.update(written);
    }

    /// Goes on to the next piece: all bytes of this one are out.
    pub(super) fn next(&mut self, view: &View<'_>, part: &mut Part) {
        self.elements = self.elements.next(view, part);
    }
}

/// A payload being read.
#[derive(Debug, Clone)]
pub(super) struct Unpack {
    size: u8,
    /// Bytes still to come.
    stored: u32,
    /// An element that the caller's slices cut in two, and how much of it is there.
    element: [u8; 8],
    have: u8,
}

/// Room for decoded elements: none is decoded.
pub(super) const SCRATCH: usize = 0;

impl Unpack {
    /// At the start of a payload of `stored` bytes, which is the length of its elements.
    pub(super) const fn start(_: Encoding, dtype: DType, _: u32, stored: u32) -> Self {
        Self {
            size: dtype.size() as u8,
            stored,
            element: [0; 8],
            have: 0,
        }
    }

    /// The payload of no tensor.
    pub(super) const fn nothing() -> Self {
        Self::start(Encoding::Raw, DType::U8, 0, 0)
    }

    /// Bytes still to come.
    pub(super) const fn stored(&self) -> u32 {
        self.stored
    }

    /// Whether all elements were read.
    pub(super) const fn is_complete(&self) -> bool {
        self.stored == 0
    }

    /// The next elements; `None` if `input` is used up.
    ///
    /// # Errors
    /// None: any bytes are elements.
    pub(super) fn advance<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        _: &'a mut [u8; SCRATCH],
    ) -> Result<Option<Piece<'a>>, Fault> {
        let (size, have) = (usize::from(self.size), usize::from(self.have));
        let available = input.len().min(self.stored as usize);
        let len = if have == 0 && available >= size {
            available & !(size - 1)
        } else {
            available.min(size - have)
        };
        let (bytes, rest) = input.split_at_checked(len).unwrap_or_default();
        *input = rest;
        self.stored -= len as u32;
        if have == 0 && len >= size {
            return Ok(Some(Piece::Elements(bytes)));
        }
        let room = self.element.get_mut(have..).unwrap_or_default();
        for (slot, &byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        if have + len < size {
            self.have += len as u8;
            return Ok(None);
        }
        self.have = 0;
        Ok(Some(Piece::Elements(
            self.element.get(..size).unwrap_or_default(),
        )))
    }
}
