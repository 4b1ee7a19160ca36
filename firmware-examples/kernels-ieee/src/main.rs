//! The kernels with IEEE denormals.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

board::main!(kernels::run);
