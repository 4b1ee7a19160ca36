//! See `gradlet_fuzz::target::telemetry`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_fuzz::target::telemetry(bytes));
