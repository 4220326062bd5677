//! libFuzzer runs `targets::wire::submission`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire::submission(bytes));
