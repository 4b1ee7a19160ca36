//! Reads where no memory is, so that the host can see the place and the exit code of a fault.
#![no_std]
#![no_main]

use board::Board;

board::main!(faults);

fn faults(_: Board) -> Result<(), &'static str> {
    /// On every board a hole in the memory map.
    const NOWHERE: *const u32 = 0xF000_0000 as *const u32;
    // SAFETY: none; the fault is what this program is for.
    unsafe { NOWHERE.read_volatile() };
    Err("a read outside the memory did not fault")
}
