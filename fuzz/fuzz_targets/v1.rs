//! See `gradlet_fuzz::target::v1`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_fuzz::target::v1(bytes));
