//! `/v1/entries`, receipts, verification.

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use model::entry::{EntryParams, SubmitParams};
use model::error::ApiError;
use model::receipt::{ReceiptAlgorithm, ReceiptFormat, VerifyBatchParams, VerifyParams};
use model::scalar::{Position, Uint};
use proto::receipt::Bundle;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{part, question};
use crate::body::{self, BODY_BYTES_MAX};
use crate::calls::dialects::{Answer, Question, Spelt};
use crate::calls::entries::Name;
use crate::calls::submit::{Seen, Submitted};
use crate::calls::{dialects, entries, issuer_keys, submit, verdict};
use crate::guard::sight::Sight;
use crate::guard::{BATCHES_MAX, Caller};
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// Longest body that carries a receipt, in bytes.
const RECEIPT_BODY_BYTES_MAX: usize = Bundle::BYTES_MAX + (4 << 10);
/// Longest body that carries a batch of receipts, in bytes: a thousand with four signers' checkpoints.
const BATCH_BODY_BYTES_MAX: usize = 24 << 20;

/// `POST /v1/entries`: 201 when it is committed now, 200 when it was known before, 202 while work is to be done.
pub(crate) async fn submit(
    State(context): State<Context>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let params: SubmitParams = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    Ok(ticketed(&submit::submit(&context.api, &caller, params).await?))
}

/// How far a submission has come: the status says whether it is new, and whether there is more to come.
pub(crate) fn ticketed(submitted: &Submitted) -> Response {
    let Submitted { ticket, seen, .. } = submitted;
    let status = match (submitted.is_pending(), seen) {
        (true, _) => StatusCode::ACCEPTED,
        (false, Seen::First) => StatusCode::CREATED,
        (false, Seen::Again) => StatusCode::OK,
    };
    respond::located(respond::json(status, Keep::Never, ticket), &ticket.link)
}

/// `GET /v1/entries/{name}`.
pub(crate) async fn get(
    State(context): State<Context>,
    sight: Sight,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let params = match Name::from_text(&part(path)?)? {
        Name::Id(id) => EntryParams { id: Some(id.into()), index: None },
        Name::Index(index) => EntryParams { id: None, index: Some(Uint(index.get())) },
    };
    let answer = entries::entry(&context.api, &sight, params).await?;
    let keep = match answer.state.is_last() {
        true => Keep::Forever,
        false => Keep::Never,
    };
    Ok(respond::json(StatusCode::OK, sight.keep(keep), &answer))
}

/// What a receipt is asked for with.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiptQuery {
    /// Without it the header `accept` decides; without that, `json`.
    #[serde(default)]
    format: Option<ReceiptFormat>,
    #[serde(default)]
    size: Option<Position>,
    #[serde(default)]
    alg: Option<ReceiptAlgorithm>,
    /// By how many outside witnesses its checkpoint must be cosigned.
    #[serde(default)]
    witnessed: Option<Uint>,
}

/// `GET /v1/entries/{name}/receipt`: the receipt itself, byte for byte what a verifier takes.
pub(crate) async fn receipt(
    State(context): State<Context>,
    sight: Sight,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<ReceiptQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let ReceiptQuery { format, size, alg: algorithm, witnessed } = question(query)?;
    let name = Name::from_text(&part(path)?)?;
    let format = format.unwrap_or_else(|| accepted(&headers));
    let Answer { spelt, tag, .. } =
        dialects::answer(&context.api, &sight, Question { name, size, format, algorithm, witnessed }).await?;
    let (content_type, bytes) = match spelt {
        Spelt::Json(receipt) => (JSON, receipt.to_json().into_bytes()),
        Spelt::TlogProof(text) => (TEXT, text.into_bytes()),
        Spelt::Cose(bytes) => (COSE_RECEIPT, bytes),
        Spelt::Bundle(bundle) => (JSON, bundle.to_json().into_bytes()),
    };
    let keep = match (size, witnessed) {
        // Tomorrow another one is the latest, and others are witnessed; each receipt given out stays as true as it was.
        (Some(Position::Latest), _) | (_, Some(_)) => Keep::Asking,
        // A certified checkpoint never changes, nor which is the smallest that covers an entry; so neither does what is
        // made of it.
        (Some(Position::At(_)) | None, None) => Keep::Forever,
    };
    let mut response = respond::tagged(StatusCode::OK, content_type, sight.keep(keep), &tag, bytes);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// Source: RFC 9943 §8.
pub(crate) const COSE_RECEIPT: &str = "application/scitt-receipt+cose";

/// The dialect that the header `accept` likes best; JSON if it likes none.
fn accepted(headers: &HeaderMap) -> ReceiptFormat {
    let known = |media_type: &str| match media_type {
        "application/json" | "application/*" | "*/*" => Some(ReceiptFormat::Json),
        "application/cose" | COSE_RECEIPT => Some(ReceiptFormat::Cose),
        "text/plain" | "text/*" => Some(ReceiptFormat::TlogProof),
        _ => None,
    };
    preferred(headers, known).unwrap_or(ReceiptFormat::Json)
}

/// What the header `accept` likes best of what is known, the first of equals; none if it likes none of that.
pub(crate) fn preferred<T>(headers: &HeaderMap, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut best, mut found) = (0, None);
    for range in ranges.flat_map(|value| value.split(',')).take(32) {
        let mut parts = range.split(';').map(str::trim);
        let Some(one) = known(&parts.next().unwrap_or_default().to_ascii_lowercase()) else { continue };
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
        if quality > best {
            (best, found) = (quality, Some(one));
        }
    }
    found
}

/// A quality in thousandths; what is none is 0. Source: RFC 9110 §12.4.2.
fn thousandths(quality: &str) -> u16 {
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    match (whole, part.len() <= 3, format!("{part:0<3}").parse::<u16>()) {
        ("0", true, Ok(part)) => part,
        ("1", true, Ok(0)) => 1_000,
        _ => 0,
    }
}

/// `GET /.well-known/scitt-keys`: the keys that sign COSE receipts, as COSE key set.
pub(crate) async fn scitt_keys(State(context): State<Context>) -> Result<Response, Failure> {
    let set = issuer_keys::key_set(&context.api);
    Ok(respond::of(StatusCode::OK, CBOR, Keep::QuarterHour, set))
}

/// `GET /.well-known/scitt-keys/{kid}`: one of them, by its thumbprint in base64url; retired ones, too.
pub(crate) async fn scitt_key(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let key = issuer_keys::key(&context.api, &part(path)?).await?;
    Ok(respond::of(StatusCode::OK, CBOR, Keep::Forever, key))
}

pub(crate) const CBOR: &str = "application/cbor";

/// `POST /v1/verify:batch`.
pub(crate) async fn verify_batch(
    State(context): State<Context>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    // Before the body is read: bodies of this size are what is scarce.
    let Ok(_permit) = context.api.batches().try_acquire() else {
        return Err(ApiError::TooMany { what: "batches of receipts", max: BATCHES_MAX }.into());
    };
    let params: VerifyBatchParams = body::shape(&headers, body, BATCH_BODY_BYTES_MAX).await?;
    let answer = verdict::verify_batch(&context.api, params).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
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
