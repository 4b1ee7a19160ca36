//! A flash that takes its time, as a real one does: an erase or a write is started, and the driver
//! waits until the flash is no longer busy. Other tasks run meanwhile.
use embassy_futures::yield_now;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash;

/// How often a flash is asked whether it is done: with the erase of a block, which takes as long as
/// some training steps, and with so many bytes, which take as long as one.
const POLLS_OF_ERASE: u32 = 8;
const BYTES_A_POLL: usize = 256;

/// The board's flash, made slow.
pub(crate) struct BusyFlash {
    flash: board::Flash,
    /// Bytes written since the last poll.
    written: usize,
}

impl BusyFlash {
    pub(crate) fn new(flash: board::Flash) -> Self {
        Self { flash, written: 0 }
    }
}

impl ErrorType for BusyFlash {
    type Error = <board::Flash as ErrorType>::Error;
}

impl nor_flash::ReadNorFlash for BusyFlash {
    const READ_SIZE: usize = board::Flash::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl nor_flash::NorFlash for BusyFlash {
    const WRITE_SIZE: usize = board::Flash::WRITE_SIZE;
    const ERASE_SIZE: usize = board::Flash::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        for _ in 0..POLLS_OF_ERASE {
            yield_now().await;
        }
        self.flash.erase(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.written += bytes.len();
        while self.written >= BYTES_A_POLL {
            yield_now().await;
            self.written -= BYTES_A_POLL;
        }
        self.flash.write(offset, bytes)
    }
}
