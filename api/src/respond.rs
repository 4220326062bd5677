//! Answers: JSON, text, problems; how long each may be kept, and under which tag.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use model::error::ApiError;
use serde::Serialize;

/// How long an answer may be kept by caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Not at all.
    Never,
    /// While a question with its tag says that it is still so.
    Asking,
    /// For two seconds: whoever asks more often than heads come asks a cache.
    Moment,
    /// For five minutes (keys, as clients of attestations expect them to be kept).
    FiveMinutes,
    /// For a quarter of an hour (keys: a removed one is gone after that).
    QuarterHour,
    /// For ever: it cannot change.
    Forever,
}

impl Keep {
    const fn header(self) -> &'static str {
        match self {
            Self::Never => "no-store",
            Self::Asking => "no-cache",
            Self::Moment => "public, max-age=2, must-revalidate",
            Self::FiveMinutes => "public, max-age=300",
            Self::QuarterHour => "public, max-age=900",
            Self::Forever => "public, max-age=31536000, immutable",
        }
    }
}

/// The code of the error a response carries, for the counters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub &'static str);

/// The error a response carries, for surfaces that say it in other words.
#[derive(Clone, Debug)]
pub(crate) struct Raised(pub ApiError);

/// A JSON answer.
pub(crate) fn json<T: Serialize>(status: StatusCode, keep: Keep, answer: &T) -> Response {
    match serde_json::to_vec(answer) {
        Ok(body) => of(status, "application/json", keep, body),
        Err(_) => problem(&ApiError::Internal),
    }
}

/// An answer of any type.
pub(crate) fn of(status: StatusCode, content_type: &'static str, keep: Keep, body: Vec<u8>) -> Response {
    match keep {
        Keep::Never => bare(status, content_type, keep, body),
        Keep::Asking | Keep::Moment | Keep::FiveMinutes | Keep::QuarterHour | Keep::Forever => {
            let digest = crypto::sha256(&body).to_string();
            tagged(status, content_type, keep, &digest[..32], body)
        }
    }
}

/// An answer whose tag is known to change with its body.
pub(crate) fn tagged(
    status: StatusCode,
    content_type: &'static str,
    keep: Keep,
    tag: &str,
    body: Vec<u8>,
) -> Response {
    let mut response = bare(status, content_type, keep, body);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

fn bare(status: StatusCode, content_type: &'static str, keep: Keep, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep.header()));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Says where the thing an answer speaks of is found.
pub(crate) fn located(mut response: Response, link: &str) -> Response {
    if let Ok(link) = HeaderValue::from_str(link) {
        response.headers_mut().insert(LOCATION, link);
    }
    response
}

/// An error, as problem+json.
pub(crate) fn problem(error: &ApiError) -> Response {
    let row = error.row();
    let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // A problem is strings and numbers, which JSON can always hold; an empty body would still carry the status.
    let body = serde_json::to_vec(&error.problem()).unwrap_or_default();
    let mut response = of(status, "application/problem+json", Keep::Never, body);
    if let Some(ms) = error.retry_after_ms() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.extensions_mut().insert(Code(row.code));
    response.extensions_mut().insert(Raised(error.clone()));
    response
}

/// What handlers return: an answer, or an error that is sent as problem.
pub(crate) struct Failure(ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        problem(&self.0)
    }
}

/// Turns an answer that the caller already has into "not modified". Source: RFC 9110 §13.1.2.
pub(crate) fn unless_known(method: &Method, asked: &HeaderMap, response: Response) -> Response {
    let known = response.status() == StatusCode::OK
        && (*method == Method::GET || *method == Method::HEAD)
        && response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).is_some_and(|tag| {
            asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
                value.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
            })
        });
    if !known {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}
