//! NOR flash for boards that have none: a region of RAM that keeps the rules of the real thing
//! (erased is 0xFF, programming only clears bits, and only in whole units), keeps its content over a
//! reset and forgets at power-off.
use core::{cell::UnsafeCell, mem::MaybeUninit, ptr};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

const CAPACITY: usize = 64 * 1024;

/// The bits are stored inverted, so that what QEMU's memory starts as reads as erased.
struct Cells(UnsafeCell<MaybeUninit<[u8; CAPACITY]>>);

// SAFETY: only the one `RamFlash` touches the cells.
unsafe impl Sync for Cells {}

// Nobody clears this section at a reset.
#[unsafe(link_section = ".uninit.flash")]
static CELLS: Cells = Cells(UnsafeCell::new(MaybeUninit::uninit()));

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

    /// The cells from `offset` on, `length` of them.
    fn cells(
        &mut self,
        offset: u32,
        length: usize,
    ) -> Result<impl Iterator<Item = Cell>, NorFlashErrorKind> {
        let (start, bounds) = (offset as usize, NorFlashErrorKind::OutOfBounds);
        let end = start.checked_add(length).ok_or(bounds)?;
        if end > CAPACITY {
            return Err(bounds);
        }
        let first = CELLS.0.get().cast::<u8>();
        Ok((start..end).map(move |at| Cell(first.wrapping_add(at))))
    }
}

/// A byte of the flash. Only `RamFlash::cells` makes them, so it lies inside.
struct Cell(*mut u8);

impl Cell {
    fn get(&self) -> u8 {
        // SAFETY: inside the region, which is nobody else's; what it holds after a power-up is as
        // arbitrary as in a flash, but volatile reads give one value for it.
        unsafe { ptr::read_volatile(self.0) }
    }

    fn set(&self, inverted: u8) {
        // SAFETY: as above.
        unsafe { ptr::write_volatile(self.0, inverted) }
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
            *byte = !cell.get();
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
        let length = to.saturating_sub(from) as usize;
        self.cells(from, length)?.for_each(|cell| cell.set(0));
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (cell, byte) in self.cells(offset, bytes.len())?.zip(bytes) {
            cell.set(cell.get() | !byte);
        }
        Ok(())
    }
}
