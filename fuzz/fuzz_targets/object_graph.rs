//! See `gradlet_fuzz::target::object_graph`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradlet_fuzz::target::object_graph(bytes));
