//! NOR flash for boards that have none: a region of RAM that keeps the rules of the real thing
//! (erased is 0xFF, programming only clears bits, and only in whole units) and forgets at power-off.
use core::cell::UnsafeCell;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

const CAPACITY: usize = 64 * 1024;

/// The bits are stored inverted, so that erased flash is zero and costs no initial value.
struct Cells(UnsafeCell<[u8; CAPACITY]>);

// SAFETY: only the one `RamFlash` touches the cells.
unsafe impl Sync for Cells {}

static CELLS: Cells = Cells(UnsafeCell::new([0; CAPACITY]));

/// 64 KiB in blocks of 4 KiB, written in units of 4 bytes.
pub struct RamFlash {
    // The cells are found by name, not through a reference kept here: a program that does not use
    // its flash then has no cells.
    _only_one: (),
}

impl RamFlash {
    /// The flash.
    ///
    /// # Safety
    /// There may be no other.
    pub unsafe fn new() -> Self {
        Self { _only_one: () }
    }

    fn cells(&mut self, offset: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        // SAFETY: `new` has promised that this is the only `RamFlash`, and it is borrowed.
        let cells = unsafe { &mut *CELLS.0.get() };
        let (start, bounds) = (offset as usize, NorFlashErrorKind::OutOfBounds);
        let end = start.checked_add(length).ok_or(bounds)?;
        cells.get_mut(start..end).ok_or(bounds)
    }
}

impl ErrorType for RamFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for RamFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        let cells = self.cells(offset, bytes.len())?;
        for (byte, cell) in bytes.iter_mut().zip(cells) {
            *byte = !*cell;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        CAPACITY
    }
}

impl NorFlash for RamFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.cells(from, to.saturating_sub(from) as usize)?.fill(0);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (cell, byte) in self.cells(offset, bytes.len())?.iter_mut().zip(bytes) {
            *cell |= !byte;
        }
        Ok(())
    }
}
