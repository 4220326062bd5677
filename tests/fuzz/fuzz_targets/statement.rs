//! libFuzzer runs `targets::wire::statement`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire::statement(bytes));
