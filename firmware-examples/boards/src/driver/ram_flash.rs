//! NOR flash for boards that have none: a region of RAM that keeps the rules of the real thing
//! (erased is 0xFF, programming only clears bits, and only in whole units) and forgets at power-off.
use core::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, Ordering},
};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

const CAPACITY: usize = 64 * 1024;

/// The bits are stored inverted, so that erased flash is zero and costs no initial value.
struct Cells(UnsafeCell<[u8; CAPACITY]>);

// SAFETY: only the one `RamFlash` touches the cells.
unsafe impl Sync for Cells {}

static CELLS: Cells = Cells(UnsafeCell::new([0; CAPACITY]));
static TAKEN: AtomicBool = AtomicBool::new(false);

/// 64 KiB in blocks of 4 KiB, written in units of 4 bytes. The first one taken has the memory, any
/// other has a capacity of nothing.
pub struct RamFlash {
    inverted: &'static mut [u8],
}

impl RamFlash {
    /// The flash.
    pub(crate) fn take() -> Self {
        // A load and a store, because Cortex-M0 has no swap; `Board::start` runs once anyway.
        if TAKEN.load(Ordering::Relaxed) {
            return Self { inverted: &mut [] };
        }
        TAKEN.store(true, Ordering::Relaxed);
        // SAFETY: `TAKEN` lets this happen once.
        let inverted = unsafe { &mut *CELLS.0.get() };
        Self { inverted }
    }

    fn cells(&mut self, offset: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let start = offset as usize;
        let end = start
            .checked_add(length)
            .ok_or(NorFlashErrorKind::OutOfBounds)?;
        self.inverted
            .get_mut(start..end)
            .ok_or(NorFlashErrorKind::OutOfBounds)
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
        self.inverted.len()
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
