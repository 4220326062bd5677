//! libFuzzer runs `targets::texts::checkpoint_note`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::texts::checkpoint_note(bytes));
