//! Reading a request's body: its type, its size, its time, then strict JSON.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use futures::StreamExt as _;
use model::error::ApiError;
use model::strict::{self, StrictError};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longest body of most requests, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 256 << 10;
/// Longest time for a body to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Reads a body of at most `bytes_max` bytes as strict JSON.
///
/// # Errors
/// `ContentType`, `BodyTooLarge`, `BodyUnreadable` or `MalformedJson`.
pub(crate) async fn json(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Value, ApiError> {
    expect_json(headers)?;
    let bytes = collect(headers, body, bytes_max).await?;
    strict::parse(&bytes, bytes_max).map_err(|fault| match fault {
        StrictError::TooLong { max, .. } => ApiError::BodyTooLarge { max },
        StrictError::Malformed(fault) => ApiError::MalformedJson { fault },
    })
}

/// Reads a body of at most `bytes_max` bytes as a shape.
///
/// # Errors
/// As [`json`], and `InvalidParams`.
pub(crate) async fn shape<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<T, ApiError> {
    let value = json(headers, body, bytes_max).await?;
    strict::shape(value).map_err(|fault| ApiError::InvalidParams { fault })
}

/// The essence of the content type, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let found = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let found = found.unwrap_or_default();
    found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a body of at most `bytes_max` bytes as it is. The caller has looked at its type.
///
/// # Errors
/// `BodyTooLarge` or `BodyUnreadable`.
pub(crate) async fn bytes(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    collect(headers, body, bytes_max).await
}

/// A content type that a browser sends only after asking; so no foreign page can send one.
fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let found = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let found = found.unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    match essence.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(ApiError::ContentType { found: found.chars().take(80).collect() }),
    }
}

/// Reads a body of at most `bytes_max` bytes, of whatever type.
///
/// # Errors
/// `BodyTooLarge` or `BodyUnreadable`.
pub(crate) async fn octets(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    collect(headers, body, bytes_max).await
}

async fn collect(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > bytes_max) {
        return Err(ApiError::BodyTooLarge { max: bytes_max });
    }
    let whole = async {
        let mut bytes = Vec::new();
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|fault| ApiError::BodyUnreadable { fault: fault.to_string() })?;
            if bytes.len() + chunk.len() > bytes_max {
                return Err(ApiError::BodyTooLarge { max: bytes_max });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    let late = || ApiError::BodyUnreadable { fault: format!("it took longer than {} s", ARRIVAL.as_secs()) };
    tokio::time::timeout(ARRIVAL, whole).await.unwrap_or_else(|_| Err(late()))
}
