//! `/v1/artifacts/{id}`: what the ledger says of an artifact, and its bytes.
//!
//! Bytes are given as S3 and its like give them: with a length, a strong tag, one range if one is asked for. They come from
//! strangers, so a browser is told neither to show nor to run them.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::artifact::ArtifactParams;
use model::error::{ApiError, ArtifactError};
use model::scalar::Hash;

use super::part;
use super::range::{self, Unsatisfiable};
use crate::body;
use crate::calls::artifacts::{self, Found};
use crate::guard::sight::Sight;
use crate::guard::{Caller, DOWNLOADS_MAX};
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

const OCTETS: &str = "application/octet-stream";

fn named(path: Result<Path<String>, PathRejection>) -> Result<Hash, ApiError> {
    let text = part(path)?;
    text.parse().map_err(|_| {
        let found: String = text.chars().take(80).collect();
        ApiError::InvalidParams { fault: format!("{found:?} is no id (64 lower-case hex digits)") }
    })
}

/// `GET /v1/artifacts/{id}`.
pub(crate) async fn standing(
    State(context): State<Context>,
    sight: Sight,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let answer = artifacts::standing(&context.api, &sight, ArtifactParams { id: named(path)? }).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// `GET` and `HEAD /v1/artifacts/{id}/bytes`. No cache keeps what may be erased.
pub(crate) async fn get(
    State(context): State<Context>,
    method: Method,
    caller: Caller,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let id = named(path)?;
    let Found { opened, address, media_type } = artifacts::get(&context.api, &caller, id).await?;
    let bytes = opened.bytes();
    let tag = format!("\"{address}\"");
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // Whoever has the beginning of something else gets all of this.
    let of_this = text(&IF_RANGE).is_none_or(|known| known == tag);
    let asked = text(&RANGE).filter(|_| of_this);
    let range = match range::wanted(asked, bytes) {
        Ok(range) => range,
        Err(Unsatisfiable) => {
            let found = asked.unwrap_or_default().chars().take(80).collect();
            let mut response = respond::problem(&ArtifactError::Range { found, bytes }.into());
            put(&mut response, CONTENT_RANGE, &format!("bytes */{bytes}"));
            return Ok(response);
        }
    };
    let (status, given) = match &range {
        None => (StatusCode::OK, 0..bytes),
        Some(range) => (StatusCode::PARTIAL_CONTENT, range.clone()),
    };
    let length = given.end.saturating_sub(given.start);
    let body = match method == Method::HEAD {
        true => Body::empty(),
        false => {
            let permit = context.api.downloads().clone().try_acquire_owned();
            let permit = permit.map_err(|_| ApiError::TooMany { what: "downloads", max: DOWNLOADS_MAX })?;
            let failed = move |fault| artifacts::failed(id, &fault);
            let mut chunks = opened.read(given.clone()).await.map_err(failed)?;
            // Before anything is said of it, the first chunk is known to be good; of what fits into one, all.
            let first = chunks.try_next().await.map_err(failed)?;
            let chunks = stream::iter(first.map(Ok)).chain(chunks);
            Body::from_stream(chunks.map(move |chunk| {
                let _ = &permit;
                // The connection is broken off: what has come is shorter than was said.
                chunk.map_err(|fault| std::io::Error::other(failed(fault).to_string()))
            }))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let media_type = media_type.filter(|found| is_media_type(found));
    put(&mut response, CONTENT_TYPE, media_type.as_deref().unwrap_or(OCTETS));
    put(&mut response, CONTENT_LENGTH, &length.to_string());
    put(&mut response, ETAG, &tag);
    put(&mut response, ACCEPT_RANGES, "bytes");
    put(&mut response, CACHE_CONTROL, "no-store");
    put(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(&mut response, CONTENT_DISPOSITION, "attachment");
    put(&mut response, CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    if let Some(range) = range {
        let last = range.end.saturating_sub(1);
        put(&mut response, CONTENT_RANGE, &format!("bytes {}-{last}/{bytes}", range.start));
    }
    Ok(response)
}

fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether an author's text is a type that may stand in a header: type, slash, subtype, and parameters in plain letters.
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let plain = parameters.bytes().all(|b| (b' '..=b'~').contains(&b));
    plain && essence.trim().split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// `POST /v1/artifacts/{id}/bytes`: 201 when they are kept.
pub(crate) async fn give(
    State(context): State<Context>,
    caller: Caller,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    bytes: Body,
) -> Result<Response, Failure> {
    let id = named(path)?;
    // A type that a browser sends only after asking; so no foreign page can send one.
    let found = body::media_type(&headers);
    if found != OCTETS {
        return Err(ApiError::ContentType { found }.into());
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|value| value.parse().ok());
    artifacts::put(&context.api, &caller, id, announced, bytes).await?;
    let sight = caller.sight(&context.api.doors().authenticator);
    let answer = artifacts::standing(&context.api, &sight, ArtifactParams { id }).await?;
    Ok(respond::json(StatusCode::CREATED, Keep::Never, &answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_type_is_called_one() {
        for good in ["text/plain", "text/plain; charset=utf-8", "application/vnd.x+json", "image/svg+xml"] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in
            ["", "text", "text/", "/plain", "text/plain\r\nx: y", "text/pl ain", "text/plain; a=\u{e9}"]
        {
            assert!(!is_media_type(bad), "{bad:?}");
        }
    }
}
