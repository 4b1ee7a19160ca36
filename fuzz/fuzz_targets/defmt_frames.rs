//! See `gradlet_fuzz::target::defmt_frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_fuzz::target::defmt_frames(bytes));
