//! The name of a request: its sender's, if it gave one that can be repeated, else ours. It is in the answer and in the logs.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header in which it is asked for and answered.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What some call it.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// Longest name taken from a sender, in bytes.
const BYTES_MAX: usize = 128;

/// A request's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(pub String);

impl RequestId {
    /// The name of a request: `x-request-id`, else `x-correlation-id`, else a fresh one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = [REQUEST_ID, CORRELATION_ID].iter().find_map(|name| {
            let text = headers.get(name)?.to_str().ok()?;
            let plain = (1..=BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
            plain.then(|| text.to_owned())
        });
        Self(given.unwrap_or_else(fresh))
    }

    /// Puts it into an answer; under the other name, too, if that is how it came.
    pub(crate) fn answer(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        // It is printable ASCII, or hex of ours.
        let Ok(value) = HeaderValue::from_str(&self.0) else { return };
        if asked.contains_key(&CORRELATION_ID) {
            answer.insert(CORRELATION_ID, value.clone());
        }
        answer.insert(REQUEST_ID, value);
    }
}

/// A name that no other request has: of this process, which began at its own moment, and a number.
fn fresh() -> String {
    static PROCESS: LazyLock<u128> = LazyLock::new(|| {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        begun << 32 | u128::from(std::process::id())
    });
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let digest = crypto::sha256(format!("{}/{number}", *PROCESS).as_bytes()).to_string();
    digest[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_or_made() {
        let of = |name: HeaderName, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            RequestId::of(&headers).0
        };
        assert_eq!(of(REQUEST_ID, "abc-1"), "abc-1");
        assert_eq!(of(CORRELATION_ID, "abc-1"), "abc-1");
        let long = "x".repeat(BYTES_MAX + 1);
        for unfit in ["", "a b", long.as_str()] {
            let made = of(REQUEST_ID, unfit);
            assert!(made.len() == 32 && made != unfit, "{made}");
        }
        assert_ne!(fresh(), fresh());
    }
}
