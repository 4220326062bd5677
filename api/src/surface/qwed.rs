//! Verified attestations: what their clients call, and the statuses they expect.
//!
//! - `checks` the engine; `issuing` and `proof` make attestations, `listing` sees to the key;
//! - `token` what one looks like, `known` what the ledger holds of it, `verifying` the verdict;
//! - `attestations`, `issuers`, `badge` what is asked about them, `rpc` the same by JSON-RPC.

use axum::extract::Query;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use model::error::{ApiError, SurfaceError};
use model::jwks::Jwks;
use model::qwed::{
    AttestationAnswer, AttestationResult, ChainParams, IssueParams, IssuerInfo, IssuerParams, IssuersAnswer,
    QwedCheckAnswer, QwedCheckParams, RevokeParams, VerifyTokenAnswer, VerifyTokenParams,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::usual_status;
use crate::guard::access::Access;
use crate::respond::{Failure, Keep};
use crate::rest::{part, question};
use crate::route::{Answers, Route, read, write};
use crate::schema::of;

mod attestations;
mod badge;
mod checks;
pub(crate) mod issuers;
mod issuing;
mod known;
mod listing;
mod proof;
pub(crate) mod rpc;
mod token;
mod verifying;

/// The header in which a token travels beside something else.
const HEADER: &str = "qwed-attestation";
/// The scope of whoever has attestations issued.
const CREATE: &str = "attestation:create";
/// A picture.
const SVG: &str = "image/svg+xml";

/// What stands after the question mark of a badge of one's own.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct BadgeQuery {
    /// What stands on the left.
    label: String,
    /// What stands on the right.
    message: String,
    /// The colour of the right: a name, or hex digits.
    color: String,
    /// What stands before the label.
    logo: String,
}

/// Its rows.
pub(super) fn routes() -> Vec<Route> {
    [checking(), attesting(), registry(), badges()].into_iter().flatten().collect()
}

fn checking() -> Vec<Route> {
    let answer = Answers::Json(of::<QwedCheckAnswer>);
    let check = |route: Route| write(of::<QwedCheckParams>, route);
    let anything = |route: Route| write(of::<Map<String, Value>>, route);
    vec![
        check(read("/verify/math", "qwed_math", "Whether a statement of arithmetic holds.", answer, || {
            post(checks::math)
        })),
        check(read(
            "/verify/natural_language",
            "qwed_natural_language",
            "The same, if that is all there is.",
            answer,
            || post(checks::words),
        )),
        anything(read("/verify/logic", "qwed_logic", "Not decided here.", answer, || {
            post(checks::undecided)
        })),
        anything(read("/verify/code", "qwed_code", "Not decided here.", answer, || post(checks::undecided))),
    ]
}

fn attesting() -> Vec<Route> {
    let known = "/v1/attestations/{jti}";
    let get_one = || get(attestations::get);
    vec![
        Route {
            access: Access::Scope(CREATE),
            statuses: &[201, 200],
            ..write(
                of::<IssueParams>,
                read(
                    "/v1/attestations",
                    "qwed_issue",
                    "Issue an attestation, or say why not.",
                    Answers::Json(of::<AttestationResult>),
                    || post(attestations::issue),
                ),
            )
        },
        Route {
            access: Access::Open,
            raw: &[attestations::JWT],
            ..write(
                of::<VerifyTokenParams>,
                read(
                    "/v1/attestations/verify",
                    "qwed_verify",
                    "Whether a token is to be believed.",
                    Answers::Json(of::<VerifyTokenAnswer>),
                    || post(attestations::verify),
                ),
            )
        },
        Route {
            answers: Answers::JsonOr(of::<AttestationAnswer>, &[attestations::JWT, attestations::JSON]),
            ..read(known, "qwed_get", "An attestation.", Answers::Json(of::<AttestationAnswer>), get_one)
        },
        Route {
            access: Access::Scope(CREATE),
            ..write(
                of::<RevokeParams>,
                read(
                    "/v1/attestations/{jti}/revoke",
                    "qwed_revoke",
                    "Withdraw an attestation.",
                    Answers::Json(of::<AttestationAnswer>),
                    || post(attestations::revoke),
                ),
            )
        },
    ]
}

