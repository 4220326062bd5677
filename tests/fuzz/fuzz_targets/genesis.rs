//! libFuzzer runs `targets::files::genesis`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::files::genesis(bytes));
