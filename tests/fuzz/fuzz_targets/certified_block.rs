//! libFuzzer runs `targets::wire::certified_block`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::wire::certified_block(bytes));
