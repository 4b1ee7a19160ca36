//! The nRF51's UART, polled.
use core::{convert::Infallible, ptr};
use embedded_io::{ErrorType, Read, ReadReady, Write};

const UART0: usize = 0x4000_2000;

const START_RECEIVE: usize = 0x000;
const START_TRANSMIT: usize = 0x008;
const RECEIVED: usize = 0x108;
const TRANSMITTED: usize = 0x11C;
const ENABLE: usize = 0x500;
const SELECT_TRANSMIT_PIN: usize = 0x50C;
const SELECT_RECEIVE_PIN: usize = 0x514;
const RECEIVE_DATA: usize = 0x518;
const TRANSMIT_DATA: usize = 0x51C;
const BAUD_RATE: usize = 0x524;

const ENABLED: u32 = 4;
const BAUD_115200: u32 = 0x01D7_E000;
/// The pins that the micro:bit's USB interface is wired to.
const TRANSMIT_PIN: u32 = 24;
const RECEIVE_PIN: u32 = 25;

/// The UART: a read waits for a byte, a write until the byte is out.
pub struct Uart {
    _only_one: (),
}

impl Uart {
    /// Turns the UART on.
    ///
    /// # Safety
    /// There may be no other.
    pub(super) unsafe fn new() -> Self {
        let mut uart = Self { _only_one: () };
        for (register, value) in [
            (SELECT_TRANSMIT_PIN, TRANSMIT_PIN),
            (SELECT_RECEIVE_PIN, RECEIVE_PIN),
            (BAUD_RATE, BAUD_115200),
            (ENABLE, ENABLED),
            (START_RECEIVE, 1),
            (START_TRANSMIT, 1),
        ] {
            uart.set(register, value);
        }
        uart
    }

    fn get(&self, register: usize) -> u32 {
        // SAFETY: a register of the UART.
        unsafe { ptr::read_volatile((UART0 + register) as *const u32) }
    }

    fn set(&mut self, register: usize, value: u32) {
        // SAFETY: a register of the UART, which this is the only user of.
        unsafe { ptr::write_volatile((UART0 + register) as *mut u32, value) }
    }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.get(RECEIVED) != 0)
    }
}

impl Read for Uart {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first_mut() else { return Ok(0) };
        while !self.read_ready()? {}
        // Cleared before the byte is taken: the next byte sets it again at once.
        self.set(RECEIVED, 0);
        *first = self.get(RECEIVE_DATA) as u8;
        Ok(1)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let Some(first) = bytes.first() else { return Ok(0) };
        self.set(TRANSMITTED, 0);
        self.set(TRANSMIT_DATA, u32::from(*first));
        while self.get(TRANSMITTED) == 0 {}
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
        Ok(())
    }
}
