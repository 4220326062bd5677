//! libFuzzer runs `targets::texts::policy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::texts::policy(bytes));
