//! The board an example runs on.
//!
//! An example says [`main!`]`(run)` and gets a [`Board`]: its serial line, its flash, and the
//! functions below. Which board that is, it never asks: `GRADLET_BOARD` chooses at build time (set
//! by `cargo xtask … --board`), and each board is one folder beside `src` that holds the memory map
//! (`memory.x`), the module (`mod.rs`) and what the host has to know to run it (`board.toml`).
//! `BOARDS.md` says how to add one.
//!
//! | what | how |
//! |---|---|
//! | start | [`main!`], [`Board`] |
//! | end | return from the function: `Ok` is exit code 0, `Err` prints the text and is 1 |
//! | panic | prints where, exit code [`exit::PANIC`] |
//! | hardware fault | prints where, exit code [`exit::FAULT`] |
//! | start again | [`reset`]: RAM starts anew, the flash stays |
//! | figures | [`figure`]: one line `name value unit`; [`write_figure`] for another line |
//! | log | `trace!`, `debug!`, `info!`, `warn!`, `error!`: defmt with the feature `log`, nothing without |
//! | a file to the host | [`Board::open`] |
//! | time | [`ticks`], [`TICK_HZ`], [`instructions`] |
#![no_std]

mod console;
mod count;
pub mod driver;
pub mod exit;
mod figure;
mod log;
mod stack;

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv;

#[cfg(target_arch = "arm")]
use cortex_m as arch;
#[cfg(target_arch = "riscv32")]
use riscv as arch;

include!(concat!(env!("OUT_DIR"), "/board.rs"));

pub use arch::{fault, reset, ticks};
pub use count::instructions;
pub use exit::finish;
pub use figure::{Value, figure, write_figure};
pub use selected::{Flash, Serial, TICK_HZ};

use core::ffi::CStr;
use driver::host_file::{HostFile, HostFileError};

#[cfg(feature = "log")]
#[doc(hidden)]
pub use defmt;
// Linked for its global logger.
#[cfg(feature = "log")]
use defmt_semihosting as _;

/// What the examples get from a board. There is one, handed to the function named in [`main!`].
pub struct Board {
    /// The serial line.
    pub serial: Serial,
    /// The flash that checkpoints are kept in.
    pub flash: Flash,
}

impl Board {
    /// Opens the way by which bytes leave the board under a name. In QEMU that is a file in the
    /// folder that it was started in, replaced if it exists.
    ///
    /// # Errors
    /// [`HostFileError`] if the host cannot create the file.
    pub fn open(&mut self, name: &CStr) -> Result<HostFile, HostFileError> {
        HostFile::create(name)
    }

    /// Called once, by [`main!`], before the example's function.
    #[doc(hidden)]
    pub fn start() -> Self {
        arch::init();
        selected::init()
    }
}

/// Makes a `fn(Board) -> Result<(), &'static str>` the program.
#[macro_export]
macro_rules! main {
    ($run:path) => {
        // SAFETY: no other function has this name, and the start-up code calls it as it is declared.
        #[unsafe(export_name = "main")]
        extern "C" fn gradlet_main() -> ! {
            $crate::finish($run($crate::Board::start()))
        }
    };
}
