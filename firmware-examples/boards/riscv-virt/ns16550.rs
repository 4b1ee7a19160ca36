//! The NS16550A UART, polled.
use core::{convert::Infallible, ptr};
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};

const UART: usize = 0x1000_0000;
const DATA: *mut u8 = UART as *mut u8;
const LINE_STATUS: *const u8 = (UART + 5) as *const u8;

const DATA_READY: u8 = 1 << 0;
const TRANSMIT_EMPTY: u8 = 1 << 5;

/// The UART: a read waits for a byte, a write for room.
pub struct Ns16550 {
    _only_one: (),
}

impl Ns16550 {
    /// The UART, which is on from the start.
    ///
    /// # Safety
    /// There may be no other.
    pub(super) unsafe fn new() -> Self {
        Self { _only_one: () }
    }

    fn status(&self, bit: u8) -> bool {
        // SAFETY: a register of the UART.
        unsafe { ptr::read_volatile(LINE_STATUS) & bit != 0 }
    }
}

impl ErrorType for Ns16550 {
    type Error = Infallible;
}

impl ReadReady for Ns16550 {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.status(DATA_READY))
    }
}

impl WriteReady for Ns16550 {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.status(TRANSMIT_EMPTY))
    }
}

impl Read for Ns16550 {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first_mut() else { return Ok(0) };
        while !self.read_ready()? {}
        // SAFETY: a register of the UART, which this is the only user of.
        *first = unsafe { ptr::read_volatile(DATA) };
        Ok(1)
    }
}

impl Write for Ns16550 {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first() else { return Ok(0) };
        while !self.write_ready()? {}
        // SAFETY: a register of the UART, which this is the only user of.
        unsafe { ptr::write_volatile(DATA, *first) };
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
