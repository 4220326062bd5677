//! libFuzzer runs `targets::texts::receipt_tlog_proof`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::texts::receipt_tlog_proof(bytes));
