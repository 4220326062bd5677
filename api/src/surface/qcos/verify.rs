//! Verifying evidence for callers: by its hash, as it is sealed on the ledger; or a whole record, as anybody would offline.
//!
//! A convenience: who does not believe this node has the same answers from `quorate verify-evidence`, by the same rules.

use ::verify::{EvidenceAsked, EvidenceReport, EvidenceTrust, GivenTrust, verify_evidence};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use crypto::{Digest, Outside};
use ledger::LedgerReader;
use model::error::ApiError;
use proto::canon::Value;
use proto::entry::Entry;
use proto::evidence::Record;
use proto::evidence::trust::TrustBundle;
use proto::id::Tenant;
use proto::iso;
use proto::signer::algorithm;

use super::super::qod::body::{ok, read as read_body, unprocessable};
use super::body::Fields;
use super::bundles::success;
use super::kms::{Judged, hash_of, signature_of, signer};
use super::trust::{bundle, notary, now, root};
use super::view::Found;
use super::{evidence, trust};
use crate::api::{Api, Fault};
use crate::clock;
use crate::guard::principal::Principal;
use crate::respond::Failure;
use crate::routes::Context;

/// Most that are verified at once.
const BATCH_MAX: usize = 100;

/// What a hash leads to.
struct Sealed {
    found: Found,
    /// The submission that sealed it, whose receipt anybody may have.
    submission: String,
}

async fn sealed(api: &Api, tenant: &Tenant, hash: Digest) -> Result<Option<Sealed>, ApiError> {
    let tenant = tenant.clone();
    let read = move |reader: &LedgerReader| {
        let Some(job) = reader.job_of_bundle(&tenant, &hash)? else { return Ok(None) };
        let found = Found::find(reader, &tenant, &job)?.filter(|found| found.evidence.deleted.is_none());
        let Some(found) = found else { return Ok(None) };
        let entry = reader.entry(found.evidence.sealed.index)?;
        let id = entry.and_then(|(_, entry): (_, Entry)| entry.submission().map(|it| it.id()));
        Ok::<_, Fault>(id.map(|id| Sealed { found, submission: id.to_string() }))
    };
    api.read(read).await
}

fn chain(api: &Api, key: &str) -> Result<String, ApiError> {
    let root = root(api, notary(api)?);
    Ok(format!("{} Root CA → Evidence Signing Key {key}", root.terms.issuer))
}

const MEMBERS: [&str; 5] = ["bundle_hash", "signature", "key_id", "signed_at", "record"];

/// `POST /api/v2/evidence/verify`.
pub(super) async fn one(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let fields = Fields::of(&value, &MEMBERS)?;
    Ok(ok(&judged(&context.api, &principal.tenant, &fields).await?))
}

/// `POST /api/v2/evidence/verify/batch`.
pub(super) async fn batch(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let fields = Fields::of(&value, &["items"])?;
    let mut results = Vec::new();
    for item in fields.objects("items", BATCH_MAX, &MEMBERS)? {
        results.push(judged(&context.api, &principal.tenant, &item).await?);
    }
    let valid = results.iter().filter(|it| it.get("valid") == Some(&Value::Bool(true))).count();
    Ok(ok(&success(Value::object([
        ("total", (results.len() as u64).into()),
        ("valid_count", (valid as u64).into()),
        ("results", Value::List(results)),
    ]))))
}

