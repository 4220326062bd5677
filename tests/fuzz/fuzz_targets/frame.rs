//! libFuzzer runs `targets::wire::frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire::frame(bytes));
