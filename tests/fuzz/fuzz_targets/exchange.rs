//! libFuzzer runs `targets::wire::exchange`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire::exchange(bytes));
