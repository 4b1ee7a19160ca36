//! Faults, so that the host can see the place and the exit code of a fault.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::Board;

board::main!(faults);

fn faults(_: Board) -> Result<(), &'static str> {
    board::fault()
}
