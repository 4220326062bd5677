//! Status, health, metrics, and the document of all this.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::scalar::Uint;
use model::status::HealthAnswer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::question;
use crate::body::{self, BODY_BYTES_MAX};
use crate::calls::{node, tokens};
use crate::guard::principal::Principal;
use crate::metrics;
use crate::openapi;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// `GET /v1/status`.
pub(crate) async fn status(State(context): State<Context>) -> Response {
    respond::json(StatusCode::OK, Keep::Never, &node::status(&context.api))
}

/// `GET /v1/caller`.
pub(crate) async fn caller(principal: Principal) -> Response {
    respond::json(StatusCode::OK, Keep::Never, &node::caller(&principal))
}

/// `POST /v1/tokens`.
pub(crate) async fn token(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let params = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let answer = tokens::issue(&context.api, &principal, params)?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// `GET /livez`: who can answer lives.
pub(crate) async fn livez() -> Response {
    respond::json(StatusCode::OK, Keep::Never, &HealthAnswer { ok: true, reasons: Vec::new() })
}

/// What readiness is asked for with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadyQuery {
    #[serde(default)]
    max_lag: Option<Uint>,
}

/// `GET /readyz`: 200 or 503, with reasons.
pub(crate) async fn readyz(
    State(context): State<Context>,
    query: Result<Query<ReadyQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let ReadyQuery { max_lag } = question(query)?;
    let answer = node::readiness(&context.api, max_lag);
    let status = match answer.ok {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok(respond::json(status, Keep::Never, &answer))
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(context): State<Context>) -> Response {
    let api = &context.api;
    let families = [api.doors().metrics.read(), api.counters().families()].concat();
    let text = metrics::text(&families).into_bytes();
    respond::of(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", Keep::Never, text)
}

/// `GET /openapi.json`.
pub(crate) async fn openapi(State(context): State<Context>) -> Response {
    respond::json(
        StatusCode::OK,
        Keep::Asking,
        &openapi::document(&context.exposure, &context.api.doors().surfaces),
    )
}