fn registry() -> Vec<Route> {
    let (all, one) = (Answers::Json(of::<IssuersAnswer>), Answers::Json(of::<IssuerInfo>));
    let keys = Answers::Json(of::<Jwks>);
    vec![
        read("/v1/issuers", "qwed_issuers", "The issuers.", all, || get(issuers::all)),
        read("/registry/issuers.json", "qwed_registry", "The same.", all, || get(issuers::all)),
        Route {
            statuses: &[200, 503],
            ..read("/v1/issuers/jwks.json", "qwed_jwks", "The keys that sign attestations.", keys, || {
                get(issuers::jwks)
            })
        },
        read("/v1/issuers/{did}", "qwed_issuer", "An issuer.", one, || get(issuers::one)),
        write(
            of::<IssuerParams>,
            read(
                "/v1/issuers/{did}/set",
                "qwed_issuer_set",
                "Say who an issuer is; for operators.",
                one,
                || post(issuers::set),
            ),
        ),
    ]
}

fn badges() -> Vec<Route> {
    let picture = Answers::Text(SVG);
    let attestation = "/badge/attestation/{jti}";
    vec![
        Route {
            statuses: &[200, 404],
            ..read(attestation, "qwed_badge", "The state of an attestation.", picture, || {
                get(attestations::badge)
            })
        },
        read("/badge/verified", "qwed_badge_verified", "The word verified.", picture, || {
            get(async || badge::Badge::status("verified").answer(StatusCode::OK, Keep::Moment))
        }),
        read("/badge/status/{status}", "qwed_badge_status", "A status, by its name.", picture, || {
            get(status_badge)
        }),
        read("/badge/engine/{engine}", "qwed_badge_engine", "The name of an engine.", picture, || {
            get(engine_badge)
        }),
        Route {
            query: Some(of::<BadgeQuery>),
            ..read("/badge/custom", "qwed_badge_custom", "A badge of one's own.", picture, || {
                get(custom_badge)
            })
        },
    ]
}

type Named = Result<axum::extract::Path<String>, PathRejection>;

async fn status_badge(path: Named) -> Result<Response, Failure> {
    Ok(badge::Badge::status(&part(path)?).answer(StatusCode::OK, Keep::Moment))
}

async fn engine_badge(path: Named) -> Result<Response, Failure> {
    Ok(badge::Badge::engine(&part(path)?).answer(StatusCode::OK, Keep::Moment))
}

async fn custom_badge(query: Result<Query<BadgeQuery>, QueryRejection>) -> Result<Response, Failure> {
    let BadgeQuery { label, message, color, logo } = question(query)?;
    Ok(badge::Badge::custom(&label, &message, &color, &logo).answer(StatusCode::OK, Keep::Moment))
}

/// An answer with its token in the header too.
fn attested(mut response: Response, token: Option<&str>) -> Response {
    if let Some(token) = token.and_then(|token| HeaderValue::from_str(token).ok()) {
        response.headers_mut().insert(HEADER, token);
    }
    response
}

/// The place in a chain, and the key of the header if the body has none.
///
/// # Errors
/// `Unprocessable` when the two differ.
fn idempotency(mut chain: ChainParams, headers: &HeaderMap) -> Result<ChainParams, ApiError> {
    let header = headers.get("idempotency-key").map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
    if let (Some(given), Some(header)) = (&chain.idempotency_key, &header)
        && given != header
    {
        let fault = "idempotency_key: differs from the header Idempotency-Key".to_owned();
        return Err(SurfaceError::Unprocessable { fault }.into());
    }
    chain.idempotency_key = chain.idempotency_key.or(header);
    Ok(chain)
}

/// The status its clients expect of an error.
pub(super) const fn status(error: &ApiError) -> u16 {
    usual_status(error)
}
