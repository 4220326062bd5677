//! The notary's key as a service: it signs hashes of bundles for those who may ask, and tells whether a signature is good.
//!
//! Nothing is signed but SHA-256 of a bundle's hash in hexadecimal, which is what evidence prescribes; what is asked for is
//! noted with who asked, as all that needs a credential. Keys that sign elsewhere are listed and revoked through the node's
//! service.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Digest, KeyId, Outside, PublicKey, Signature};
use ledger::signer::Signer;
use model::error::{ApiError, SurfaceError};
use proto::canon::Value;
use proto::counter::TimeMs;
use proto::evidence::{SIGNATURE_BYTES_MAX, message as message_of, signed};
use proto::id::Tenant;
use proto::iso;
use proto::operation::Operation;
use proto::signer::{SignerChange, SignerListing, SignerName, SignerRoles, algorithm, spelt};

use super::super::qod::body::{answer, ok, read as read_body, unprocessable};
use super::body::Fields;
use super::trust::notary;
use crate::api::{Api, Fault};
use crate::respond::Failure;
use crate::routes::Context;
use crate::service::{Order, Settled};
use crate::{clock, packing};

/// The scope of whoever has hashes signed.
pub(super) const SIGN: &str = "evidence:sign";
/// The scope of whoever lists and revokes keys.
pub(super) const ADMIN: &str = "kms:admin";
/// What is not there.
pub(super) const KEY: &str = "evidence key";

/// An evidence key by what it is called: its name, or its thumbprint.
///
/// # Errors
/// `Unknown`.
pub(super) async fn signer(api: &Api, name: &str) -> Result<Signer, ApiError> {
    let (by_name, by_id) = (SignerName::parse(name).ok(), name.parse::<KeyId>().ok());
    let read = move |reader: &ledger::LedgerReader| {
        let found = by_name.map(|name| reader.signer_named(&name)).transpose()?.flatten();
        match (found, by_id) {
            (None, Some(id)) => Ok::<_, Fault>(reader.signer(&id)?),
            (found, _) => Ok(found),
        }
    };
    api.read(read).await?.ok_or_else(|| SurfaceError::Unknown { what: KEY }.into())
}

/// What was found of a signature and its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub(super) signature: bool,
    pub(super) not_revoked: bool,
    pub(super) in_time: bool,
}

impl Judged {
    /// Judges a signature of a bundle's hash, made at a time.
    pub(super) fn of(signer: &Signer, hash: &Digest, signature: &[u8], signed_at: TimeMs) -> Self {
        let algorithm = algorithm(signer.key.scheme());
        let text = signed(hash);
        let holds = |it: Outside| it.verify(signer.key.as_bytes(), text.as_bytes(), signature).is_ok();
        Self {
            signature: algorithm.is_some_and(holds) && signer.roles.signs_evidence(),
            not_revoked: signer.is_believed_at(signed_at),
            in_time: signed_at >= signer.valid_from && signed_at < signer.valid_until,
        }
    }

    pub(super) const fn holds(self) -> bool {
        self.signature && self.not_revoked && self.in_time
    }
}

/// A signature in base64.
pub(super) fn signature_of(fields: &Fields<'_>) -> Result<Vec<u8>, ApiError> {
    let text = fields.text("signature")?;
    let bytes = Some(text).filter(|text| text.len() <= SIGNATURE_BYTES_MAX * 2);
    let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
    bytes.ok_or_else(|| fields.wrong("signature", "bytes in base64 are needed"))
}

/// A bundle's hash.
pub(super) fn hash_of(fields: &Fields<'_>, name: &str) -> Result<Digest, ApiError> {
    fields.hash(name)?.ok_or_else(|| fields.wrong(name, "is missing"))
}

/// `POST /api/v1/quantum/crypto/sign`.
pub(super) async fn sign(
    State(context): State<Context>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let api = &context.api;
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let fields = Fields::of(&value, &["message", "key_id", "algorithm"])?;
    let hash = hash_of(&fields, "message")?;
    let notary = notary(api)?;
    if fields.maybe_text("key_id")?.is_some_and(|name| name != notary.name().as_str()) {
        return Err(ApiError::from(SurfaceError::Unknown { what: KEY }).into());
    }
    let own = algorithm(notary.public().scheme()).map_or("", Outside::name);
    if fields.maybe_text("algorithm")?.is_some_and(|name| name != own) {
        return Err(fields.wrong("algorithm", &format!("this key signs with {own}")).into());
    }
    packing::listed(api, notary).await?;
    let signed_at = clock::now();
    if let Err(fault) = signer(api, notary.name().as_str()).await?.may_sign_evidence(signed_at) {
        let fault = format!("{} signs no more: {fault}", notary.name());
        return Err(ApiError::from(SurfaceError::Conflict { fault }).into());
    }
    let signature = notary.sign(&hash);
    Ok(ok(&Value::object([
        ("signature", STANDARD.encode(spelt(&signature)).into()),
        ("key_id", notary.name().as_str().into()),
        ("algorithm", own.into()),
        ("signed_at", iso::text(signed_at).into()),
        ("message_digest", message_of(&hash).to_string().into()),
        ("digest_algorithm", "SHA-256".into()),
    ])))
}

