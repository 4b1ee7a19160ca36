//! The same drivers over `embedded_io_async`.
//!
//! They borrow the variables until they are done. A firmware that goes on training while its
//! UART is busy pumps the [`Encoder`] itself, over a copy of what it saves:
//!
//! ```
//! # use gradlet::checkpoint::Encoder;
//! # use gradlet::{Adam, Head};
//! # async fn run<W: embedded_io_async::Write>(mut uart: W) -> Result<(), Box<dyn std::error::Error>>
//! # where W::Error: 'static {
//! # let copy: Head<4, 3, Adam> = Head::new(Adam::new(0.01));
//! let mut encoder = Encoder::new();
//! let mut chunk = [0; 64];
//! loop {
//!     let len = encoder.fill(&copy, &mut chunk)?;
//!     uart.write_all(&chunk[..len]).await?; // nothing of the variables is borrowed here
//!     if len < chunk.len() {
//!         break;
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use embedded_io_async::{Read, Seek, SeekFrom, Write};

use super::decoder::{Decoder, Event};
use super::encoder::Encoder;
use super::reader::{CHUNK, Progress, ReadError, SinglePass, next_room, step};
use super::restore::{Assignment, Restore, RestoreError, Status, Verification};
use super::writer::WriteError;
use crate::Variables;

/// Writes a checkpoint of all `variables`, losslessly; returns its length in bytes.
///
/// # Errors
/// Those of [`Encoder::write_async`].
pub async fn write<W: Write>(
    variables: &impl Variables,
    writer: W,
) -> Result<u32, WriteError<W::Error>> {
    Encoder::new().write_async(variables, writer).await
}

impl Encoder {
    /// [`write`](Self::write) to an asynchronous writer.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub async fn write_async<W: Write>(
        mut self,
        variables: &impl Variables,
        mut writer: W,
    ) -> Result<u32, WriteError<W::Error>> {
        self.check(variables).map_err(WriteError::Encode)?;
        loop {
            let bytes = self.take(variables, usize::MAX);
            let bytes = bytes.map_err(WriteError::Encode)?;
            if bytes.is_empty() {
                writer.flush().await.map_err(WriteError::Io)?;
                return Ok(self.offset());
            }
            writer.write_all(bytes).await.map_err(WriteError::Io)?;
        }
    }
}

impl Restore<'_> {
    /// [`read`](Self::read) from an asynchronous reader.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub async fn read_async<R: Read + Seek>(
        &self,
        variables: &mut impl Variables,
        mut reader: R,
    ) -> Result<Status, ReadError<R::Error>> {
        let start = reader.stream_position().await.map_err(ReadError::Io)?;
        let mut verification = Verification::new(*self, variables)?;
        pump(&mut reader, |event| verification.take(event, variables)).await?;
        let mut assignment = verification.finish(variables)?;
        reader
            .seek(SeekFrom::Start(start))
            .await
            .map_err(ReadError::Io)?;
        pump(&mut reader, |event| assignment.take(event, variables)).await?;
        Ok(assignment.finish())
    }

    /// [`read_once`](Self::read_once) from an asynchronous reader.
    ///
    /// # Errors
    /// Those of [`read_once`](Self::read_once).
    pub async fn read_once_async<R: Read>(
        &self,
        variables: &mut impl Variables,
        mut reader: SinglePass<R>,
    ) -> Result<Status, ReadError<R::Error>> {
        let mut verification = Verification::new(*self, variables)?;
        let mut assignment = Assignment::unverified(*self);
        pump(&mut reader.0, |event| {
            verification.take(event, variables)?;
            assignment.take(event, variables)
        })
        .await?;
        Ok(verification.finish(variables)?.finish())
    }
}

/// Hands the events of one checkpoint to `take`.
async fn pump<R: Read>(
    reader: &mut R,
    mut take: impl FnMut(Event<'_>) -> Result<(), RestoreError>,
) -> Result<(), ReadError<R::Error>> {
    let mut decoder = Decoder::new();
    let mut chunk = [0; CHUNK];
    loop {
        let room = next_room(&decoder, &mut chunk);
        let len = reader.read(room).await.map_err(ReadError::Io)?;
        let mut input = chunk.get(..len).unwrap_or_default();
        if step(&mut decoder, &mut input, &mut take)? == Progress::Complete {
            return Ok(());
        }
        if len == 0 {
            decoder.finish().map_err(ReadError::Decode)?;
        }
    }
}
