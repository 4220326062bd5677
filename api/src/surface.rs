//! Foreign surfaces: the clients of other systems, in their own words, on the same three doors.
//!
//! A surface is a file here with a table of rows (`Route`) at the paths its clients know. Its handlers return our errors
//! (`model::error`); the guard of the route turns each into a body with `detail` and `code`, as these clients read it, and
//! takes the status from the surface's own table where that differs from ours. What a surface writes it has signed by
//! `service`, so it enters by the same door as everything else. Its words never pass below this folder.

use std::collections::BTreeSet;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use model::error::{ApiError, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::respond::{self, Code, Keep, Raised};
use crate::route::Route;

mod chain;
pub(crate) mod proofnest;
pub(crate) mod qcos;
pub(crate) mod qod;
pub(crate) mod qwed;

/// A foreign surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Surface {
    /// Quality-on-demand proofs: sessions, telemetry, finalized proofs.
    Qod,
    /// Verified attestations as tokens.
    Qwed,
    /// Proofs, identities and votes.
    Proofnest,
    /// Evidence of jobs.
    Qcos,
}

impl Surface {
    /// Every surface.
    pub const ALL: [Self; 4] = [Self::Qod, Self::Qwed, Self::Proofnest, Self::Qcos];

    /// Its name in the configuration and in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Qod => "qod",
            Self::Qwed => "qwed",
            Self::Proofnest => "proofnest",
            Self::Qcos => "qcos",
        }
    }

    /// What its clients call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Qod => "QoD",
            Self::Qwed => "QWED",
            Self::Proofnest => "ProofNest",
            Self::Qcos => "QCOS",
        }
    }

    fn routes(self) -> Vec<Route> {
        match self {
            Self::Qod => qod::routes(),
            Self::Qwed => qwed::routes(),
            Self::Proofnest => [proofnest::routes(), chain::routes()].into_iter().flatten().collect(),
            Self::Qcos => qcos::routes(),
        }
    }

    /// The status its clients expect of an error.
    fn status(self, error: &ApiError) -> u16 {
        match self {
            Self::Qod => qod::status(error),
            Self::Qwed => qwed::status(error),
            Self::Proofnest => proofnest::status(error),
            Self::Qcos => qcos::status(error),
        }
    }

    /// The text its clients look for, where that is not ours.
    fn detail(self, error: &ApiError) -> Option<&'static str> {
        match self {
            Self::Qod | Self::Qwed | Self::Qcos => None,
            Self::Proofnest => proofnest::detail(error),
        }
    }

    /// An error as its clients read it.
    pub(crate) fn refusal(self, error: &ApiError) -> Response {
        let Problem { detail, code, reason, id, retry_after_ms, .. } = error.problem();
        let mut more = Map::new();
        more.extend(reason.map(|reason| ("reason".to_owned(), Value::from(reason))));
        more.extend(id.map(|id| ("id".to_owned(), json!(id))));
        more.extend(retry_after_ms.map(|ms| ("retry_after_ms".to_owned(), json!(ms))));
        let detail = self.detail(error).map_or(detail, str::to_owned);
        let mut response = refuse(self.status(error), &code, &detail, more);
        if let Some(ms) = error.retry_after_ms() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        response.extensions_mut().insert(Code(error.row().code));
        response.extensions_mut().insert(Raised(error.clone()));
        response
    }
}

/// A body as foreign clients read a refusal.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Refusal {
    /// Why, for people; where their clients look for a text of their own, that text.
    detail: String,
    /// What it is called; stable.
    code: String,
    /// What else is known.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// A body as foreign clients read a refusal: `detail`, `code`, and what else is known.
pub(crate) fn refuse(status: u16, code: &str, detail: &str, more: Map<String, Value>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Refusal { detail: detail.to_owned(), code: code.to_owned(), more };
    let mut response = respond::json(status, Keep::Never, &body);
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// The usual status of an error here: what is against a request's shape is 422, as the frameworks of these clients have it.
pub(crate) const fn usual_status(error: &ApiError) -> u16 {
    if matches!(error, ApiError::InvalidParams { .. } | ApiError::MalformedJson { .. }) {
        return 422;
    }
    error.row().status
}

/// The rows of these surfaces.
pub(crate) fn routes(surfaces: &BTreeSet<Surface>) -> Vec<Route> {
    let rows = |surface: &Surface| {
        let surface = *surface;
        surface.routes().into_iter().map(move |row| Route { surface: Some(surface), ..row })
    };
    surfaces.iter().flat_map(rows).collect()
}

#[cfg(test)]
mod tests {
    use model::error::{AccessError, SurfaceError};
    use model::scalar::Hash;

    use super::*;

    async fn body(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("bytes");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[tokio::test]
    async fn refusals_are_read_by_foreign_clients() {
        let missing = AccessError::Missing { what: "a credential is needed here" };
        let refused = Surface::Qod.refusal(&missing.into());
        assert_eq!(
            (refused.status(), &refused.headers()["www-authenticate"]),
            (StatusCode::UNAUTHORIZED, &"Bearer".parse().expect("a header"))
        );
        assert_eq!(
            body(refused).await,
            json!({ "detail": "a credential is needed here", "code": "unauthorized" })
        );
        let id = Hash(crypto::Digest::ZERO);
        let late = Surface::Qwed.refusal(&SurfaceError::Undecided { id }.into());
        assert_eq!(
            (late.status(), &late.headers()["retry-after"]),
            (StatusCode::GATEWAY_TIMEOUT, &HeaderValue::from(1))
        );
        let late = body(late).await;
        assert_eq!((&late["id"], &late["retry_after_ms"]), (&json!(id), &json!(1_000)));
        let shape = Surface::Qod.refusal(&ApiError::InvalidParams { fault: "x".to_owned() });
        assert_eq!(shape.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn names_are_told_apart() {
        let names: BTreeSet<_> = Surface::ALL.map(Surface::name).into_iter().collect();
        assert_eq!(names.len(), Surface::ALL.len());
    }
}