async fn judged(api: &Api, tenant: &Tenant, fields: &Fields<'_>) -> Result<Value, ApiError> {
    if let Some(record) = fields.get("record") {
        return whole(api, record).await;
    }
    let (hash, signature) = (hash_of(fields, "bundle_hash")?, signature_of(fields)?);
    let signer = signer(api, fields.text("key_id")?).await?;
    let sealed = sealed(api, tenant, hash).await?;
    let now = clock::now();
    let stated = fields.time("signed_at")?;
    let signed_at = stated.or(sealed.as_ref().map(|it| it.found.evidence.signed_at)).unwrap_or(now);
    let judged = Judged::of(&signer, &hash, &signature, signed_at);
    let hash_holds = sealed.as_ref().is_some_and(|it| it.found.details().hash_matches);
    let valid = judged.holds() && hash_holds;
    if let (true, Some(sealed)) = (valid, &sealed) {
        evidence::verified(api, &sealed.found).await?;
    }
    let of = |text: Option<String>| Value::from(text);
    Ok(Value::object([
        ("valid", valid.into()),
        ("verified_at", iso::text(now).into()),
        ("verification_method", algorithm(signer.key.scheme()).map_or("", Outside::name).into()),
        ("trust_chain", chain(api, signer.name.as_str())?.into()),
        (
            "details",
            Value::object([
                ("bundle_hash_verified", hash_holds.into()),
                ("signature_valid", judged.signature.into()),
                ("key_not_revoked", judged.not_revoked.into()),
                ("timestamp_within_validity", judged.in_time.into()),
            ]),
        ),
        ("signed_at", iso::text(signed_at).into()),
        ("job_id", of(sealed.as_ref().map(|it| it.found.id.as_str().to_owned()))),
        // What the format leaves unsigned stands in this leaf: a time, labels, the claim.
        ("receipt_url", of(sealed.as_ref().map(|it| format!("/v1/entries/{}/receipt", it.submission)))),
    ]))
}

/// A whole record, by this node's documents of trust.
async fn whole(api: &Api, record: &Value) -> Result<Value, ApiError> {
    let record = Record::from_value(record.clone()).map_err(unprocessable)?;
    let bundle = TrustBundle::parse(&bundle(api).await?).map_err(|fault| {
        tracing::error!(%fault, "this node's trust bundle is not read");
        ApiError::Internal
    })?;
    let root = trust::root(api, notary(api)?);
    let given = GivenTrust { root: Some(root), pin: None, bundle: Some(&bundle), kept: None, now: now() };
    let report = verify_evidence(&record, &EvidenceTrust::judge(given), EvidenceAsked::default());
    Ok(told(&record, &report))
}

fn told(record: &Record, report: &EvidenceReport) -> Value {
    let of = |truth: Option<bool>| truth.map_or(Value::Null, Value::Bool);
    let details = report.details();
    let valid = report.verdict() == ::verify::Verdict::Verified;
    let key_valid = match (details.key_not_revoked, details.timestamp_within_validity) {
        (Some(one), Some(other)) => Some(one && other),
        (None, _) | (_, None) => None,
    };
    let why = report.decided_by().map(|check| check.outcome.detail());
    Value::object([
        ("valid", valid.into()),
        ("verdict", report.verdict().name().into()),
        ("decided_by", report.decided_by().map(|check| check.code.as_str()).into()),
        ("reason", why.into()),
        ("verified_at", iso::text(clock::now()).into()),
        ("verification_method", record.attestation.as_ref().map(|it| it.algorithm.as_str()).into()),
        ("trust_chain", report.facts.chain.clone().into()),
        (
            "details",
            Value::object([
                ("bundle_hash_verified", of(details.bundle_hash_verified)),
                ("signature_valid", of(details.signature_valid)),
                ("key_not_revoked", of(details.key_not_revoked)),
                ("timestamp_within_validity", of(details.timestamp_within_validity)),
            ]),
        ),
        ("hashes_valid", of(details.bundle_hash_verified)),
        ("signature_valid", of(details.signature_valid)),
        ("key_valid", of(key_valid)),
        ("evidence_valid", valid.into()),
        ("claimed_level", report.facts.claimed.name().into()),
        ("confirmed_level", report.facts.confirmed.name().into()),
    ])
}

/// `POST /api/v1/runtime/evidence/verify`.
pub(super) async fn runtime(
    State(context): State<Context>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let fields = Fields::of(&value, &["record"])?;
    let record = fields.get("record").ok_or_else(|| fields.wrong("record", "is missing"))?;
    Ok(ok(&whole(&context.api, record).await?))
}
