//! The nRF51's flash through its non-volatile memory controller.
//!
//! Real NOR: an erase makes a page all ones, a write clears bits. The processor stands still while
//! the controller is busy, so nothing has to run from RAM. In QEMU flash that was never erased
//! reads as zeros.
use core::ptr;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

const NVMC: usize = 0x4001_E000;
const READY: *const u32 = (NVMC + 0x400) as *const u32;
const CONFIG: *mut u32 = (NVMC + 0x504) as *mut u32;
const ERASE_PAGE: *mut u32 = (NVMC + 0x508) as *mut u32;

/// What `CONFIG` allows.
#[derive(Clone, Copy)]
enum Allow {
    Read = 0,
    Write = 1,
    Erase = 2,
}

/// The pages that `memory.x` keeps for checkpoints.
pub struct Nvmc {
    _only_one: (),
}

impl Nvmc {
    /// The flash.
    ///
    /// # Safety
    /// There may be no other.
    pub(super) unsafe fn new() -> Self {
        Self { _only_one: () }
    }

    fn start(&self) -> usize {
        unsafe extern "C" {
            static _checkpoints_start: u32;
        }
        (&raw const _checkpoints_start) as usize
    }

    fn end(&self) -> usize {
        unsafe extern "C" {
            static _checkpoints_end: u32;
        }
        (&raw const _checkpoints_end) as usize
    }

    /// Does something to the flash that `CONFIG` has to allow.
    fn with(&mut self, allow: Allow, work: impl FnOnce()) {
        // SAFETY: the registers of the controller, which this is the only user of.
        unsafe { ptr::write_volatile(CONFIG, allow as u32) };
        self.wait();
        work();
        self.wait();
        // SAFETY: as above.
        unsafe { ptr::write_volatile(CONFIG, Allow::Read as u32) };
    }

    fn wait(&self) {
        // SAFETY: a register of the controller.
        while unsafe { ptr::read_volatile(READY) } & 1 == 0 {}
    }
}

impl ErrorType for Nvmc {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Nvmc {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        let start = self.start() + offset as usize;
        for (address, byte) in (start..).zip(bytes) {
            // SAFETY: `check_read` has found it inside the region.
            *byte = unsafe { ptr::read_volatile(address as *const u8) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.end() - self.start()
    }
}

impl NorFlash for Nvmc {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        let start = self.start();
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            let address = start as u32 + page;
            // SAFETY: `check_erase` has found the page inside the region.
            self.with(Allow::Erase, || unsafe { ptr::write_volatile(ERASE_PAGE, address) });
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let start = self.start() + offset as usize;
        for (address, word) in (start..).step_by(Self::WRITE_SIZE).zip(bytes.as_chunks().0) {
            let word = u32::from_le_bytes(*word);
            // SAFETY: `check_write` has found it inside the region and aligned to words.
            self.with(Allow::Write, || unsafe { ptr::write_volatile(address as *mut u32, word) });
        }
        Ok(())
    }
}
