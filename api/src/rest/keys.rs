//! Keys and identities: JWK sets, their history, DID documents.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::identity::{AsOf, IdentityParams, JwksParams, KeyHistoryParams};
use model::scalar::Uint;

use super::{part, question};
use crate::calls::keys;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;
use crate::surface::Surface;

/// As of a size an answer never changes.
const fn keep(size: Option<Uint>, now: Keep) -> Keep {
    match size {
        Some(_) => Keep::Forever,
        None => now,
    }
}

/// `GET /.well-known/jwks.json`.
pub(crate) async fn jwks(State(context): State<Context>) -> Result<Response, Failure> {
    let answer = keys::jwks(&context.api, JwksParams::default()).await?;
    // Keys that sign attestations are listed on demand, and their clients look again after five minutes.
    let keep = match context.api.doors().surfaces.contains(&Surface::Qwed) {
        true => Keep::FiveMinutes,
        false => Keep::QuarterHour,
    };
    Ok(respond::json(StatusCode::OK, keep, &answer))
}

/// `GET /.well-known/did.json` and `GET /did.json`: where did:web looks, for an origin with and without a path.
pub(crate) async fn network_did(State(context): State<Context>) -> Response {
    respond::json(StatusCode::OK, Keep::QuarterHour, &keys::network_document(&context.api))
}

/// `GET /v1/keys/history`.
pub(crate) async fn history(
    State(context): State<Context>,
    query: Result<Query<KeyHistoryParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let params = question(query)?;
    let keep = keep(params.size, Keep::Asking);
    let answer = keys::history(&context.api, params).await?;
    Ok(respond::json(StatusCode::OK, keep, &answer))
}

fn named(
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<AsOf>, QueryRejection>,
) -> Result<IdentityParams, Failure> {
    let (identity, AsOf { size }) = (part(path)?, question(query)?);
    Ok(IdentityParams { identity, size })
}

/// `GET /v1/identities/{did}`.
pub(crate) async fn identity(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<AsOf>, QueryRejection>,
) -> Result<Response, Failure> {
    let params = named(path, query)?;
    let keep = keep(params.size, Keep::Asking);
    let answer = keys::identity(&context.api, params).await?;
    Ok(respond::json(StatusCode::OK, keep, &answer))
}

/// `GET /v1/identities/{did}/jwks.json`.
pub(crate) async fn identity_jwks(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<AsOf>, QueryRejection>,
) -> Result<Response, Failure> {
    let IdentityParams { identity, size } = named(path, query)?;
    let keep = keep(size, Keep::QuarterHour);
    let answer = keys::jwks(&context.api, JwksParams { identity: Some(identity), size }).await?;
    Ok(respond::json(StatusCode::OK, keep, &answer))
}

/// `GET /v1/identities/{did}/did.json`.
pub(crate) async fn identity_did(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<AsOf>, QueryRejection>,
) -> Result<Response, Failure> {
    let params = named(path, query)?;
    let keep = keep(params.size, Keep::QuarterHour);
    let answer = keys::did_document(&context.api, params).await?;
    Ok(respond::json(StatusCode::OK, keep, &answer))
}
