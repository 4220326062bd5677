//! Claims: who issued something, about whom, and until when. RFC 7519 in JSON, RFC 8392 in CBOR.
//!
//! Times are whole seconds: a fraction is a float, and no node computes with those.

use super::cbor;
use super::error::StatementError;
use super::json::{Object, Value};
use crate::counter::TimeMs;

/// What is read of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub issuer: Option<String>,
    pub subject: Option<String>,
    pub expires_at: Option<TimeMs>,
}

impl Claims {
    /// The claims in a JSON object: a payload of type JWT, or a header that repeats them (RFC 7519 §5.3).
    pub(super) fn json(object: &Object) -> Result<Self, StatementError> {
        let text = |name: &'static str| match object.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(StatementError::form("the claim", format!("{name:?} is no text"))),
        };
        let expires_at = match object.get("exp") {
            None => None,
            Some(Value::Number(number)) => Some(expiry(number.parse().ok())?),
            Some(_) => Some(expiry(None)?),
        };
        Ok(Self { issuer: text("iss")?, subject: text("sub")?, expires_at })
    }

    /// The claims in a CBOR map: issuer 1, subject 2, expiry 4.
    pub(super) fn cbor(map: &cbor::Value<'_>) -> Result<Self, StatementError> {
        let text = |label, name: &str| match map.at(label) {
            None => Ok(None),
            Some(value) => match value.text() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(StatementError::form("the claim", format!("{name:?} ({label}) is no text"))),
            },
        };
        let expires_at = match map.at(4) {
            None => None,
            Some(value) => Some(expiry(value.int().and_then(|number| number.try_into().ok()))?),
        };
        Ok(Self { issuer: text(1, "iss")?, subject: text(2, "sub")?, expires_at })
    }
}

/// A time in seconds as block time.
pub(super) fn expiry(seconds: Option<u64>) -> Result<TimeMs, StatementError> {
    let ms = seconds.and_then(|seconds| seconds.checked_mul(1_000));
    ms.map(TimeMs::new).ok_or_else(|| {
        StatementError::form("the time it expires", "is not a whole number of seconds since 1970")
    })
}
