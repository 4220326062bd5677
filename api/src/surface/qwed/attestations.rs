//! `/v1/attestations`: issue, verify, read, revoke.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use model::error::{ApiError, SurfaceError};
use model::qwed::{AttestationAnswer, IssueParams, RevokeParams, VerifyTokenParams};
use proto::operation::Operation;
use proto::operation::seal::AttestationId;

use super::issuing::{find, issue as make};
use super::known::Known;
use super::token::{claims_of, tagged};
use super::{HEADER, attested, badge, idempotency, verifying};
use crate::api::Api;
use crate::body::{self, BODY_BYTES_MAX};
use crate::guard::principal::{Principal, Scopes};
use crate::guard::sight::Sight;
use crate::respond::{self, Failure, Keep};
use crate::rest::part;
use crate::routes::Context;
use crate::service::{Order, Settled};

/// A token by itself.
pub(super) const JWT: &str = "application/qwed-attestation+jwt";
/// What is known of it.
pub(super) const JSON: &str = "application/qwed-attestation+json";

/// `POST /v1/attestations`.
pub(super) async fn issue(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let mut params: IssueParams = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    params.chain = idempotency(params.chain, &headers)?;
    let made = make(&context.api, &principal.tenant, params).await?;
    let status = StatusCode::from_u16(made.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(attested(respond::json(status, Keep::Never, &made.result), made.result.token.as_deref()))
}

/// `POST /v1/attestations/verify`: the token in the body, as JSON or by itself, or in the header of its name.
pub(super) async fn verify(
    State(context): State<Context>,
    sight: Sight,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let mut params = match body::media_type(&headers).as_str() {
        "" => VerifyTokenParams::default(),
        JWT => {
            let bytes = body::bytes(&headers, body, BODY_BYTES_MAX).await?;
            let token = Some(String::from_utf8_lossy(&bytes).trim().to_owned());
            VerifyTokenParams { token, ..VerifyTokenParams::default() }
        }
        _ => body::shape(&headers, body, BODY_BYTES_MAX).await?,
    };
    let shown = headers.get(HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let Some(token) = params.token.take().or(shown) else {
        let fault = format!("token: is missing, and so is the header {HEADER}");
        return Err(ApiError::from(SurfaceError::Unprocessable { fault }).into());
    };
    let answer = verifying::verify(&context.api, &sight, token, params).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// `GET /v1/attestations/{jti}`: what is known of it, or the token by itself.
pub(super) async fn get(
    State(context): State<Context>,
    sight: Sight,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let known = known(&context.api, &sight, &part(path)?).await?;
    let accepts = |wanted: &str| {
        let found = headers.get_all(ACCEPT).iter();
        found.filter_map(|value| value.to_str().ok()).any(|value| value.contains(wanted))
    };
    let mut response = if accepts(JWT) {
        respond::of(StatusCode::OK, JWT, sight.keep(Keep::Forever), known.token.clone().into_bytes())
    } else {
        let answer = serde_json::to_vec(&answer(&context.api, &known)).map_err(|_| ApiError::Internal)?;
        let content_type = if accepts(JSON) { JSON } else { "application/json" };
        respond::of(StatusCode::OK, content_type, sight.keep(Keep::Asking), answer)
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    Ok(attested(response, Some(&known.token)))
}

/// `GET /badge/attestation/{jti}`.
pub(super) async fn badge(
    State(context): State<Context>,
    sight: Sight,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let name = part(path)?;
    let name = name.strip_suffix(".svg").unwrap_or(&name);
    let found = match AttestationId::parse(name) {
        Ok(id) => find(&context.api, &id).await?.filter(|known| known.is_seen(&sight)),
        Err(_) => None,
    };
    Ok(match found {
        Some(known) => badge::Badge::of(&known).answer(StatusCode::OK, sight.keep(Keep::Moment)),
        None => badge::Badge::unknown().answer(StatusCode::NOT_FOUND, sight.keep(Keep::Moment)),
    })
}

/// `POST /v1/attestations/{jti}/revoke`: by the tenant whose it is. Once more is the same answer.
pub(super) async fn revoke(
    State(context): State<Context>,
    principal: Principal,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let name = part(path)?;
    let RevokeParams { reason } = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let answer = revoked(&context.api, &principal, &name, reason).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// Withdraws an attestation, if it was not before.
///
/// # Errors
/// `Unknown`; `Forbidden` for another tenant's; `Undecided`, and what the node refuses.
pub(super) async fn revoked(
    api: &Api,
    principal: &Principal,
    name: &str,
    reason: String,
) -> Result<AttestationAnswer, ApiError> {
    let sight = api.doors().authenticator.sight(Some(principal));
    let before = known(api, &sight, name).await?;
    if principal.scopes != Scopes::All && principal.tenant != before.tenant {
        let fault = "it was issued for another tenant".to_owned();
        return Err(SurfaceError::Forbidden { fault }.into());
    }
    if before.revoked.is_none() {
        let operation = Operation::AttestationRevoke { attestation: before.sealed.submission, reason };
        match api.doors().service.submit(api, Order::once(before.tenant.clone(), operation)).await? {
            // Another one revoked it first, which is what was wanted.
            Settled::Logged(_) | Settled::Refused { code: "attestation_revoked", .. } => {}
            Settled::Refused { detail, .. } => {
                return Err(SurfaceError::Forbidden { fault: detail }.into());
            }
            Settled::Pending { id } => {
                return Err(SurfaceError::Undecided { id: id.into() }.into());
            }
        }
    }
    Ok(answer(api, &known(api, &sight, name).await?))
}

async fn known(api: &Api, sight: &Sight, name: &str) -> Result<Known, ApiError> {
    let unknown = || SurfaceError::Unknown { what: "attestation" };
    let id = AttestationId::parse(name).map_err(|_| unknown())?;
    let found = find(api, &id).await?.filter(|known| known.is_seen(sight));
    Ok(found.ok_or_else(unknown)?)
}

fn answer(api: &Api, known: &Known) -> AttestationAnswer {
    AttestationAnswer {
        jti: known.id.to_string(),
        lifecycle: known.lifecycle(),
        issuer_status: if known.is_trusted() { "active" } else { "inactive" }.to_owned(),
        token: known.token.clone(),
        token_hash: tagged(&known.sealed.token),
        claims: claims_of(&known.token),
        anchor: known.anchor(api),
        revoked_index: known.revoked.map(|at| at.index.get()),
    }
}
