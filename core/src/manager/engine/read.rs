//! Checkpoints read from flash, through the decoder, a chunk at a time.

use super::media::Media;
use super::{NorFlash, either};
use crate::Variables;
use crate::checkpoint::{Assignment, Decoder, Event, Info, Rules, Status, Verification};
use crate::manager::error::Incompatible;
use crate::manager::slot::Slot;

/// The checkpoint is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Reads the bytes of a slot from `position` on, as many as lie in one piece and fit a chunk;
/// none at the end of the checkpoint. How many.
#[either]
#[inline(never)]
pub(super) async fn payload<F: NorFlash>(
    media: &mut Media<F>,
    slot: &Slot,
    position: u32,
) -> Option<usize> {
    let len = media.in_one_piece(slot, position);
    let start = slot.extent.payload.wrapping_add(position);
    let at = slot.address(&media.geometry, start);
    media.read(at, len).await.map(<[u8]>::len)
}

/// A checkpoint being decoded.
struct Reading {
    decoder: Decoder,
    /// Bytes of the checkpoint that were read, the last `chunk` of them at the start of the media's.
    position: u32,
    chunk: usize,
}

#[either]
impl Reading {
    #[inline(never)]
    const fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            position: 0,
            chunk: 0,
        }
    }

    /// What comes next: [`Event::End`] only where the checkpoint ends together with its slot.
    #[inline(never)]
    async fn next<'a, F: NorFlash>(
        &'a mut self,
        media: &'a mut Media<F>,
        slot: &Slot,
    ) -> Result<Event<'a>, Damaged> {
        if self.decoder.offset() == self.position {
            let read = payload(media, slot, self.position).await;
            self.chunk = read.filter(|&len| len > 0).ok_or(Damaged)?;
            self.position = self.position.saturating_add(self.chunk as u32);
        }
        let left = self.position.saturating_sub(self.decoder.offset()) as usize;
        let read: &[u8] = media.chunk(self.chunk);
        let mut input = read
            .get(self.chunk.saturating_sub(left)..)
            .unwrap_or_default();
        match self.decoder.advance(&mut input) {
            Ok(Event::End) if self.position - input.len() as u32 != slot.header.length() => {
                Err(Damaged)
            }
            Ok(event) => Ok(event),
            Err(_) => Err(Damaged),
        }
    }
}

/// What a checkpoint says of itself; nothing if it cannot be read.
#[either]
#[inline(never)]
pub(in crate::manager) async fn info<F: NorFlash>(media: &mut Media<F>, slot: &Slot) -> Info {
    let mut reading = Reading::new();
    loop {
        match reading.next(media, slot).await {
            Ok(Event::Info(info)) => return info,
            Ok(Event::End) | Err(Damaged) => return Info::default(),
            Ok(_) => {}
        }
    }
}

/// Whether all checksums of a checkpoint are right.
#[either]
#[inline(never)]
pub(in crate::manager) async fn is_whole<F: NorFlash>(media: &mut Media<F>, slot: &Slot) -> bool {
    let mut reading = Reading::new();
    loop {
        match reading.next(media, slot).await {
            Ok(Event::End) => return true,
            Ok(_) => {}
            Err(Damaged) => return false,
        }
    }
}

/// Whether a checkpoint is whole and fits the variables; if so, what assigns it to them.
///
/// What does not fit is certain only once the checkpoint's end has shown that it is whole.
#[either]
#[inline(never)]
pub(super) async fn verify<F: NorFlash, R: Rules>(
    media: &mut Media<F>,
    slot: &Slot,
    rules: R,
    variables: &impl Variables,
) -> Result<Result<Assignment<R>, Incompatible>, Damaged> {
    let mut verification = match Verification::new(rules, variables) {
        Ok(verification) => verification,
        Err(error) => return Ok(Err(Incompatible::Variables(error))),
    };
    let mut verdict = Ok(());
    let mut reading = Reading::new();
    loop {
        let event = reading.next(media, slot).await?;
        if let Event::End = event {
            break;
        }
        if verdict.is_ok() {
            verdict = match event {
                Event::Info(info) => other_model(info, variables).map_or(Ok(()), Err),
                event => verification
                    .take(event, variables)
                    .map_err(Incompatible::Variables),
            };
        }
    }
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
    mut assignment: Assignment<impl Rules>,
    variables: &mut impl Variables,
) -> Result<Status, Damaged> {
    let mut reading = Reading::new();
    loop {
        match reading.next(media, slot).await? {
            Event::End => return Ok(assignment.finish()),
            event => assignment.take(event, variables).map_err(|_| Damaged)?,
        }
    }
}

/// Whether a checkpoint is of another model than the variables are.
pub(super) fn other_model(info: Info, variables: &impl Variables) -> Option<Incompatible> {
    let (expected, found) = (variables.model_id(), info.model_id?);
    (expected != found).then_some(Incompatible::Model { expected, found })
}
