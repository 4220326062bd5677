//! Proofs: told by whoever may, found by everybody.
//!
//! Who keeps its own key signs the id and hands in the signature; the node's service then submits it. For who has its key
//! held here, the node signs as the issuer itself. In both cases the ledger judges, and the answer is what it made of it.
//! Rows P08, P12, P48, P49, X21, X29.

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{PublicKey, Signature};
use ledger::identity::Identity;
use model::entry::Wait;
use model::error::{ApiError, SurfaceError};
use model::primitive::parse_nonce;
use proto::canon::proofnest::evidence_hash;
use proto::canonical::Canonical as _;
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::primitive::{CLAIM_BYTES_MAX, Evidence, Kind, Place as ChainPlace, Primitive, Told, Whole};
use proto::submission::{Body as SubmissionBody, Submission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::view::{Found, find, seen};
use super::{WAIT, held, lost, named, random, unhex};
use crate::api::{Api, Fault};
use crate::body;
use crate::guard::principal::Principal;
use crate::guard::sight::Sight;
use crate::respond::{self, Failure, Keep};
use crate::rest::question;
use crate::routes::Context;
use crate::service::{Order, Settled, see_through};
use crate::waiting::arrived;

/// Longest body, in bytes: a claim, metadata, a signature in hex, and evidence that is hashed here.
const BODY_BYTES_MAX: usize = 512 << 10;
/// Most proofs of one answer.
const LISTED_MAX: usize = 1_000;
/// Most characters of a claim in a list.
const CLAIM_SHOWN: usize = 100;

/// What to tell.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// `CLAIM` and so on.
    #[serde(default = "claim")]
    proof_type: String,
    /// What is claimed.
    claim: String,
    /// Who claims it.
    issuer_did: String,
    /// Evidence, in base64; it is hashed and not kept.
    #[serde(default)]
    evidence_data: Option<String>,
    /// Evidence by its hash, `shake256:…`, or another proof, `proof:proof:…`.
    #[serde(default)]
    evidence: Option<String>,
    /// Whom or what it is about.
    #[serde(default)]
    subject_did: Option<String>,
    /// The proof it follows.
    #[serde(default)]
    previous_proof: Option<String>,
    /// An object, which the id does not cover.
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    /// When it ends, in seconds since 1970; the id does not cover it.
    #[serde(default)]
    expires_at: Option<u64>,
    /// The chain it is part of; the id does not cover it.
    #[serde(default)]
    chain_id: Option<String>,
    /// Which proof of the chain, from 0.
    #[serde(default)]
    chain_index: Option<u64>,
    /// When, in seconds since 1970: given by who signed.
    #[serde(default)]
    timestamp: Option<u64>,
    /// 32 hex digits: given by who signed.
    #[serde(default)]
    nonce: Option<String>,
    /// The issuer's signature over the text of the id, in hex; without it a key held here signs.
    #[serde(default)]
    signature: Option<String>,
    /// The id that was signed. It has to be what follows.
    #[serde(default)]
    proof_id: Option<String>,
}

fn claim() -> String {
    Kind::Claim.name().to_owned()
}

fn unprocessable(fault: impl ToString) -> ApiError {
    SurfaceError::Unprocessable { fault: fault.to_string() }.into()
}

pub(super) fn bad(fault: impl ToString) -> ApiError {
    SurfaceError::BadRequest { fault: fault.to_string() }.into()
}

/// `POST /v1/proofs`.
pub(crate) async fn create(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let wanted: Wanted = body::shape(&headers, body, BODY_BYTES_MAX).await?;
    let found = tell(&context.api, principal.tenant, wanted).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &found.created()))
}

