//! The board `riscv-virt`, compiled for a processor with an FPU.
#[path = "../riscv-virt/mod.rs"]
mod riscv_virt;

pub use riscv_virt::{Flash, Serial, TICK_HZ};

pub(crate) use riscv_virt::init;
