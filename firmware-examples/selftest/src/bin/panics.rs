//! Panics, so that the host can see the place and the exit code of a panic.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::Board;

board::main!(panics);

fn panics(_: Board) -> Result<(), &'static str> {
    panic!("on purpose")
}
