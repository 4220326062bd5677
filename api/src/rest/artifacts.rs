//! `/v1/artifacts`: what the ledger says of an artifact, and its bytes.

use archive::artifacts::ARTIFACT_BYTES_MAX;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::artifact::ArtifactParams;
use model::error::ApiError;
use model::scalar::Hash;

use super::part;
use crate::body;
use crate::calls::artifacts;
use crate::guard::Caller;
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
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let answer = artifacts::standing(&context.api, ArtifactParams { id: named(path)? }).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// `GET /v1/artifacts/{id}/bytes`. No cache keeps what may be erased.
pub(crate) async fn get(
    State(context): State<Context>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let caller = Caller::of(&headers, context.exposure.clone());
    let bytes = artifacts::get(&context.api, &caller, named(path)?).await?;
    Ok(respond::of(StatusCode::OK, OCTETS, Keep::Never, bytes))
}

/// `POST /v1/artifacts/{id}/bytes`: 201 when they are kept.
pub(crate) async fn put(
    State(context): State<Context>,
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
    let bytes = body::bytes(&headers, bytes, ARTIFACT_BYTES_MAX).await?;
    artifacts::put(&context.api, id, bytes).await?;
    let answer = artifacts::standing(&context.api, ArtifactParams { id }).await?;
    Ok(respond::json(StatusCode::CREATED, Keep::Never, &answer))
}
