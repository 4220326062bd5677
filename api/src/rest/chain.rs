//! Checkpoints, consistency, blocks, validators, the policy.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::chain::{BlockParams, CheckpointParams, ValidatorsParams};
use model::error::ApiError;
use model::receipt::ConsistencyParams;
use model::scalar::{Position, Uint};
use model::trust::TrustParams;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{part, question};
use crate::calls::{chain, proofs, trust, witness};
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

const TEXT: &str = "text/plain; charset=utf-8";

fn position(path: Result<Path<String>, PathRejection>) -> Result<Position, ApiError> {
    Position::from_text(&part(path)?).map_err(|fault| ApiError::InvalidParams { fault })
}

const fn keep(position: Position) -> Keep {
    match position {
        Position::Latest => Keep::Asking,
        Position::At(_) => Keep::Forever,
    }
}

/// What the newest checkpoint is asked for with.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckpointQuery {
    /// By how many outside witnesses it must be cosigned; their lines then stand under the validators'.
    #[serde(default)]
    witnessed: Option<Uint>,
}

/// `GET /checkpoint`: the newest, as signed note (C2SP tlog-tiles).
pub(crate) async fn checkpoint_text(
    State(context): State<Context>,
    query: Result<Query<CheckpointQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let CheckpointQuery { witnessed } = question(query)?;
    let head = witnessed.map(|wanted| witness::witnessed(&context.api, 0, wanted)).transpose()?;
    let size = head.as_ref().map_or(Position::Latest, |head| Position::At(head.size));
    let mut note = chain::checkpoint(&context.api, CheckpointParams { size }).await?.note;
    // Signature lines end a note, so more of them go to its end.
    note.push_str(head.as_ref().map_or("", |head| &head.lines));
    Ok(respond::of(StatusCode::OK, TEXT, Keep::Moment, note.into_bytes()))
}

/// `GET /v1/checkpoints/{size}`.
pub(crate) async fn checkpoint(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let size = position(path)?;
    let answer = chain::checkpoint(&context.api, CheckpointParams { size }).await?;
    Ok(respond::json(StatusCode::OK, keep(size), &answer))
}

/// `GET /v1/consistency`.
pub(crate) async fn consistency(
    State(context): State<Context>,
    query: Result<Query<ConsistencyParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = proofs::consistency(&context.api, question(query)?).await?;
    Ok(respond::json(StatusCode::OK, Keep::Forever, &answer))
}

/// `GET /v1/blocks/{height}`.
pub(crate) async fn block(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let height = position(path)?;
    let answer = chain::block(&context.api, BlockParams { height }).await?;
    Ok(respond::json(StatusCode::OK, keep(height), &answer))
}

/// `GET /v1/validators`.
pub(crate) async fn validators(
    State(context): State<Context>,
    query: Result<Query<ValidatorsParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = chain::validators(&context.api, question(query)?).await?;
    Ok(respond::json(StatusCode::OK, Keep::Asking, &answer))
}

/// `GET /v1/trust`.
pub(crate) async fn trust(
    State(context): State<Context>,
    query: Result<Query<TrustParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = trust::trust(&context.api, question(query)?).await?;
    Ok(respond::json(StatusCode::OK, Keep::Asking, &answer))
}

/// `GET /v1/policy`.
pub(crate) async fn policy(State(context): State<Context>) -> Response {
    let text = context.api.doors().reign.borrow().policy.as_bytes().to_vec();
    respond::of(StatusCode::OK, TEXT, Keep::Asking, text)
}
