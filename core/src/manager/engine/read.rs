//! Checkpoints read from flash, through the decoder, a chunk at a time.

use super::media::Media;
use super::{NorFlash, either};
use crate::Variables;
use crate::checkpoint::{Assignment, Decoder, Event, Info, Restore, Status, Verification};
use crate::manager::error::Incompatible;
use crate::manager::slot::Slot;

/// The checkpoint is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Whether to go on.
enum Next {
    Go,
    Stop,
}

/// Reads the bytes of a slot from `position` on, as many as lie in one piece and fit a chunk;
/// none at the end of the checkpoint.
#[either]
pub(super) async fn payload<'m, F: NorFlash>(
    media: &'m mut Media<F>,
    slot: &Slot,
    position: u32,
) -> Option<&'m [u8]> {
    let len = media.in_one_piece(slot, position);
    let start = slot.extent.payload.wrapping_add(position);
    let at = slot.address(&media.geometry, start);
    media.read(at, len).await
}

/// Decodes a checkpoint up to its end or until `visit` has enough.
#[either]
async fn decode<F: NorFlash>(
    media: &mut Media<F>,
    slot: &Slot,
    visit: &mut dyn FnMut(Event<'_>) -> Next,
) -> Result<(), Damaged> {
    let mut decoder = Decoder::new();
    let mut position = 0;
    while position < slot.header.length() {
        let bytes = payload(media, slot, position).await;
        let mut input = bytes.ok_or(Damaged)?;
        position = position.saturating_add(input.len() as u32);
        loop {
            match decoder.advance(&mut input) {
                Ok(Event::More) => break,
                Ok(Event::End) => {
                    let whole = decoder.offset() == slot.header.length();
                    return if whole { Ok(()) } else { Err(Damaged) };
                }
                Ok(event) => {
                    if let Next::Stop = visit(event) {
                        return Ok(());
                    }
                }
                Err(_) => return Err(Damaged),
            }
        }
    }
    Err(Damaged)
}

/// What a checkpoint says of itself; nothing if it cannot be read.
#[either]
pub(in crate::manager) async fn info<F: NorFlash>(media: &mut Media<F>, slot: &Slot) -> Info {
    let mut found = Info::default();
    let mut visit = |event: Event<'_>| match event {
        Event::Info(info) => {
            found = info;
            Next::Stop
        }
        _ => Next::Go,
    };
    match decode(media, slot, &mut visit).await {
        Ok(()) => found,
        Err(Damaged) => Info::default(),
    }
}

/// Whether all checksums of a checkpoint are right.
#[either]
pub(in crate::manager) async fn is_whole<F: NorFlash>(media: &mut Media<F>, slot: &Slot) -> bool {
    decode(media, slot, &mut |_| Next::Go).await.is_ok()
}

/// Whether a checkpoint is whole and fits the variables; if so, what assigns it to them.
///
/// What does not fit is certain only once the checkpoint's end has shown that it is whole.
#[either]
#[inline(never)]
pub(super) async fn verify<'r, F: NorFlash>(
    media: &mut Media<F>,
    slot: &Slot,
    restore: &Restore<'r>,
    variables: &impl Variables,
) -> Result<Result<Assignment<'r>, Incompatible>, Damaged> {
    let mut verification = match Verification::new(*restore, variables) {
        Ok(verification) => verification,
        Err(error) => return Ok(Err(Incompatible::Variables(error))),
    };
    let mut verdict = Ok(());
    let mut visit = |event: Event<'_>| {
        if verdict.is_ok() {
            verdict = match event {
                Event::Info(info) => other_model(info, variables).map_or(Ok(()), Err),
                event => verification
                    .take(event, variables)
                    .map_err(Incompatible::Variables),
            };
        }
        Next::Go
    };
    decode(media, slot, &mut visit).await?;
    Ok(verdict.and_then(|()| {
        let assignment = verification.finish(variables);
        assignment.map_err(Incompatible::Variables)
    }))
}

/// Assigns the variables from a checkpoint that was verified.
#[either]
#[inline(never)]
pub(super) async fn assign<F: NorFlash>(
    media: &mut Media<F>,
    slot: &Slot,
    mut assignment: Assignment<'_>,
    variables: &mut impl Variables,
) -> Result<Status, Damaged> {
    let mut changed = false;
    let mut visit = |event: Event<'_>| match assignment.take(event, variables) {
        Ok(()) => Next::Go,
        Err(_) => {
            changed = true;
            Next::Stop
        }
    };
    decode(media, slot, &mut visit).await?;
    if changed {
        return Err(Damaged);
    }
    Ok(assignment.finish())
}

/// Whether a checkpoint is of another model than the variables are.
pub(super) fn other_model(info: Info, variables: &impl Variables) -> Option<Incompatible> {
    let (expected, found) = (variables.model_id(), info.model_id?);
    (expected != found).then_some(Incompatible::Model { expected, found })
}
