//! `/v1/anchors`: what was said outside of our checkpoints, as JSON and as files that other programs read.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::anchor::AnchorParams;
use model::error::ApiError;
use model::scalar::Uint;

use super::part;
use crate::calls::anchors;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

const OCTETS: &str = "application/octet-stream";

fn size(text: &str) -> Result<Uint, ApiError> {
    Uint::from_digits(text).map_err(|_| {
        let found: String = text.chars().take(40).collect();
        ApiError::InvalidParams { fault: format!("{found:?} is no size (decimal digits)") }
    })
}

/// `GET /v1/anchors`.
pub(crate) async fn list(State(context): State<Context>) -> Response {
    respond::json(StatusCode::OK, Keep::Never, &anchors::list(&context.api))
}

/// `GET /v1/anchors/{size}`.
pub(crate) async fn get(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let params = AnchorParams { size: size(&part(path)?)? };
    Ok(respond::json(StatusCode::OK, Keep::Never, &anchors::get(&context.api, params).await?))
}

/// `GET /v1/anchors/{size}/{file}`.
pub(crate) async fn file(
    State(context): State<Context>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Failure> {
    let Path((at, name)) = path.map_err(|fault| ApiError::InvalidParams { fault: fault.body_text() })?;
    let bytes = anchors::file(&context.api, size(&at)?.0, &name).await?;
    Ok(respond::of(StatusCode::OK, OCTETS, Keep::Never, bytes))
}
