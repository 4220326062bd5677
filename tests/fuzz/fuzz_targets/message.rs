//! libFuzzer runs `targets::wire::message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire::message(bytes));
