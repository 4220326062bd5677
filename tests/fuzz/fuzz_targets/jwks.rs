//! libFuzzer runs `targets::texts::jwks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::texts::jwks(bytes));
