//! libFuzzer runs `targets::texts::receipt_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::texts::receipt_json(bytes));
