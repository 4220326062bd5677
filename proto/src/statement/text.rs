//! Base64 with one spelling, and texts short enough to be kept as facts.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use super::error::StatementError;
use crate::operation::TEXT_BYTES_MAX;

/// Reads base64url without padding and without stray bits (RFC 7515 §2).
pub(super) fn base64url(text: &[u8], what: &'static str) -> Result<Vec<u8>, StatementError> {
    let fault = |_| StatementError::unreadable(what, "is not canonical base64url without padding");
    URL_SAFE_NO_PAD.decode(text).map_err(fault)
}

/// Reads padded base64 of either alphabet, as DSSE has it; not a mixture.
pub(super) fn base64_either(text: &str, what: &'static str) -> Result<Vec<u8>, StatementError> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|_| StatementError::unreadable(what, "is not canonical padded base64"))
}

/// Reads padded base64 of the standard alphabet.
pub(super) fn base64(text: &str, what: &'static str) -> Result<Vec<u8>, StatementError> {
    let fault = |_| StatementError::unreadable(what, "is not canonical padded base64");
    STANDARD.decode(text).map_err(fault)
}

/// A text that is kept as a fact: of bounded length, and safe to print.
pub(super) fn fact(text: String, what: &'static str) -> Result<String, StatementError> {
    if text.len() > TEXT_BYTES_MAX {
        let fault = format!("has {} bytes, at most {TEXT_BYTES_MAX} are allowed", text.len());
        return Err(StatementError::form(what, fault));
    }
    match text.chars().any(char::is_control) {
        true => Err(StatementError::form(what, "holds a control character")),
        false => Ok(text),
    }
}

/// The beginning of a foreign text, for an error.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}
