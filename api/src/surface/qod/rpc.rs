//! Its calls by JSON-RPC: `proof_finalize` and `proof_verify`.

use model::error::{ApiError, SurfaceError};
use proto::canon::{self, Value, py_utf8};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{WRITE, body, intake, verify};
use crate::api::Api;
use crate::guard::Caller;
use crate::guard::access::Access;
use crate::guard::sight::Sight;
use crate::surface::Surface;

/// Which session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionParams {
    /// A UUID.
    session_id: String,
}

/// Which session, and perhaps what is to be judged instead of this node's own record.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofVerifyParams {
    /// A UUID.
    session_id: String,
    /// A bundle or record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<serde_json::Value>,
}

fn offered(api: &Api) -> Result<(), ApiError> {
    match api.doors().surfaces.contains(&Surface::Qod) {
        true => Ok(()),
        false => {
            let fault = "surfaces.qod: this node does not serve quality-on-demand proofs".to_owned();
            Err(SurfaceError::NotConfigured { fault }.into())
        }
    }
}

fn json(value: &Value) -> Result<serde_json::Value, ApiError> {
    serde_json::from_slice(&py_utf8::encode(value)).map_err(|_| ApiError::Internal)
}

/// `proof_finalize`.
///
/// # Errors
/// As `POST /proof/{sid}/finalize`.
pub(crate) async fn finalize(
    api: &Api,
    caller: &Caller,
    params: SessionParams,
) -> Result<serde_json::Value, ApiError> {
    offered(api)?;
    let principal = caller.known("a credential is needed to finalize")?;
    Access::Scope(WRITE).admit(principal, None)?;
    let id = body::session(&params.session_id)?;
    json(&intake::finalized(api, principal, id).await?.answer())
}

/// `proof_verify`.
///
/// # Errors
/// As `POST /proof/{sid}/verify`.
pub(crate) async fn verify(
    api: &Api,
    sight: &Sight,
    params: ProofVerifyParams,
) -> Result<serde_json::Value, ApiError> {
    offered(api)?;
    let sent = params.record.map(|record| canon::read(&record.to_string())).transpose();
    let sent = sent.map_err(|fault| ApiError::InvalidParams { fault: format!("record: {fault}") })?;
    json(&verify::verdict(api, sight, &params.session_id, sent.as_ref()).await?)
}
