//! The encodings: what a payload's bytes mean.
//!
//! One file an encoding that is more than a copy; `choose` picks one, `pack` writes payloads and
//! `unpack` reads them, both a piece at a time. `raw.rs` beside this folder stands in its place
//! without the feature `encodings`.

mod blocks8;
mod choose;
mod pack;
mod repeat;
mod unpack;
mod zero_runs;

pub(super) use choose::choose;
pub(super) use pack::Pack;
pub(super) use unpack::{SCRATCH, Unpack};

use super::encoding::Encoding;
use super::piece::Piece;
use crate::Crc32c;
use crate::tensor::DType;

/// Bytes of a payload; `None` where that depends on the elements.
pub(super) fn stored_len(encoding: Encoding, dtype: DType, elements: u32) -> Option<u64> {
    let size = dtype.size() as u64;
    let elements = u64::from(elements);
    match encoding {
        Encoding::Raw => Some(elements * size),
        Encoding::Constant => Some(elements.min(1) * size),
        Encoding::ZeroRuns => None,
        Encoding::Bf16 => Some(elements * 2),
        Encoding::Blocks8 => Some(blocks8::stored_len(elements as usize) as u64),
    }
}

/// Counts decoded elements to their checksum.
pub(super) fn extend(crc: &mut Crc32c, piece: Piece<'_>) {
    match piece {
        Piece::Elements(bytes) => crc.update(bytes),
        Piece::Repeated { element, count } => repeat::extend(crc, element, count),
    }
}

/// Runs `$body` with `$elements` bound to the elements of a view as arrays of bytes. Their order does
/// not matter here: what is asked is which are zero, and which are alike.
macro_rules! with_elements {
    ($view:expr, $elements:ident => $body:expr) => {{
        let bytes = $view.bytes();
        match $view.dtype().size() {
            1 => {
                let $elements = bytes.as_chunks::<1>().0;
                $body
            }
            2 => {
                let $elements = bytes.as_chunks::<2>().0;
                $body
            }
            4 => {
                let $elements = bytes.as_chunks::<4>().0;
                $body
            }
            _ => {
                let $elements = bytes.as_chunks::<8>().0;
                $body
            }
        }
    }};
}
use with_elements;
