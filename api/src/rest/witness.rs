//! Being a witness of other logs, and what a monitor reads of that.
//!
//! A conflict has the body that C2SP gives it, so that any log understands it; every other refusal is a problem.
//! Source: C2SP tlog-witness.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::error::{ApiError, WitnessError};

use super::part;
use crate::body::{self, BODY_BYTES_MAX};
use crate::calls::witness;
use crate::respond::{self, Code, Failure, Keep};
use crate::routes::Context;
use crate::witnessing::{CosignReply, CosignWhat};

const TEXT: &str = "text/plain; charset=utf-8";
/// The type of an answer that is one size.
const SIZE: &str = "text/x.tlog.size";

/// `POST /witness/add-checkpoint`.
pub(crate) async fn add_checkpoint(
    State(context): State<Context>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    ask(&context, CosignWhat::Checkpoint, &headers, body).await
}

/// `POST /witness/sign-subtree`.
pub(crate) async fn sign_subtree(
    State(context): State<Context>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    ask(&context, CosignWhat::Subtree, &headers, body).await
}

async fn ask(
    context: &Context,
    what: CosignWhat,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let body = body::octets(headers, body, BODY_BYTES_MAX).await?;
    let refused = |error: WitnessError| Err(Failure::from(ApiError::from(error)));
    match witness::cosign(&context.api, what, body).await? {
        CosignReply::Cosigned(lines) => {
            Ok(respond::of(StatusCode::OK, TEXT, Keep::Never, lines.into_bytes()))
        }
        CosignReply::Conflict { ours, detail } => Ok(conflict(SIZE, format!("{ours}\n"), detail)),
        CosignReply::KnownCheckpoint { note, detail } => Ok(conflict(TEXT, note, detail)),
        CosignReply::Malformed(fault) => refused(WitnessError::Malformed { fault }),
        CosignReply::OriginUnknown(fault) => refused(WitnessError::OriginUnknown { fault }),
        CosignReply::Untrusted(fault) => refused(WitnessError::Untrusted { fault }),
        CosignReply::Inconsistent(fault) => refused(WitnessError::Inconsistent { fault }),
        CosignReply::NotRecorded => refused(WitnessError::NotRecorded),
    }
}

/// A conflict, counted as the error it is.
fn conflict(content_type: &'static str, body: String, fault: String) -> Response {
    let row = WitnessError::Conflict { fault }.row();
    let mut response = respond::of(StatusCode::CONFLICT, content_type, Keep::Never, body.into_bytes());
    response.extensions_mut().insert(Code(row.code));
    response
}

/// `GET /witness/{name}/checkpoint`: what was cosigned last of the log whose origin has this SHA-256.
pub(crate) async fn cosigned(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let note = witness::cosigned(&context.api, &part(path)?)?;
    Ok(respond::of(StatusCode::OK, TEXT, Keep::Asking, note.as_bytes().to_vec()))
}

/// `GET /v1/witness`.
pub(crate) async fn status(State(context): State<Context>) -> Response {
    respond::json(StatusCode::OK, Keep::Never, &witness::witness(&context.api))
}
