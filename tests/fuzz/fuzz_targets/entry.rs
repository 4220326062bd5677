//! libFuzzer runs `targets::wire::entry`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire::entry(bytes));
