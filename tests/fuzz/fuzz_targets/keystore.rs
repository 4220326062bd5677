//! libFuzzer runs `targets::files::keystore`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::files::keystore(bytes));
