//! The UART of Arm's Cortex-M System Design Kit, as the MPS2 and MPS3 boards have it.
use core::{convert::Infallible, ptr};
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD_DIVIDER: usize = 0x10;

const TRANSMIT_FULL: u32 = 1 << 0;
const RECEIVE_FULL: u32 = 1 << 1;
const TRANSMIT_AND_RECEIVE: u32 = 0b11;

/// A UART, polled: a read waits for a byte, a write for room.
pub struct CmsdkUart {
    base: usize,
}

impl CmsdkUart {
    /// Turns the UART at `base` on.
    ///
    /// # Safety
    /// `base` is the address of a CMSDK UART that nothing else uses.
    pub unsafe fn new(base: usize) -> Self {
        let mut uart = Self { base };
        // The smallest divider that the hardware takes; QEMU does not model the speed.
        uart.write_register(BAUD_DIVIDER, 16);
        uart.write_register(CONTROL, TRANSMIT_AND_RECEIVE);
        uart
    }

    fn read_register(&self, offset: usize) -> u32 {
        // SAFETY: a register of the UART that `new` was given.
        unsafe { ptr::read_volatile((self.base + offset) as *const u32) }
    }

    fn write_register(&mut self, offset: usize, value: u32) {
        // SAFETY: a register of the UART that `new` was given.
        unsafe { ptr::write_volatile((self.base + offset) as *mut u32, value) }
    }
}

impl ErrorType for CmsdkUart {
    type Error = Infallible;
}

impl ReadReady for CmsdkUart {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.read_register(STATE) & RECEIVE_FULL != 0)
    }
}

impl WriteReady for CmsdkUart {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.read_register(STATE) & TRANSMIT_FULL == 0)
    }
}

impl Read for CmsdkUart {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first_mut() else {
            return Ok(0);
        };
        while !self.read_ready()? {}
        *first = self.read_register(DATA) as u8;
        Ok(1)
    }
}

impl Write for CmsdkUart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first() else {
            return Ok(0);
        };
        while !self.write_ready()? {}
        self.write_register(DATA, u32::from(*first));
        Ok(1)
    }

    // The trait's own panics when a writer takes nothing, and slices.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        for byte in bytes.chunks(1) {
            self.write(byte)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while !self.write_ready()? {}
        Ok(())
    }
}
