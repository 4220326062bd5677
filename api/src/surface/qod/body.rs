//! JSON in and out, with floats as the text they were sent as.
//!
//! Bodies are bounded, strict, and hold no member that is not known; answers are canonical.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::error::{ApiError, SurfaceError};
use proto::canon::{self, Value, py_utf8};
use proto::session::SessionId;

use crate::body;
use crate::respond::{self, Keep};

/// Longest body of its clients, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 1_000_000;

/// An answer that no cache keeps.
pub(crate) fn answer(status: StatusCode, value: &Value) -> Response {
    respond::of(status, "application/json", Keep::Never, py_utf8::encode(value))
}

pub(crate) fn ok(value: &Value) -> Response {
    answer(StatusCode::OK, value)
}

pub(crate) fn unprocessable(fault: impl ToString) -> ApiError {
    SurfaceError::Unprocessable { fault: fault.to_string() }.into()
}

/// The session a path names.
///
/// # Errors
/// `Unprocessable` when it is no UUID.
pub(super) fn session(text: &str) -> Result<SessionId, ApiError> {
    SessionId::parse(text).map_err(|fault| unprocessable(format!("session_id: {fault}")))
}

/// Reads a body; nothing at all is `None`.
///
/// # Errors
/// `ContentType`, `BodyTooLarge`, `BodyUnreadable` or `MalformedJson`.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Option<Value>, ApiError> {
    let bytes = body::bytes(headers, body, BODY_BYTES_MAX).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let found = body::media_type(headers);
    if found != "application/json" {
        return Err(ApiError::ContentType { found: found.chars().take(80).collect() });
    }
    let malformed = |fault: String| ApiError::MalformedJson { fault };
    let text = std::str::from_utf8(&bytes).map_err(|fault| malformed(fault.to_string()))?;
    canon::read(text).map(Some).map_err(|fault| malformed(fault.to_string()))
}

/// The members of an object, taken one by one.
#[derive(Debug)]
pub(super) struct Members<'a>(&'a Value);

impl<'a> Members<'a> {
    /// The members of a body that may have these and no others.
    ///
    /// # Errors
    /// `Unprocessable` naming the first that is not known.
    pub(super) fn of(value: &'a Value, known: &[&str]) -> Result<Self, ApiError> {
        let Value::Object(members) = value else { return Err(unprocessable("the body must be an object")) };
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => {
                let unknown: String = unknown.chars().take(80).collect();
                Err(unprocessable(format!("{unknown}: unknown member; known are {}", known.join(", "))))
            }
            None => Ok(Self(value)),
        }
    }

    fn needed(&self, name: &str) -> Result<&'a Value, ApiError> {
        self.0.get(name).ok_or_else(|| unprocessable(format!("{name}: is missing")))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, ApiError> {
        let found = self.needed(name)?;
        found.as_text().ok_or_else(|| unprocessable(format!("{name}: a text is needed")))
    }

    pub(super) fn text_or(&self, name: &str, missing: &'a str) -> Result<&'a str, ApiError> {
        match self.0.get(name) {
            Some(_) => self.text(name),
            None => Ok(missing),
        }
    }

    /// A whole number; its bounds are its reader's.
    pub(super) fn whole(&self, name: &str) -> Result<u32, ApiError> {
        match self.needed(name)? {
            Value::Integer(number) => {
                u32::try_from(*number).map_err(|_| unprocessable(format!("{name}: {number} is out of range")))
            }
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Object(_) => Err(unprocessable(format!("{name}: a whole number is needed"))),
        }
    }

    /// Milliseconds with or without a point, as the nearest microsecond.
    pub(super) fn microseconds(&self, name: &str) -> Result<u64, ApiError> {
        let out_of_range =
            |number: &dyn std::fmt::Display| unprocessable(format!("{name}: {number} ms is out of range"));
        match self.needed(name)? {
            Value::Integer(number) => u64::try_from(*number)
                .ok()
                .and_then(|ms| ms.checked_mul(1_000))
                .ok_or_else(|| out_of_range(number)),
            Value::Float(float) => float.rounded(3).ok_or_else(|| out_of_range(float)),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Object(_) => {
                Err(unprocessable(format!("{name}: a number is needed")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_come_in_as_microseconds() {
        for (json, expected) in [
            (r#"{"x": 42}"#, Some(42_000)),
            (r#"{"x": 42.33}"#, Some(42_330)),
            (r#"{"x": 0.0004}"#, Some(0)),
            (r#"{"x": 1e3}"#, Some(1_000_000)),
            (r#"{"x": -1}"#, None),
            (r#"{"x": -0.1}"#, None),
            (r#"{"x": 1e300}"#, None),
            (r#"{"x": "1"}"#, None),
            (r#"{"x": true}"#, None),
            (r#"{}"#, None),
        ] {
            let value = canon::read(json).expect("JSON");
            let found = Members::of(&value, &["x"]).expect("known").microseconds("x");
            assert_eq!(found.ok(), expected, "{json}");
        }
    }

    #[test]
    fn unknown_members_and_other_kinds_are_refused() {
        let value = canon::read(r#"{"a": 1, "b": "x", "c": 1.0, "d": -1}"#).expect("JSON");
        assert!(Members::of(&value, &["a", "b", "c"]).is_err());
        assert!(Members::of(&Value::Null, &[]).is_err());
        let members = Members::of(&value, &["a", "b", "c", "d"]).expect("all known");
        assert_eq!((members.whole("a").ok(), members.text("b").ok()), (Some(1), Some("x")));
        assert!(members.whole("c").is_err() && members.whole("d").is_err() && members.whole("e").is_err());
        assert!(members.text("a").is_err() && members.text_or("a", "").is_err());
        assert_eq!(members.text_or("e", "else").ok(), Some("else"));
    }
}
