//! ProofNest's clients: identities, proofs, batches, in their words and with their statuses.
//!
//! - `identities` registers and lists them, `proofs` takes and shows proofs, `verify` checks them, `batches` proves them by
//!   the root of their block, `rpc` are the methods of its chain; `view` is a proof as its clients read it.
//!
//! Ids are taken with their prefix, with a second one, or without; in a path raw or percent-encoded (X22). Unknown members
//! and kinds are refused (X29). Votes on proofs are another matter, and every proof is `PENDING` to its clients.

use std::time::Duration;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::routing::{get, post};
use model::error::{AccessError, ApiError, SurfaceError};
use proto::primitive::ProofId;
use rand::TryRng as _;
use serde_json::Value;

use super::usual_status;
use crate::api::Api;
use crate::custody::{Custody, CustodyError};
use crate::guard::access::Access;
use crate::rest::part;
use crate::route::{Answers, Route, Verb, read, write};
use crate::schema::{SchemaOf, of};

mod batches;
mod identities;
mod proofs;
pub(crate) mod rpc;
mod verify;
mod view;

/// How long a caller waits for the ledger to decide.
const WAIT: Duration = Duration::from_secs(15);

/// Its rows.
pub(super) fn routes() -> Vec<Route> {
    let json = Answers::Json(of::<Value>);
    vec![
        scoped(
            "identity:create",
            of::<identities::Wanted>,
            read(
                "/v1/identities",
                "proofnest_createIdentity",
                "Register an identity whose key this node keeps.",
                json,
                || post(identities::create),
            ),
        ),
        Route {
            query: Some(of::<identities::Page>),
            ..read("/v1/identities", "proofnest_identities", "The identities of ProofNest.", json, || {
                get(identities::list)
            })
        },
        scoped(
            "proof:create",
            of::<proofs::Wanted>,
            read(
                "/v1/proofs",
                "proofnest_createProof",
                "Tell a proof, signed by its issuer or by a key held here.",
                json,
                || post(proofs::create),
            ),
        ),
        Route {
            query: Some(of::<proofs::Page>),
            ..read("/v1/proofs", "proofnest_proofs", "The latest proofs.", json, || get(proofs::list))
        },
        read("/v1/proofs/{id}", "proofnest_proof", "A proof.", json, || get(proofs::get)),
        read(
            "/v1/proofs/{id}/verify",
            "proofnest_verifyProof",
            "What the checks of a proof say.",
            json,
            || get(verify::one),
        ),
        // It changes nothing, so it is the one POST that is open to all.
        Route {
            verb: Verb::Post,
            access: Access::Open,
            ..read("/v1/proofs/{id}/verify", "proofnest_verify", "The same, asked by POST.", json, || {
                post(verify::one)
            })
        },
        scoped(
            "proof:read",
            of::<verify::Many>,
            read(
                "/v1/proofs/batch-verify",
                "proofnest_verifyBatch",
                "What the checks of up to 1,000 proofs say, each under the root of its batch.",
                json,
                || post(verify::many),
            ),
        ),
        read(
            "/v1/proofs/{id}/merkle-proof",
            "proofnest_merkleProof",
            "The way from a proof to the root of its batch.",
            json,
            || get(batches::path),
        ),
        read("/v1/batches/{id}", "proofnest_batch", "The batch of a block.", json, || get(batches::get)),
    ]
}

/// A POST of this shape, for callers whose credential has this scope.
const fn scoped(scope: &'static str, body: SchemaOf, route: Route) -> Route {
    Route { access: Access::Scope(scope), ..write(body, route) }
}

/// The status its clients expect of an error.
pub(super) const fn status(error: &ApiError) -> u16 {
    // A key that is wrong is 403 here, one that is missing 401.
    if matches!(error, ApiError::Access(AccessError::Unknown { .. } | AccessError::Malformed { .. })) {
        return 403;
    }
    // What a rule of the ledger refuses.
    if matches!(error, ApiError::SubmissionRefused { .. } | ApiError::SubmissionMalformed { .. }) {
        return 400;
    }
    usual_status(error)
}

/// The text its clients look for.
pub(super) const fn detail(error: &ApiError) -> Option<&'static str> {
    match error {
        ApiError::Access(AccessError::Missing { .. }) => Some("Missing API key"),
        ApiError::Access(AccessError::Unknown { .. } | AccessError::Malformed { .. }) => {
            Some("Invalid API key")
        }
        _ => None,
    }
}

fn unknown() -> ApiError {
    SurfaceError::Unknown { what: "Proof" }.into()
}

/// A proof's id in a path. What is no id names no proof.
fn id_in(path: Result<Path<String>, PathRejection>) -> Result<ProofId, ApiError> {
    ProofId::parse_spelt(&part(path)?).map_err(|_| unknown())
}

/// A proof's id in a body.
fn named(text: &str) -> Result<ProofId, ApiError> {
    ProofId::parse_spelt(text).map_err(|fault| {
        let found: String = text.chars().take(80).collect();
        SurfaceError::Unprocessable { fault: format!("{found:?}: {fault}") }.into()
    })
}

/// Works with the keys that are held here, on a thread that may block.
///
/// # Errors
/// `Forbidden` where none are held, and whatever `work` refuses.
async fn held<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce(&dyn Custody) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let Some(custody) = api.doors().custody.clone() else {
        let fault = "this node keeps no keys for others (surfaces.dev_custody): sign with your own, and send the \
                     signature, or a signed envelope to /v1/entries";
        return Err(SurfaceError::Forbidden { fault: fault.to_owned() }.into());
    };
    match tokio::task::spawn_blocking(move || work(&*custody)).await {
        Ok(done) => done,
        Err(_) => Err(ApiError::Internal),
    }
}

/// A key could not be kept or read.
fn lost(fault: CustodyError) -> ApiError {
    tracing::error!(%fault, "a key that is held for another could not be kept or read");
    ApiError::Storage
}

/// Bytes that nobody knows.
fn random<const N: usize>() -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|fault| {
        tracing::error!(%fault, "the system gave no random bytes");
        ApiError::Internal
    })?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str, member: &'static str) -> Result<Vec<u8>, ApiError> {
    let digits = text.bytes().map(|digit| char::from(digit).to_digit(16).map(|digit| digit as u8));
    let digits: Option<Vec<u8>> = digits.collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => {
            Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
        }
        Some(_) | None => {
            Err(SurfaceError::Unprocessable { fault: format!("{member}: hex digits are expected") }.into())
        }
    }
}
