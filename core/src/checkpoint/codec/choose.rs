//! Which encoding a tensor gets.

use super::blocks8::{self, Block};
use super::{with_elements, zero_runs};
use crate::checkpoint::encoding::{Choice, Encoding};
use crate::tensor::{DType, View};

/// The encoding of `view` by `choice`, and the bytes of its payload.
#[inline(never)]
pub(in crate::checkpoint) fn choose(choice: Choice, view: &View<'_>) -> (Encoding, usize) {
    let lossy = match choice {
        Choice::Raw => return (Encoding::Raw, view.byte_len()),
        Choice::Smallest => None,
        Choice::Bf16 => bf16(view),
        Choice::Blocks8 => blocks8(view),
    };
    let lossless = smallest_lossless(view);
    lossy
        .filter(|(_, len)| *len < lossless.1)
        .unwrap_or(lossless)
}

fn smallest_lossless(view: &View<'_>) -> (Encoding, usize) {
    let size = view.dtype().size();
    if view.len() > 1 && is_constant(view) {
        return (Encoding::Constant, size);
    }
    let runs = zero_runs::stored_len(view);
    if runs < view.byte_len() {
        (Encoding::ZeroRuns, runs)
    } else {
        (Encoding::Raw, view.byte_len())
    }
}

/// Whether all elements have the same bits.
#[inline(never)]
pub(super) fn is_constant(view: &View<'_>) -> bool {
    with_elements!(view, elements => {
        elements.first().is_none_or(|first| elements.iter().all(|element| element == first))
    })
}

fn bf16(view: &View<'_>) -> Option<(Encoding, usize)> {
    (view.dtype() == DType::F32).then_some((Encoding::Bf16, view.len() * size_of::<u16>()))
}

fn blocks8(view: &View<'_>) -> Option<(Encoding, usize)> {
    let fits = view.dtype() == DType::F32
        && (0..view.len())
            .step_by(blocks8::BLOCK)
            .all(|first| Block::at(view, first).elements().all(blocks8::fits));
    fits.then_some((Encoding::Blocks8, blocks8::stored_len(view.len())))
}
