//! Python's JSON with `ensure_ascii=False`: sorted, compact, everything but quotes, backslashes and controls as it is.
//!
//! The form whose digests the QoD proof service chains and compares.

use super::{Value, write};

/// The canonical bytes.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut text = String::new();
    write(value, |c, to| to.push(c), &mut text);
    text.into_bytes()
}
