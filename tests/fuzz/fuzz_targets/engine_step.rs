//! libFuzzer runs `targets::engine_step::run`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::engine_step::run(bytes));
