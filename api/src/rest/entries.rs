//! `/v1/entries`, receipts, verification.

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::entry::{EntryParams, SubmitParams};
use model::receipt::{ReceiptFormat, VerifyParams};
use model::scalar::Uint;
use proto::receipt::Receipt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{part, question};
use crate::body::{self, BODY_BYTES_MAX};
use crate::calls::entries::Name;
use crate::calls::submit::{Seen, Submitted};
use crate::calls::{entries, proofs, submit, verdict};
use crate::guard::Caller;
use crate::kept::Proved;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// Longest body that carries a receipt, in bytes.
const RECEIPT_BODY_BYTES_MAX: usize = Receipt::BYTES_MAX + (4 << 10);

/// `POST /v1/entries`: 201 when it is committed now, 200 when it was known before, 202 while work is to be done.
pub(crate) async fn submit(
    State(context): State<Context>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let params: SubmitParams = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let caller = Caller::of(&headers, context.exposure.clone());
    let submitted = submit::submit(&context.api, &caller, params).await?;
    let Submitted { ticket, seen, .. } = &submitted;
    let status = match (submitted.is_pending(), seen) {
        (true, _) => StatusCode::ACCEPTED,
        (false, Seen::First) => StatusCode::CREATED,
        (false, Seen::Again) => StatusCode::OK,
    };
    Ok(respond::located(respond::json(status, Keep::Never, ticket), &ticket.link))
}

/// `GET /v1/entries/{name}`.
pub(crate) async fn get(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let params = match Name::from_text(&part(path)?)? {
        Name::Id(id) => EntryParams { id: Some(id.into()), index: None },
        Name::Index(index) => EntryParams { id: None, index: Some(Uint(index.get())) },
    };
    let answer = entries::entry(&context.api, params).await?;
    let keep = match answer.state.is_last() {
        true => Keep::Forever,
        false => Keep::Never,
    };
    Ok(respond::json(StatusCode::OK, keep, &answer))
}

/// What a receipt is asked for with.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiptQuery {
    #[serde(default)]
    format: ReceiptFormat,
    #[serde(default)]
    size: Option<Uint>,
    /// By how many outside witnesses its checkpoint must be cosigned.
    #[serde(default)]
    witnessed: Option<Uint>,
}

/// `GET /v1/entries/{name}/receipt`: the receipt itself, byte for byte what a verifier takes.
pub(crate) async fn receipt(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<ReceiptQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let ReceiptQuery { format, size, witnessed } = question(query)?;
    let name = Name::from_text(&part(path)?)?;
    let (Proved { receipt, size: _, tag }, keep) = match witnessed {
        // The smallest checkpoint that covers an entry never changes, so neither does its receipt.
        None => (proofs::prove(&context.api, name, size).await?, Keep::Forever),
        // Which checkpoints are witnessed changes; each receipt given out stays as true as it was.
        Some(wanted) => (proofs::prove_witnessed(&context.api, name, size, wanted).await?, Keep::Asking),
    };
    let (content_type, text) = match format {
        ReceiptFormat::Json => ("application/json", receipt.to_json()),
        ReceiptFormat::TlogProof => ("text/plain; charset=utf-8", receipt.to_tlog_proof()),
    };
    Ok(respond::tagged(StatusCode::OK, content_type, keep, &tag, text.into_bytes()))
}

/// `POST /v1/verify`.
pub(crate) async fn verify(
    State(context): State<Context>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let params: VerifyParams = body::shape(&headers, body, RECEIPT_BODY_BYTES_MAX).await?;
    let answer = verdict::verify(&context.api, params).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}
