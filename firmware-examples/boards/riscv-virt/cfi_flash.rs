//! CFI NOR flash with Intel's commands: two 16-bit chips side by side on a bus of 32 bits, so that
//! a command goes to both halves of a word and both halves of the status have to agree.
//!
//! QEMU writes through to a file, so that the content outlives the machine, however it ends. Its
//! model overwrites where real NOR only clears bits.
use core::ptr;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// The second bank.
const BANK: usize = 0x2200_0000;
const CAPACITY: usize = 32 * 1024 * 1024;

/// A command for both chips.
const fn both(command: u16) -> u32 {
    (command as u32) << 16 | command as u32
}

const READ_ARRAY: u32 = both(0xFF);
const CLEAR_STATUS: u32 = both(0x50);
const PROGRAM: u32 = both(0x40);
const ERASE: u32 = both(0x20);
const CONFIRM: u32 = both(0xD0);

const READY: u32 = both(1 << 7);
/// Erase, program, voltage and lock errors.
const FAILED: u32 = both(1 << 5 | 1 << 4 | 1 << 3 | 1 << 1);

/// What the chips answer a read with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Content,
    Status,
}

/// The flash bank.
pub struct CfiFlash {
    // The chips are asked for their content again only before a read: a change costs QEMU as much
    // as writing a hundred words.
    shows: Shows,
}

impl CfiFlash {
    /// The flash.
    ///
    /// # Safety
    /// There may be no other.
    pub(super) unsafe fn new() -> Self {
        Self {
            shows: Shows::Content,
        }
    }

    /// Gives a command, or the word that a command is about.
    fn put(&mut self, offset: usize, word: u32) {
        self.shows = Shows::Status;
        // SAFETY: every caller has checked that the word is aligned and inside the bank.
        unsafe { ptr::write_volatile((BANK + offset) as *mut u32, word) }
    }

    /// Waits for both chips.
    fn finish(&mut self, offset: usize) -> Result<(), NorFlashErrorKind> {
        let status = loop {
            // SAFETY: inside the bank; after a command it reads as the status.
            let status = unsafe { ptr::read_volatile((BANK + offset) as *const u32) };
            if status & READY == READY {
                break status;
            }
        };
        if status & FAILED == 0 {
            return Ok(());
        }
        self.put(offset, CLEAR_STATUS);
        Err(NorFlashErrorKind::Other)
    }
}

impl ErrorType for CfiFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for CfiFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        if self.shows == Shows::Status {
            self.put(0, READ_ARRAY);
            self.shows = Shows::Content;
        }
        for (address, byte) in (BANK + offset as usize..).zip(bytes) {
            // SAFETY: `check_read` has found it inside the bank.
            *byte = unsafe { ptr::read_volatile(address as *const u8) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        CAPACITY
    }
}

impl NorFlash for CfiFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 256 * 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        for block in (from as usize..to as usize).step_by(Self::ERASE_SIZE) {
            self.put(block, ERASE);
            self.put(block, CONFIRM);
            self.finish(block)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (word, content) in (offset as usize..).step_by(Self::WRITE_SIZE).zip(bytes.as_chunks().0) {
            self.put(word, PROGRAM);
            self.put(word, u32::from_le_bytes(*content));
            self.finish(word)?;
        }
        Ok(())
    }
}
