//! libFuzzer runs `targets::window::jsonrpc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::window::jsonrpc(bytes));
