//! Whom to believe about evidence, as documents that anybody may have: this node's trust root, and the bundle of all keys.
//!
//! The root is this node's word for its own notary key, by a key that signs nothing else; it begins with the network and has
//! one version. The bundle lists every evidence key of the ledger, whoever's service listed it, with the revocations in the
//! order in which the log has them. Who pins the root of one node verifies what the notaries of all of them signed.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use crypto::Scheme;
use ledger::LedgerReader;
use ledger::read::ReadError;
use ledger::signer::Signer;
use model::error::{ApiError, SurfaceError};
use proto::canon::{Value, py_ascii};
use proto::counter::TimeMs;
use proto::evidence::trust::{
    BundleSignature, ListedKey, OperationalKey, Revocation, RevocationCheckpoint, RevocationHead, RootKey,
    RootSignature, RootTerms, TrustBundle, TrustRoot,
};
use proto::evidence::{MERKLE, PROTOCOL};
use proto::iso::{Moment, Stamp};
use proto::signer::{SignerRoles, algorithm};
use verify::root_over;

use super::super::qod::body::ok;
use crate::api::{Api, Fault};
use crate::clock;
use crate::notary::{Bundle, Notary, over};
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// How long a root is good: ten years from the network's beginning.
const ROOT_MS: u64 = 3_653 * 86_400_000;
/// How old a bundle may be.
const FRESH_S: u64 = 86_400;
/// How long a bundle of a ledger that did not grow is given out before it is made anew: signing costs more than reading.
const KEPT_MS: u64 = 60_000;
/// Keys that are read at once.
const PAGE: usize = 500;

/// The notary of this node, with what it vouches for.
///
/// # Errors
/// `NotConfigured` where it has none.
pub(super) fn notary(api: &Api) -> Result<&Notary, ApiError> {
    api.doors().notary.as_ref().ok_or_else(|| {
        let fault = "this node signs no evidence".to_owned();
        SurfaceError::NotConfigured { fault }.into()
    })
}

fn named(scheme: Scheme) -> String {
    algorithm(scheme).map_or("", crypto::Outside::name).to_owned()
}

/// The root: made once, for the signature of an ML-DSA key is another each time.
pub(super) fn root<'a>(api: &Api, notary: &'a Notary) -> &'a TrustRoot {
    notary.root_once(|key| {
        let begun = api.doors().genesis.time;
        let operational = OperationalKey {
            key_id: notary.name().as_str().to_owned(),
            algorithm: named(notary.public().scheme()),
            public_key: notary.public().as_bytes().to_vec(),
            roles: SignerRoles::Both.names().iter().map(|role| (*role).to_owned()).collect(),
            valid_from: Some(Stamp::of(begun)),
            valid_until: None,
        };
        let key_id = format!("{}_root", notary.name());
        let terms = RootTerms {
            version: 1,
            issuer: api.doors().genesis.origin.clone(),
            issued_at: Stamp::of(begun),
            expires_at: Stamp::of(begun.plus(ROOT_MS)),
            previous_root_hash: None,
            root_keys: vec![RootKey {
                key_id: key_id.clone(),
                algorithm: named(key.public().scheme()),
                public_key: key.public().as_bytes().to_vec(),
            }],
            threshold: 1,
            operational_keys: vec![operational],
            revocation_freshness_policy_seconds: FRESH_S,
        };
        let root = TrustRoot::draft(terms);
        let value = over(key, &root.signed());
        root.with(RootSignature { key_id, value })
    })
}

/// What the ledger says of all evidence keys, and of those revoked in their order.
fn all(reader: &LedgerReader) -> Result<(Vec<Signer>, Vec<Signer>), ReadError> {
    let (mut listed, mut revoked) = (Vec::<Signer>::new(), Vec::new());
    loop {
        let page = reader.signers(listed.last().map(|it| it.key.id()).as_ref(), PAGE)?;
        let more = page.len() == PAGE && listed.len() < TrustBundle::KEYS_MAX;
        listed.extend(page);
        if !more {
            break;
        }
    }
    loop {
        let page = reader.revoked_signers(revoked.len() as u64, PAGE)?;
        let more = page.len() == PAGE && revoked.len() < RevocationCheckpoint::EVENTS_MAX;
        revoked.extend(page);
        if !more {
            break;
        }
    }
    Ok((listed, revoked))
}

/// How many leaves the ledger has.
fn leaves(reader: &LedgerReader) -> Result<u64, ReadError> {
    Ok(reader.tip()?.map_or(0, |tip| tip.head.size.get()))
}

fn listed_key(signer: &Signer) -> ListedKey {
    ListedKey {
        key_id: signer.name.as_str().to_owned(),
        key_ref: Some(signer.key.id().to_string()),
        algorithm: named(signer.key.scheme()),
        public_key: signer.key.as_bytes().to_vec(),
        valid_from: Some(Stamp::of(signer.valid_from)),
        valid_until: Some(Stamp::of(signer.valid_until)),
        revoked_at: signer.revoked.as_ref().map(|it| Stamp::of(it.from)),
        revocation_reason: signer.revoked.as_ref().map(|it| short(&it.reason)),
    }
}

