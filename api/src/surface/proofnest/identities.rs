//! Identities of ProofNest: registered with a key that this node keeps, where it keeps any; listed for everybody.
//!
//! A caller with a key of its own registers by a signed `identity.create` instead, at `/v1/entries`, and rotates its key by
//! `key.rotate`: the DID stays what it is. Rows P46 and P47.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ledger::primitive::Listed;
use model::entry::Wait;
use model::error::{ApiError, SurfaceError};
use proto::canon::proofnest::{Role, algorithm, scheme};
use proto::id::{Did, Tenant};
use proto::operation::Operation;
use proto::submission::Body as SubmissionBody;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{WAIT, held, random};
use crate::api::Api;
use crate::body::{self, BODY_BYTES_MAX};
use crate::custody::HeldKey;
use crate::guard::principal::Principal;
use crate::respond::{self, Failure, Keep};
use crate::rest::question;
use crate::routes::Context;
use crate::service::{Place, see_through};

/// Most identities of one answer.
const LISTED_MAX: usize = 1_000;
/// Longest name, in bytes. It is said back and not kept: a DID has none.
const NAME_BYTES_MAX: usize = 200;

/// What to register.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// `human`, `agent`, `validator`, `collective`, `org` or `service`.
    #[serde(default = "agent")]
    identity_type: String,
    /// Said back, not kept.
    #[serde(default)]
    name: Option<String>,
    /// `dilithium3`, `ed25519` or `hybrid-ml-dsa-ed25519`.
    #[serde(default = "dilithium3")]
    algorithm: String,
}

fn agent() -> String {
    Role::Agent.name().to_owned()
}

fn dilithium3() -> String {
    "dilithium3".to_owned()
}

/// Which of them.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// The first, in the order of registration.
    #[serde(default)]
    from: u64,
}

/// `POST /v1/identities`.
pub(crate) async fn create(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let wanted: Wanted = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let answer = register(&context.api, principal.tenant, wanted).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

async fn register(api: &Api, tenant: Tenant, wanted: Wanted) -> Result<Value, ApiError> {
    let Wanted { identity_type, name, algorithm } = wanted;
    let unprocessable = |fault: String| ApiError::from(SurfaceError::Unprocessable { fault });
    let role = Role::from_name(&identity_type).ok_or_else(|| {
        let found: String = identity_type.chars().take(40).collect();
        let known = Role::ALL.map(Role::name).join(", ");
        unprocessable(format!("identity_type: {found:?} is none of {known}"))
    })?;
    let scheme = scheme(&algorithm).ok_or_else(|| {
        let found: String = algorithm.chars().take(40).collect();
        unprocessable(format!("algorithm: {found:?} is none of dilithium3, ed25519, hybrid-ml-dsa-ed25519"))
    })?;
    if name.as_ref().is_some_and(|name| name.len() > NAME_BYTES_MAX) {
        return Err(unprocessable(format!("name: at most {NAME_BYTES_MAX} bytes are taken")));
    }
    let network = *api.doors().set().network();
    let (did, public, signed) = held(api, move |custody| {
        let key = HeldKey::draw(scheme, &random()?).map_err(|_| ApiError::Internal)?;
        let public = key.public().clone();
        let did = Did::of_proofnest(role, &public).ok_or(ApiError::Internal)?;
        // Before anything is said: a key that was lost after its identity was registered could never speak again.
        custody.keep(&did, &key).map_err(super::lost)?;
        let keys = vec![public.clone()];
        let operation = Operation::IdentityCreate { identity: did.clone(), keys, possessions: Vec::new() };
        let body = SubmissionBody {
            network,
            tenant,
            author: did.clone(),
            key: public.clone(),
            nonce: 0,
            expires_at: None,
            operation,
        };
        let signature = key.sign(&body.signed_bytes());
        Ok((did, public, body.seal(signature)))
    })
    .await?;
    let (settled, _) = see_through(api, &signed, Wait::Committed, WAIT).await?;
    let Place { id, height, index, .. } = settled.logged()?;
    Ok(json!({
        "did": did.as_str(),
        "public_key_hex": super::hex(public.as_bytes()),
        "name": name,
        "algorithm": algorithm,
        "tx_hash": id.to_string(),
        "height": height.get(),
        "index": index.get(),
    }))
}

/// `GET /v1/identities`.
pub(crate) async fn list(
    State(context): State<Context>,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Failure> {
    let Page { from } = question(query)?;
    let answer = context
        .api
        .read(move |reader| {
            let (count, found) =
                (reader.listed_count(Listed::Identities)?, reader.proofnest_identities(from, LISTED_MAX)?);
            let identities: Vec<_> = found
                .iter()
                .map(|did| json!({ "did": did.as_str(), "type": did.proofnest_role().map(Role::name) }))
                .collect();
            Ok(json!({ "count": count, "identities": identities }))
        })
        .await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// What ProofNest calls the algorithm of a key.
pub(super) fn algorithm_of(key: &crypto::PublicKey) -> &'static str {
    algorithm(key.scheme()).unwrap_or("unknown")
}