async fn tell(api: &Api, tenant: Tenant, wanted: Wanted) -> Result<Found, ApiError> {
    let (issuer, keys) = issuer(api, &wanted.issuer_did).await?;
    let whole = whole(&wanted)?;
    let place = match (&wanted.chain_id, wanted.chain_index) {
        (None, None) => None,
        (Some(chain), Some(index)) if !chain.is_empty() => Some(ChainPlace { chain: chain.clone(), index }),
        (Some(_), _) | (None, Some(_)) => {
            return Err(unprocessable("chain_id, chain_index: both or neither"));
        }
    };
    let metadata = match &wanted.metadata {
        None => String::new(),
        Some(metadata) => serde_json::to_string(metadata).map_err(|_| ApiError::Internal)?,
    };
    if wanted.expires_at == Some(0) {
        return Err(unprocessable("expires_at: at least 1"));
    }
    let expected = wanted.proof_id.as_deref().map(named).transpose()?;
    let follows = |timestamp_s| match expected {
        Some(expected) if expected != whole.id(&issuer, timestamp_s) => {
            let follows = whole.id(&issuer, timestamp_s);
            Err(bad(format!("proof_id: {expected} is not the digest of the proof, which is {follows}")))
        }
        Some(_) | None => Ok(()),
    };
    let of = |timestamp_s, key: PublicKey, signature| Primitive {
        issuer: issuer.clone(),
        key,
        signature,
        timestamp_s,
        told: Told::Whole(whole.clone()),
        metadata: metadata.clone(),
        expires_at_s: wanted.expires_at,
        place: place.clone(),
    };
    let Some(signature) = &wanted.signature else {
        let timestamp_s = wanted.timestamp.unwrap_or_else(crate::clock::now_s);
        follows(timestamp_s)?;
        let id = whole.id(&issuer, timestamp_s);
        let network = *api.doors().set().network();
        let author = issuer.clone();
        // The key signs twice: the id, for whoever knows ProofNest alone, and the whole of it, as author.
        let of = {
            let (issuer, whole) = (issuer.clone(), whole.clone());
            move |key, signature| Primitive {
                issuer,
                key,
                signature,
                timestamp_s,
                told: Told::Whole(whole),
                metadata,
                expires_at_s: wanted.expires_at,
                place,
            }
        };
        let signed = held(api, move |custody| {
            let Some(key) = custody.find(&author).map_err(lost)? else {
                return Err(bad(format!("no key of {author} is held here: send its signature")));
            };
            let signature = key.sign(id.to_string().as_bytes());
            let primitive = of(key.public().clone(), signature);
            as_issuer(network, tenant, author, primitive, |message| key.sign(message))
        })
        .await?;
        see_through(api, &signed, Wait::Committed, WAIT).await?.0.logged()?;
        return found(api, id).await;
    };
    let (Some(timestamp_s), Some(_)) = (wanted.timestamp, &wanted.nonce) else {
        return Err(unprocessable("timestamp, nonce: those that were signed stand beside a signature"));
    };
    follows(timestamp_s)?;
    let id = whole.id(&issuer, timestamp_s);
    let (key, signature) = signed_by(&keys, id.to_string().as_bytes(), &unhex(signature, "signature")?)?;
    let primitive = of(timestamp_s, key, signature);
    if primitive.says_more() {
        return Err(bad(
            "metadata, expires_at and chain_id are not covered by the id: submit an envelope that the issuer signed",
        ));
    }
    // Told before, it is what it was.
    if find(api, id).await?.is_none() {
        let operation = Operation::ProofPrimitive(Box::new(primitive));
        let order = Order { timeout: WAIT, ..Order::once(tenant, operation) };
        match api.doors().service.submit(api, order).await? {
            // Another node was asked too, and was first.
            Settled::Refused { code: "proof_known", .. } => {}
            settled @ (Settled::Logged(_) | Settled::Refused { .. } | Settled::Pending { .. }) => {
                settled.logged()?;
            }
        }
    }
    found(api, id).await
}

async fn found(api: &Api, id: proto::primitive::ProofId) -> Result<Found, ApiError> {
    arrived(api, move |reader| Found::read(reader, id)).await?.ok_or(ApiError::Internal)
}

/// What the issuer's own key signs as author. Decoding checks the lengths and ranges that a body leaves open.
fn as_issuer(
    network: NetworkId,
    tenant: Tenant,
    author: Did,
    primitive: Primitive,
    sign: impl Fn(&[u8]) -> Signature,
) -> Result<Submission, ApiError> {
    let body = SubmissionBody {
        network,
        tenant,
        author,
        key: primitive.key.clone(),
        nonce: 0,
        expires_at: None,
        operation: Operation::ProofPrimitive(Box::new(primitive)),
    };
    let signature = sign(&body.signed_bytes());
    Submission::decode(body.seal(signature).bytes()).map_err(unprocessable)
}

/// The issuer and its active keys.
pub(super) async fn issuer(api: &Api, text: &str) -> Result<(Did, Vec<PublicKey>), ApiError> {
    let unknown = || {
        let shown: String = text.chars().take(100).collect();
        bad(format!("Unknown issuer: {shown}"))
    };
    let did = Did::parse(text).map_err(|_| unknown())?;
    let asked = did.clone();
    let identity = api.read(move |reader| reader.identity(&asked).map_err(Fault::Store)).await?;
    match identity.filter(|_| did.proofnest_role().is_some()) {
        Some(identity) => Ok((did, active(&identity))),
        None => Err(unknown()),
    }
}

