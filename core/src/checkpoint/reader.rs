//! The decoder fed from a reader.

use core::fmt;

use embedded_io::{Read, Seek, SeekFrom};

use super::decoder::{Decoder, Event};
use super::fault::DecodeError;
use super::restore::{Assignment, Restore, RestoreError, Status, Verification};
use crate::Variables;

/// Bytes that are read at once: what is on the stack.
pub(super) const CHUNK: usize = 64;

/// A reader that cannot go back, a UART or a socket.
///
/// A checkpoint that comes through it is assigned as it arrives: if it turns out to be damaged,
/// torn or of another model, variables before that point have been assigned already. Where that
/// must not be, keep the bytes and use [`Checkpoint`](super::Checkpoint), or a reader that can
/// [`Seek`].
#[derive(Debug, Clone, Copy)]
pub struct SinglePass<R>(pub R);

impl Restore<'_> {
    /// Restores from a reader in two passes, verify and assign: nothing is assigned unless the
    /// whole checkpoint is right and fits. Reads not one byte behind it.
    ///
    /// # Errors
    /// [`ReadError`]. If it comes in the second pass, from a reader that fails or gives other
    /// bytes than in the first, variables have been assigned.
    pub fn read<R: Read + Seek>(
        &self,
        variables: &mut impl Variables,
        mut reader: R,
    ) -> Result<Status, ReadError<R::Error>> {
        let start = reader.stream_position().map_err(ReadError::Io)?;
        let mut verification = Verification::new(*self, variables)?;
        pump(&mut reader, |event| verification.take(event, variables))?;
        let mut assignment = verification.finish(variables)?;
        reader.seek(SeekFrom::Start(start)).map_err(ReadError::Io)?;
        pump(&mut reader, |event| assignment.take(event, variables))?;
        Ok(assignment.finish())
    }

    /// Restores from a reader that cannot go back. Reads not one byte behind the checkpoint.
    ///
    /// # Errors
    /// [`ReadError`]; variables that came before the fault have been assigned.
    pub fn read_once<R: Read>(
        &self,
        variables: &mut impl Variables,
        mut reader: SinglePass<R>,
    ) -> Result<Status, ReadError<R::Error>> {
        let mut verification = Verification::new(*self, variables)?;
        let mut assignment = Assignment::unverified(*self);
        pump(&mut reader.0, |event| {
            verification.take(event, variables)?;
            assignment.take(event, variables)
        })?;
        Ok(verification.finish(variables)?.finish())
    }
}

/// Hands the events of one checkpoint to `take`.
fn pump<R: Read>(
    reader: &mut R,
    mut take: impl FnMut(Event<'_>) -> Result<(), RestoreError>,
) -> Result<(), ReadError<R::Error>> {
    let mut decoder = Decoder::new();
    let mut chunk = [0; CHUNK];
    loop {
        let room = next_room(&decoder, &mut chunk);
        let len = reader.read(room).map_err(ReadError::Io)?;
        let mut input = chunk.get(..len).unwrap_or_default();
        if step(&mut decoder, &mut input, &mut take)? == Progress::Complete {
            return Ok(());
        }
        if len == 0 {
            decoder.finish().map_err(ReadError::Decode)?;
        }
    }
}

/// Room for bytes that certainly belong to the checkpoint.
pub(super) fn next_room<'a>(decoder: &Decoder, chunk: &'a mut [u8; CHUNK]) -> &'a mut [u8] {
    let remaining = decoder.remaining() as usize;
    chunk.get_mut(..remaining.min(CHUNK)).unwrap_or_default()
}

/// Whether a checkpoint was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Complete,
}

/// Hands the events in `input` to `take`.
pub(super) fn step<E>(
    decoder: &mut Decoder,
    input: &mut &[u8],
    take: &mut impl FnMut(Event<'_>) -> Result<(), RestoreError>,
) -> Result<Progress, ReadError<E>> {
    loop {
        match decoder.advance(input).map_err(ReadError::Decode)? {
            Event::More => return Ok(Progress::More),
            Event::End => return Ok(Progress::Complete),
            event => take(event)?,
        }
    }
}

/// Why variables were not restored from a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ReadError<E> {
    /// The reader failed.
    Io(E),
    /// What was read is no whole checkpoint.
    Decode(DecodeError),
    /// The checkpoint does not fit the variables.
    Restore(RestoreError),
}

impl<E> From<RestoreError> for ReadError<E> {
    fn from(error: RestoreError) -> Self {
        Self::Restore(error)
    }
}

impl<E: fmt::Debug> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the checkpoint's reader failed: {error:?}"),
            Self::Decode(error) => error.fmt(f),
            Self::Restore(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for ReadError<E> {}
