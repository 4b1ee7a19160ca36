//! What can be proved of a linked image without running it: which functions call which, and how
//! much stack that takes. For Cortex-M and RISC-V, whose instructions are understood here.
mod calls;
mod code;
mod handlers;
mod names;
mod riscv;
mod stack;
mod thumb;

pub use calls::{Call, Function, Image};
pub use stack::{Bound, bound};
