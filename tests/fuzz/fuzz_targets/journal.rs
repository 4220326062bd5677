//! libFuzzer runs `targets::files::journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::files::journal(bytes));