fn active(identity: &Identity) -> Vec<PublicKey> {
    identity.active().map(|listed| listed.key.clone()).collect()
}

/// Which of these keys made this signature. What has the length of a secret key is refused before anything else is done
/// with it: clients of ProofNest were made to send theirs.
///
/// # Errors
/// `BadRequest`, and never anything of the bytes.
pub(super) fn signed_by(
    keys: &[PublicKey],
    message: &[u8],
    bytes: &[u8],
) -> Result<(PublicKey, Signature), ApiError> {
    if matches!(bytes.len(), 4_000 | 4_032) {
        return Err(bad(format!("signature: {} bytes are the length of a secret key", bytes.len())));
    }
    let made = keys.iter().find_map(|key| {
        let signature = Signature::parse(key.scheme(), bytes).ok()?;
        key.verify(message, &signature).ok()?;
        Some((key.clone(), signature))
    });
    made.ok_or_else(|| bad("the signature is by none of the issuer's active keys, over the text of the id"))
}

/// What the id is to be a digest of.
fn whole(wanted: &Wanted) -> Result<Whole, ApiError> {
    let Wanted { proof_type, claim, evidence_data, evidence, subject_did, previous_proof, nonce, .. } =
        wanted;
    if claim.len() > CLAIM_BYTES_MAX {
        let found = claim.len();
        return Err(unprocessable(format!(
            "claim: at most {CLAIM_BYTES_MAX} bytes are taken, this has {found}"
        )));
    }
    let evidence: Option<Evidence> = match (evidence_data, evidence) {
        (None, None) => None,
        (Some(data), None) => {
            let bytes =
                STANDARD.decode(data).map_err(|fault| unprocessable(format!("evidence_data: {fault}")))?;
            Some(evidence_hash(&bytes))
        }
        (None, Some(text)) => {
            Some(text.parse().map_err(|fault| unprocessable(format!("evidence: {fault}")))?)
        }
        (Some(_), Some(_)) => return Err(unprocessable("evidence, evidence_data: one of them")),
    };
    Ok(Whole {
        kind: Kind::from_name(proof_type).ok_or_else(|| {
            let (found, known) =
                (proof_type.chars().take(40).collect::<String>(), Kind::ALL.map(Kind::name).join(", "));
            unprocessable(format!("proof_type: {found:?} is none of {known}"))
        })?,
        claim: claim.clone(),
        subject: subject_did.as_deref().map(subject).transpose()?,
        evidence,
        nonce: match nonce {
            None => random()?,
            Some(text) => parse_nonce(text)
                .ok_or_else(|| unprocessable("nonce: 32 lower-case hex digits are expected"))?,
        },
        previous: previous_proof.as_deref().map(named).transpose()?,
    })
}

/// Who or what a proof is about: a DID of any method, or a proof.
fn subject(text: &str) -> Result<String, ApiError> {
    let is_one = text.starts_with("did:") || text.starts_with("proof:");
    match is_one && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => {
            Err(unprocessable("subject_did: a DID or a proof's id is expected, of at most 256 characters"))
        }
    }
}

/// `GET /v1/proofs/{id}`.
pub(crate) async fn get(
    State(context): State<Context>,
    sight: Sight,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let id = super::id_in(path)?;
    match seen(&context.api, &sight, id).await? {
        Some(found) => Ok(respond::json(StatusCode::OK, Keep::Never, &found.full())),
        None => Err(super::unknown().into()),
    }
}

/// How many.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: usize,
    /// Only those before this number, in the order in which they were told.
    #[serde(default = "all")]
    before: u64,
}

fn hundred() -> usize {
    100
}

fn all() -> u64 {
    u64::MAX
}

/// `GET /v1/proofs`: the latest first.
pub(crate) async fn list(
    State(context): State<Context>,
    sight: Sight,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Failure> {
    let Page { limit, before } = question(query)?;
    if !(1..=LISTED_MAX).contains(&limit) {
        return Err(unprocessable(format!("limit: 1 to {LISTED_MAX} are given, not {limit}")).into());
    }
    let answer = context
        .api
        .read(move |reader| {
            let mut proofs = Vec::new();
            for id in reader.proofs_before(before, limit)? {
                let Some(found) = Found::seen(reader, &sight, id)? else { continue };
                let claim: String = found.claim().chars().take(CLAIM_SHOWN).collect();
                proofs.push(json!({
                    "proof_id": id.to_string(),
                    "claim": claim,
                    "type": found.kind(),
                    "consensus": super::view::CONSENSUS,
                }));
            }
            Ok(json!({ "count": proofs.len(), "proofs": proofs }))
        })
        .await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}
