//! A file on the host, by semihosting: how bytes leave a board in QEMU.
use super::semihost::HostHandle;
use core::{ffi::CStr, fmt};
use embedded_io::{ErrorKind, ErrorType, Write};

/// A file being written in QEMU's working folder. Closed when dropped.
pub struct HostFile(HostHandle);

/// The host did not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "log", derive(defmt::Format))]
#[non_exhaustive]
pub enum HostFileError {
    /// The file could not be created.
    Create,
    /// The host took none of the bytes: the disk may be full.
    Write,
}

impl HostFileError {
    /// The error in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "the host could not create the file",
            Self::Write => "the host did not take the bytes",
        }
    }
}

impl fmt::Display for HostFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for HostFileError {}

impl embedded_io::Error for HostFileError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Create => ErrorKind::Other,
            Self::Write => ErrorKind::WriteZero,
        }
    }
}

impl HostFile {
    pub(crate) fn create(name: &CStr) -> Result<Self, HostFileError> {
        HostHandle::create(name)
            .map(Self)
            .ok_or(HostFileError::Create)
    }
}

impl ErrorType for HostFile {
    type Error = HostFileError;
}

impl Write for HostFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, HostFileError> {
        match self.0.write(bytes) {
            0 if !bytes.is_empty() => Err(HostFileError::Write),
            taken => Ok(taken),
        }
    }

    // The trait's own panics when a writer takes nothing, and slices.
    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), HostFileError> {
        while !bytes.is_empty() {
            let taken = self.write(bytes)?;
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), HostFileError> {
        // A semihosting write returns when the host has the bytes.
        Ok(())
    }
}
