//! Its calls by JSON-RPC: `attestation_issue`, `attestation_verify`, `attestation_revoke`, `issuer_info`.
//!
//! They do what the paths of the same name do, with the same credentials. Rows A05 to A18, A13.

use model::error::{ApiError, SurfaceError};
use model::qwed::{
    AttestationAnswer, AttestationResult, IssueParams, IssuerInfo, VerifyTokenAnswer, VerifyTokenParams,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CREATE, attestations, issuers, issuing, verifying};
use crate::api::Api;
use crate::guard::Caller;
use crate::guard::access::Access;
use crate::guard::principal::Principal;
use crate::guard::sight::Sight;
use crate::surface::Surface;

/// Which attestation is withdrawn.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokedParams {
    /// Its name.
    jti: String,
    /// Why, for people.
    #[serde(default)]
    reason: String,
}

/// Which issuer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerNamed {
    /// Its DID.
    did: String,
}

fn offered(api: &Api) -> Result<(), ApiError> {
    match api.doors().surfaces.contains(&Surface::Qwed) {
        true => Ok(()),
        false => {
            let fault = "surfaces.qwed: this node does not serve verified attestations".to_owned();
            Err(SurfaceError::NotConfigured { fault }.into())
        }
    }
}

fn admitted<'a>(api: &Api, caller: &'a Caller) -> Result<&'a Principal, ApiError> {
    offered(api)?;
    let principal = caller.known("a credential is needed to issue and to revoke")?;
    Access::Scope(CREATE).admit(principal, None)?;
    Ok(principal)
}

/// `attestation_issue`: what was not issued is said by the result, and is no error.
///
/// # Errors
/// As `POST /v1/attestations`.
pub(crate) async fn issue(
    api: &Api,
    caller: &Caller,
    params: IssueParams,
) -> Result<AttestationResult, ApiError> {
    let principal = admitted(api, caller)?;
    Ok(issuing::issue(api, &principal.tenant, params).await?.result)
}

/// `attestation_verify`.
///
/// # Errors
/// As `POST /v1/attestations/verify`.
pub(crate) async fn verify(
    api: &Api,
    sight: &Sight,
    mut params: VerifyTokenParams,
) -> Result<VerifyTokenAnswer, ApiError> {
    offered(api)?;
    let token = params.token.take();
    let token = token.ok_or_else(|| ApiError::InvalidParams { fault: "token: is missing".to_owned() })?;
    verifying::verify(api, sight, token, params).await
}

/// `attestation_revoke`.
///
/// # Errors
/// As `POST /v1/attestations/{jti}/revoke`.
pub(crate) async fn revoke(
    api: &Api,
    caller: &Caller,
    params: RevokedParams,
) -> Result<AttestationAnswer, ApiError> {
    let principal = admitted(api, caller)?;
    attestations::revoked(api, principal, &params.jti, params.reason).await
}

/// `issuer_info`.
///
/// # Errors
/// As `GET /v1/issuers/{did}`.
pub(crate) async fn issuer(api: &Api, params: IssuerNamed) -> Result<IssuerInfo, ApiError> {
    offered(api)?;
    issuers::told(api, &params.did).await
}
