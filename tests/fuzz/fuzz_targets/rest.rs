//! libFuzzer runs `targets::window::rest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::window::rest(bytes));
