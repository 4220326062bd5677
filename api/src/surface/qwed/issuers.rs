//! The registry of issuers, their keys as JWKs, and what an operator says of one.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ledger::issuer::Issuer;
use model::error::{ApiError, SurfaceError};
use model::jwks::{Jwk, Jwks};
use model::qwed::{IssuerInfo, IssuerParams, IssuerPublicKey, IssuersAnswer};
use proto::operation::issuer::{IssuerDid, IssuerStatus};

use super::listing;
use crate::api::{Api, Fault};
use crate::attester::named;
use crate::body::{self, BODY_BYTES_MAX};
use crate::guard::principal::{Principal, Scopes};
use crate::respond::{self, Failure, Keep};
use crate::rest::part;
use crate::routes::Context;

/// Most issuers that are listed, and whose keys are given out.
const ISSUERS_MAX: usize = 256;

/// `GET /v1/issuers` and `GET /registry/issuers.json`.
pub(super) async fn all(State(context): State<Context>) -> Result<Response, Failure> {
    let issuers = read(&context.api).await?.iter().map(info).collect();
    Ok(respond::json(StatusCode::OK, Keep::Moment, &IssuersAnswer { issuers }))
}

/// `GET /v1/issuers/{did}`.
pub(super) async fn one(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let told = told(&context.api, &part(path)?).await?;
    Ok(respond::json(StatusCode::OK, Keep::Moment, &told))
}

/// What is known of an issuer.
///
/// # Errors
/// `Unknown`, and what the store fails with.
pub(super) async fn told(api: &Api, name: &str) -> Result<IssuerInfo, ApiError> {
    let found = listing::issuer(api, &did(name)?).await?;
    Ok(info(&found.ok_or_else(|| ApiError::from(unknown()))?))
}

/// `POST /v1/issuers/{did}`: for operators.
pub(super) async fn set(
    State(context): State<Context>,
    principal: Principal,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let did = did(&part(path)?)?;
    let params: IssuerParams = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    if principal.scopes != Scopes::All {
        let fault = "issuers are set with an operator's credential".to_owned();
        return Err(ApiError::from(SurfaceError::Forbidden { fault }).into());
    }
    let Some(attester) = &context.api.doors().attester else {
        let fault = "this node has no part in an issuer".to_owned();
        return Err(ApiError::from(SurfaceError::NotConfigured { fault }).into());
    };
    let issuer = listing::set(&context.api, attester, did, params).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &info(&issuer)))
}

/// `GET /v1/issuers/jwks.json`: the keys that sign attestations, and nothing while there is none.
pub(super) async fn jwks(State(context): State<Context>) -> Result<Response, Failure> {
    let keys = keys(&context.api).await?;
    let status = if keys.is_empty() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let keep = if keys.is_empty() { Keep::Never } else { Keep::FiveMinutes };
    Ok(respond::json(status, keep, &Jwks { keys }))
}

/// The keys of active issuers, under the names by which tokens call them.
///
/// # Errors
/// What the store fails with.
pub(crate) async fn keys(api: &Api) -> Result<Vec<Jwk>, ApiError> {
    let issuers = read(api).await?;
    let active = issuers.iter().filter(|issuer| issuer.status == IssuerStatus::Active);
    let keys = active.flat_map(|issuer| {
        issuer.keys.iter().filter_map(|listed| Jwk::es256(&listed.key, named(&issuer.did, &listed.key)))
    });
    Ok(keys.collect())
}

async fn read(api: &Api) -> Result<Vec<Issuer>, ApiError> {
    api.read(|reader| reader.issuers(None, ISSUERS_MAX).map_err(Fault::Store)).await
}

fn did(text: &str) -> Result<IssuerDid, ApiError> {
    IssuerDid::parse(text).map_err(|_| unknown().into())
}

const fn unknown() -> SurfaceError {
    SurfaceError::Unknown { what: "issuer" }
}

fn info(issuer: &Issuer) -> IssuerInfo {
    let newest = issuer.keys.iter().max_by_key(|listed| (listed.generated_at_s, listed.listed.index));
    IssuerInfo {
        did: issuer.did.to_string(),
        name: issuer.name.clone(),
        status: issuer.status.name().to_owned(),
        certification_level: issuer.certification.clone(),
        key_generated_at: newest.map(|listed| listed.generated_at_s),
        key_continuity_policy: newest.map(|listed| listed.continuity.name().to_owned()),
        public_keys: issuer
            .keys
            .iter()
            .filter_map(|listed| {
                let kid = named(&issuer.did, &listed.key);
                Some(IssuerPublicKey {
                    jwk: Jwk::es256(&listed.key, kid.clone())?,
                    kid,
                    generated_at: listed.generated_at_s,
                    key_continuity_policy: listed.continuity.name().to_owned(),
                    holder: listed.holder.to_string(),
                })
            })
            .collect(),
    }
}