/// A reason, no longer than documents have it.
fn short(reason: &str) -> String {
    let mut short: String = reason.chars().take(60).collect();
    if short.is_empty() {
        short.push_str("unspecified");
    }
    short
}

/// The list of revocations: in the order of blocks, those of one block by name.
fn revocations(revoked: &[Signer]) -> RevocationCheckpoint {
    let event = |signer: &Signer| {
        let said = signer.revoked.as_ref()?;
        let (from, published) = (Stamp::of(said.from), Stamp::of(said.time));
        Some(Revocation::new(signer.name.as_str().to_owned(), from, published, Some(short(&said.reason))))
    };
    let mut events: Vec<_> = revoked.iter().filter_map(event).collect();
    events.sort_by(|one, other| one.place().cmp(&other.place()));
    let root_hash = root_over(events.iter().map(|event| event.content_hash));
    RevocationCheckpoint { head: RevocationHead { tree_size: events.len() as u64, root_hash }, events }
}

/// The bundle as JSON: it knows what this node's ledger does, and is at most a minute old.
///
/// # Errors
/// `NotConfigured`; as the store fails.
pub(super) async fn bundle(api: &Api) -> Result<Arc<Vec<u8>>, ApiError> {
    let notary = notary(api)?;
    let now = clock::now();
    let size = api.read(|reader| Ok::<_, Fault>(leaves(reader)?)).await?;
    if let Some(kept) = notary.bundle_since(size, now.get().saturating_sub(KEPT_MS)) {
        return Ok(kept);
    }
    let read = |reader: &LedgerReader| Ok::<_, Fault>((leaves(reader)?, all(reader)?));
    let (size, (listed, revoked)) = api.read(read).await?;
    let keys: Vec<_> = listed.iter().map(listed_key).collect();
    let chain = [root(api, notary).clone()];
    let draft = TrustBundle::draft(&Stamp::of(now), &keys, &chain, &revocations(&revoked));
    let signature = BundleSignature {
        key_id: notary.name().as_str().to_owned(),
        algorithm: named(notary.public().scheme()),
        value: notary.sign_trust(&TrustBundle::to_sign(&draft)),
    };
    let json = Arc::new(py_ascii::encode(&TrustBundle::seal(draft, &signature)));
    notary.keep_bundle(Bundle { size, made_ms: now.get(), json: Arc::clone(&json) });
    Ok(json)
}

/// The node's time as verifiers take it.
pub(super) fn now() -> Moment {
    Moment::of(clock::now())
}

fn json(bytes: Vec<u8>) -> Response {
    respond::of(StatusCode::OK, "application/json", Keep::Never, bytes)
}

/// `GET /api/v1/kms/trust-bundle`.
pub(super) async fn trust_bundle(State(context): State<Context>) -> Result<Response, Failure> {
    Ok(json(bundle(&context.api).await?.to_vec()))
}

/// `GET /api/v1/kms/trust-root`.
pub(super) async fn trust_root(State(context): State<Context>) -> Result<Response, Failure> {
    let api = &context.api;
    Ok(json(root(api, notary(api)?).to_json()))
}

/// `GET /api/v1/kms/trust-root/{version}`.
pub(super) async fn trust_root_of(
    State(context): State<Context>,
    Path(version): Path<String>,
) -> Result<Response, Failure> {
    let api = &context.api;
    let root = root(api, notary(api)?);
    match version.parse() == Ok(root.terms.version) {
        true => Ok(json(root.to_json())),
        false => Err(ApiError::from(SurfaceError::Unknown { what: "trust root" }).into()),
    }
}

/// `GET /api/v1/runtime/evidence/trust`: how this node seals and attests.
pub(super) async fn how(State(context): State<Context>) -> Result<Response, Failure> {
    let api = &context.api;
    let notary = notary(api)?;
    let root = root(api, notary);
    let from = TimeMs::new(root.terms.issued_at.instant().micros() / 1_000);
    Ok(ok(&Value::object([
        (
            "sealing",
            Value::object([
                ("protocol", PROTOCOL.into()),
                ("canonicalization", "json-sorted-compact-ascii".into()),
                ("merkle", MERKLE.into()),
                ("by", "the ledger: digests follow from the job".into()),
            ]),
        ),
        (
            "attestation",
            Value::object([
                ("issuer", root.terms.issuer.as_str().into()),
                ("key_id", notary.name().as_str().into()),
                ("algorithm", named(notary.public().scheme()).into()),
                ("trust_bundle", "/api/v1/kms/trust-bundle".into()),
                ("trust_root", "/api/v1/kms/trust-root".into()),
                ("root_pin", format!("sha256:{}", root.pin()).into()),
                ("since", proto::iso::text(from).into()),
            ]),
        ),
        ("store", store()),
    ])))
}

/// Where evidence is kept.
pub(super) fn store() -> Value {
    Value::object([("kind", "replicated-ledger".into()), ("survives_restart", true.into())])
}
