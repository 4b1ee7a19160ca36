//! The encoder pumped into a writer.

use core::fmt;

use embedded_io::Write;

use super::encoder::{EncodeError, Encoder};
use crate::Variables;

/// Writes a checkpoint of all `variables`, losslessly; returns its length in bytes.
///
/// # Errors
/// Those of [`Encoder::write`].
pub fn write<W: Write>(variables: &impl Variables, writer: W) -> Result<u32, WriteError<W::Error>> {
    Encoder::new().write(variables, writer)
}

impl Encoder {
    /// Writes the whole checkpoint; returns its length in bytes. A writer is called twice a
    /// variable: for the head of its record, and for its elements where they lie in memory.
    ///
    /// # Errors
    /// [`WriteError::Encode`] before anything is written if the variables fit in no checkpoint,
    /// [`WriteError::Io`] as the writer reports it; the part that is out is no checkpoint then.
    pub fn write<W: Write>(
        mut self,
        variables: &impl Variables,
        mut writer: W,
    ) -> Result<u32, WriteError<W::Error>> {
        self.check(variables).map_err(WriteError::Encode)?;
        loop {
            let bytes = self.take(variables, usize::MAX);
            let bytes = bytes.map_err(WriteError::Encode)?;
            if bytes.is_empty() {
                writer.flush().map_err(WriteError::Io)?;
                return Ok(self.offset());
            }
            writer.write_all(bytes).map_err(WriteError::Io)?;
        }
    }
}

/// Why a checkpoint was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WriteError<E> {
    /// The variables fit in no checkpoint.
    Encode(EncodeError),
    /// The writer failed.
    Io(E),
}

impl<E: fmt::Debug> fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the checkpoint's writer failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for WriteError<E> {}