/// `POST /api/v1/quantum/crypto/verify`.
pub(super) async fn verify(
    State(context): State<Context>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let fields = Fields::of(&value, &["message", "signature", "key_id", "algorithm", "signed_at"])?;
    let (hash, signature) = (hash_of(&fields, "message")?, signature_of(&fields)?);
    let signer = signer(&context.api, fields.text("key_id")?).await?;
    let now = clock::now();
    let own = algorithm(signer.key.scheme()).map_or("", Outside::name);
    let same = fields.maybe_text("algorithm")?.is_none_or(|name| name == own);
    let judged = Judged::of(&signer, &hash, &signature, fields.time("signed_at")?.unwrap_or(now));
    Ok(ok(&Value::object([
        ("valid", (same && judged.holds()).into()),
        ("verified_at", iso::text(now).into()),
        ("key_id", signer.name.as_str().into()),
        ("algorithm", own.into()),
        (
            "details",
            Value::object([
                ("algorithm_matches", same.into()),
                ("signature_valid", judged.signature.into()),
                ("key_not_revoked", judged.not_revoked.into()),
                ("timestamp_within_validity", judged.in_time.into()),
            ]),
        ),
    ])))
}

/// `GET /api/v1/kms/listing`: whose name a key's consent to be listed is about.
pub(super) async fn author(State(context): State<Context>) -> Result<Response, Failure> {
    let api = &context.api;
    let network = *api.doors().set().network();
    Ok(ok(&Value::object([
        ("network", network.to_string().into()),
        ("author", api.doors().service.author().as_str().into()),
        ("domain", "quorate/v1/signer-possession".into()),
    ])))
}

/// `POST /api/v1/kms/keys`: lists a key that signs elsewhere.
pub(super) async fn list(
    State(context): State<Context>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let known = ["key_id", "algorithm", "public_key", "valid_from", "valid_until", "possession"];
    let fields = Fields::of(&value, &known)?;
    let name = SignerName::parse(fields.text("key_id")?).map_err(unprocessable)?;
    let of_name = fields.text("algorithm")?;
    let scheme = crypto::Scheme::ALL
        .into_iter()
        .find(|scheme| algorithm(*scheme).is_some_and(|it| it.name() == of_name))
        .ok_or_else(|| fields.wrong("algorithm", "one of ML-DSA-65, Ed25519, ECDSA-P256 is needed"))?;
    let decoded = |member: &str| {
        let bytes = STANDARD.decode(fields.text(member)?).ok();
        bytes.ok_or_else(|| fields.wrong(member, "bytes in base64 are needed"))
    };
    let time = |member: &str| fields.time(member)?.ok_or_else(|| fields.wrong(member, "is missing"));
    let listing = SignerListing {
        name,
        key: PublicKey::parse(scheme, &decoded("public_key")?).map_err(unprocessable)?,
        roles: SignerRoles::Evidence,
        valid_from: time("valid_from")?,
        valid_until: time("valid_until")?,
        possession: Signature::parse(scheme, &decoded("possession")?).map_err(unprocessable)?,
    };
    let key = listing.key.id();
    let told = Value::object([("key_id", listing.name.as_str().into()), ("key_ref", key.to_string().into())]);
    change(&context.api, SignerChange::List(Box::new(listing))).await?;
    Ok(answer(StatusCode::CREATED, &told))
}

/// `POST /api/v1/kms/keys/{key_id}/revoke`.
pub(super) async fn revoke(
    State(context): State<Context>,
    Path(key_id): Path<String>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let api = &context.api;
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let fields = Fields::of(&value, &["reason", "revoked_at"])?;
    let (reason, from) = (fields.text("reason")?.to_owned(), fields.time("revoked_at")?);
    let known = signer(api, &key_id).await?;
    change(api, SignerChange::Revoke { key: known.key.id(), reason, from }).await?;
    let revoked = signer(api, &key_id).await?;
    let said = revoked.revoked.ok_or(ApiError::Internal)?;
    Ok(ok(&Value::object([
        ("key_id", revoked.name.as_str().into()),
        ("revoked_at", iso::text(said.from).into()),
        ("published_at", iso::text(said.time).into()),
        ("number", said.number.into()),
        ("log_index", said.at.index.get().into()),
    ])))
}

/// Has the service say it, and waits until it is committed.
async fn change(api: &Api, change: SignerChange) -> Result<(), ApiError> {
    api.doors().service.endorsed_by_now(api).await?;
    let operation = Operation::Signer(Box::new(change));
    match api.doors().service.submit(api, Order::once(Tenant::default_tenant(), operation)).await? {
        Settled::Refused { detail: fault, .. } => Err(SurfaceError::Conflict { fault }.into()),
        settled @ (Settled::Logged(_) | Settled::Pending { .. }) => settled.logged().map(|_| ()),
    }
}
