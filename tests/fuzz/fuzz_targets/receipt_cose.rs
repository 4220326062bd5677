//! libFuzzer runs `targets::texts::receipt_cose`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::texts::receipt_cose(bytes));
