//! See `gradlet_fuzz::target::flash_image`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_fuzz::target::flash_image(bytes));
