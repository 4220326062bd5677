//! `/proof/{sid}/verify`: what this node finds of a proof.
//!
//! A GET judges what this node itself gives out; a POST judges what is sent, as if it stood where the session's proof
//! stands in the chain, under the keys of all services the log knows. Neither changes anything.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use model::error::{ApiError, SurfaceError};
use model::qod::{Before, Record, Verdict};
use proto::canon::Value;

use super::body::{self, ok, unprocessable};
use super::{keys, record};
use crate::api::Api;
use crate::guard::sight::Sight;
use crate::respond::Failure;
use crate::routes::Context;

/// `GET`.
pub(super) async fn stored(
    State(context): State<Context>,
    sight: Sight,
    Path(sid): Path<String>,
) -> Result<Response, Failure> {
    Ok(ok(&verdict(&context.api, &sight, &sid, None).await?))
}

/// `POST`, of a bundle or record; without one it is the same as `GET`.
pub(super) async fn sent(
    State(context): State<Context>,
    sight: Sight,
    Path(sid): Path<String>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let sent = body::read(&headers, bytes).await?;
    let empty = Value::object([]);
    let sent = sent.filter(|sent| *sent != empty && *sent != Value::Null);
    Ok(ok(&verdict(&context.api, &sight, &sid, sent.as_ref()).await?))
}

/// The verdict on what is sent, or on this node's own record. Of a record that comes without its artifact, the artifact is
/// this node's.
///
/// # Errors
/// `Unknown` when there is no proof; `Unprocessable` when what is sent is none.
pub(super) async fn verdict(
    api: &Api,
    sight: &Sight,
    sid: &str,
    sent: Option<&Value>,
) -> Result<Value, ApiError> {
    let id = body::session(sid)?;
    let own = record::sealed(api, sight, id).await?.ok_or(SurfaceError::Unknown { what: record::PROOF })?;
    let before = match record::before(&own.kept) {
        None => Before::Nothing,
        Some(hash) => Before::Proof(hash),
    };
    let record = match sent {
        None => own.record,
        Some(sent) => {
            let sent = Record::read(sent).map_err(unprocessable)?;
            Record { artifact: sent.artifact.or(own.record.artifact), ..sent }
        }
    };
    let key = keys::find(api, &record.kid).await?;
    Ok(Verdict::of(&record, key.as_ref(), before).answer(&id.to_string(), &record))
}
