//! The kernels as TensorFlow has them, denormals flushed.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

board::main!(kernels::run);
