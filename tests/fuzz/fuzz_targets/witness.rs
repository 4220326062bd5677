//! libFuzzer runs `targets::texts::witness`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::texts::witness(bytes));
