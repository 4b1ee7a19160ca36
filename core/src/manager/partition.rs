//! A part of a flash, as a flash of its own.

use core::fmt;
use core::ops::Range;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
#[cfg(feature = "async")]
use embedded_storage_async::nor_flash as asynchronous;

/// Whole erase blocks of a flash. What lies outside is out of reach.
#[derive(Debug)]
pub struct Partition<F> {
    flash: F,
    start: u32,
    len: u32,
}

impl<F: NorFlash> Partition<F> {
    /// The bytes `range` of a flash that answers at once.
    ///
    /// # Errors
    /// [`PartitionError`] for a range that does not consist of whole erase blocks of the flash.
    pub fn new(flash: F, range: Range<u32>) -> Result<Self, PartitionError> {
        let capacity = flash.capacity();
        Self::checked(flash, range, F::ERASE_SIZE, capacity)
    }
}

#[cfg(feature = "async")]
impl<F: asynchronous::NorFlash> Partition<F> {
    /// The bytes `range` of a flash that has to be waited for.
    ///
    /// # Errors
    /// [`PartitionError`] for a range that does not consist of whole erase blocks of the flash.
    pub fn new_async(flash: F, range: Range<u32>) -> Result<Self, PartitionError> {
        let capacity = flash.capacity();
        Self::checked(flash, range, F::ERASE_SIZE, capacity)
    }
}

impl<F> Partition<F> {
    fn checked(
        flash: F,
        range: Range<u32>,
        erase_size: usize,
        capacity: usize,
    ) -> Result<Self, PartitionError> {
        let aligned = |at: u32| (at as usize).checked_rem(erase_size) == Some(0);
        let inside = range.start <= range.end && range.end as usize <= capacity;
        if inside && aligned(range.start) && aligned(range.end) {
            return Ok(Self {
                flash,
                start: range.start,
                len: range.end - range.start,
            });
        }
        Err(PartitionError {
            start: range.start,
            end: range.end,
            erase_size: erase_size as u32,
            capacity: capacity as u32,
        })
    }

    /// The whole flash.
    pub fn release(self) -> F {
        self.flash
    }

    /// Where `len` bytes at `offset` of the partition lie in the flash. What is out of the
    /// partition lies beyond any flash, so that its driver answers with its own error.
    fn absolute(&self, offset: u32, len: usize) -> u32 {
        let inside = u64::from(offset) + len as u64 <= u64::from(self.len);
        match self.start.checked_add(offset) {
            Some(absolute) if inside => absolute,
            _ => u32::MAX,
        }
    }
}

impl<F: ErrorType> ErrorType for Partition<F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> ReadNorFlash for Partition<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.flash.read(self.absolute(offset, bytes.len()), bytes)
    }

    fn capacity(&self) -> usize {
        self.len as usize
    }
}

impl<F: NorFlash> NorFlash for Partition<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.flash
            .erase(self.absolute(from, 0), self.absolute(to, 0))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.flash.write(self.absolute(offset, bytes.len()), bytes)
    }
}

#[cfg(feature = "async")]
impl<F: asynchronous::ReadNorFlash> asynchronous::ReadNorFlash for Partition<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let at = self.absolute(offset, bytes.len());
        self.flash.read(at, bytes).await
    }

    fn capacity(&self) -> usize {
        self.len as usize
    }
}

#[cfg(feature = "async")]
impl<F: asynchronous::NorFlash> asynchronous::NorFlash for Partition<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let (from, to) = (self.absolute(from, 0), self.absolute(to, 0));
        self.flash.erase(from, to).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let at = self.absolute(offset, bytes.len());
        self.flash.write(at, bytes).await
    }
}

/// A range that is no partition of a flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PartitionError {
    /// The first byte asked for.
    pub start: u32,
    /// The end asked for.
    pub end: u32,
    /// What both have to be a multiple of.
    pub erase_size: u32,
    /// Bytes of the flash.
    pub capacity: u32,
}

impl fmt::Display for PartitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "bytes {} to {} are not whole erase blocks of {} bytes in a flash of {} bytes",
            self.start, self.end, self.erase_size, self.capacity
        )
    }
}

impl core::error::Error for PartitionError {}
