//! Python's JSON as it is by default: sorted, compact, everything beyond printable ASCII as `\uXXXX`, in surrogate pairs
//! where one does not suffice.
//!
//! The form of ProofNest's proof ids and of QCOS's content hashes.

use super::{Value, write};

/// The canonical bytes, all of them ASCII.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut text = String::new();
    let escape = |c: char, to: &mut String| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            to.push_str(&format!("\\u{unit:04x}"));
        }
    };
    write(value, escape, &mut text);
    text.into_bytes()
}
