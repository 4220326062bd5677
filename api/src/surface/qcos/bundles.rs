//! Evidence by the names of its bundles: `{"success": true, "data": …}` around what is told of the same sealed object.
//!
//! A bundle comes with its place in the tenant's chain; and with what an authority of time said of a head that covers it,
//! where this node has that at hand: another may have asked other authorities, or none.

use anchor::{Record, State as Standing};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{delete, get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::error::ApiError;
use proto::canon::Value;
use proto::counter::{LeafIndex, TimeMs};
use proto::evidence::PROTOCOL;
use proto::iso;
use proto::operation::Operation;
use proto::operation::evidence::EvidenceAct;

use super::super::qod::body::{ok, read as read_body};
use super::body::Fields;
use super::jobs::{job_id, order};
use super::records::{self, RecordParams};
use super::view::Found;
use super::{WRITE, evidence, verify};
use crate::api::Api;
use crate::guard::access::Access;
use crate::guard::principal::Principal;
use crate::respond::Failure;
use crate::route::{Answers, Route, Verb, read, write};
use crate::routes::Context;
use crate::schema::of;

/// Why a bundle is deleted, as the log says it.
const REASON: &str = "asked for by its tenant";

/// Its rows.
pub(super) fn routes() -> Vec<Route> {
    let json = Answers::Json(of::<serde_json::Value>);
    let credential = |route: Route| Route { access: Access::Credential, ..route };
    let post_json = |route: Route| write(of::<serde_json::Value>, route);
    vec![
        Route {
            statuses: &[200, 202],
            access: Access::Scope(WRITE),
            ..post_json(read(
                "/api/v2/evidence/generate",
                "qcos_generate",
                "Have the evidence of a completed job made.",
                json,
                || post(generate),
            ))
        },
        Route {
            query: Some(of::<RecordParams>),
            ..credential(read(
                "/api/v2/evidence/list",
                "qcos_bundles",
                "The caller's bundles, the newest first.",
                json,
                || get(list),
            ))
        },
        credential(read(
            "/api/v2/evidence/{bundle_id}",
            "qcos_bundle_named",
            "One of them, with its place in the chain.",
            json,
            || get(one),
        )),
        Route {
            verb: Verb::Delete,
            access: Access::Scope(WRITE),
            ..read(
                "/api/v2/evidence/{bundle_id}",
                "qcos_delete",
                "Serve a bundle no more, where its retention allows that; its hashes stay.",
                json,
                || delete(remove),
            )
        },
        credential(read(
            "/api/v2/evidence/{bundle_id}/export",
            "qcos_export",
            "All forms of a bundle, to be taken away.",
            json,
            || get(export),
        )),
        credential(post_json(read(
            "/api/v2/evidence/verify/batch",
            "qcos_verify_batch",
            "Verify up to a hundred at once.",
            json,
            || post(verify::batch),
        ))),
    ]
}

/// The envelope of what went well.
pub(super) fn success(data: Value) -> Value {
    Value::object([("success", true.into()), ("data", data)])
}

/// `POST /api/v2/evidence/generate`.
async fn generate(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let api = &context.api;
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let id = job_id(Fields::of(&value, &["job_id"])?.text("job_id")?)?;
    Ok(match evidence::made(api, &principal.tenant, &id).await? {
        Some(found) => ok(&success(told(api, &found)?)),
        None => evidence::accepted(&success(evidence::begin(api, &principal.tenant, &id).await?)),
    })
}

/// `GET /api/v2/evidence/list`.
async fn list(
    State(context): State<Context>,
    principal: Principal,
    query: Result<Query<RecordParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let page = records::list(&context.api, principal.tenant, query, "bundle_id").await?;
    Ok(ok(&success(Value::object(page))))
}

/// `GET /api/v2/evidence/{bundle_id}`.
async fn one(
    State(context): State<Context>,
    principal: Principal,
    Path(bundle_id): Path<String>,
) -> Result<Response, Failure> {
    let api = &context.api;
    let found = records::find(api, &principal.tenant, &bundle_id).await?;
    Ok(ok(&success(told(api, &found)?)))
}

/// A bundle 1.0, and what is known of it besides.
fn told(api: &Api, found: &Found) -> Result<Value, ApiError> {
    let Value::Object(mut members) = found.bundle() else { return Err(ApiError::Internal) };
    let sealed = found.evidence.sealed.index;
    let more = [
        ("bundle_hash", Some(format!("sha256:{}", found.evidence.bundle).into())),
        ("claim_level", Some(found.evidence.claim.name().into())),
        ("status", Some(found.status().into())),
        ("chain", Some(evidence::chain(found))),
        ("log_index", Some(sealed.get().into())),
        ("timestamp_proof", timestamp_proof(api, sealed)),
    ];
    let more = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    members.extend(more);
    Ok(Value::Object(members))
}

/// The earliest time that an authority signed of a head that covers the leaf, of the newest anchors. Source: RFC 3161.
fn timestamp_proof(api: &Api, sealed: LeafIndex) -> Option<Value> {
    let newest = api.doors().anchoring.newest.borrow().clone();
    let covering = newest.iter().filter(|one| one.size > sealed.get());
    let stamps = covering.flat_map(|one| one.records.iter().filter_map(|record| stamp(one.size, record)));
    stamps.min_by_key(|(time_ms, _)| *time_ms).map(|(_, told)| told)
}

/// What an authority said of the head of that size, and when; none of another kind of anchor, or one under way.
fn stamp(size: u64, record: &Record) -> Option<(u64, Value)> {
    let Standing::Stamped { time_ms, authority, .. } = &record.standing else { return None };
    let token = record.evidence.as_ref()?;
    let told = Value::object([
        ("authority", authority.as_str().into()),
        ("timestamp", iso::text(TimeMs::new(*time_ms)).into()),
        ("token", STANDARD.encode(token).into()),
        // The text whose SHA-256 was stamped: a head that the bundle's receipt leads to.
        ("checkpoint_url", format!("/v1/anchors/{size}/checkpoint.txt").into()),
    ]);
    Some((*time_ms, told))
}

/// `GET /api/v2/evidence/{bundle_id}/export`: documents of trust are named only, for they are to be had from elsewhere than
/// what they judge.
async fn export(
    State(context): State<Context>,
    principal: Principal,
    Path(bundle_id): Path<String>,
) -> Result<Response, Failure> {
    let found = records::find(&context.api, &principal.tenant, &bundle_id).await?;
    Ok(ok(&success(Value::object([
        ("bundle_id", found.evidence.record.as_str().into()),
        ("job_id", found.id.as_str().into()),
        ("protocol", PROTOCOL.into()),
        ("record", found.record().to_value()),
        ("bundle", found.bundle()),
        ("chain", evidence::chain(&found)),
        ("receipt_url", format!("/v1/entries/{}/receipt", found.evidence.sealed.index).into()),
        ("trust_root_url", "/api/v1/kms/trust-root".into()),
        ("trust_bundle_url", "/api/v1/kms/trust-bundle".into()),
    ]))))
}

/// `DELETE /api/v2/evidence/{bundle_id}`.
async fn remove(
    State(context): State<Context>,
    principal: Principal,
    Path(bundle_id): Path<String>,
) -> Result<Response, Failure> {
    let api = &context.api;
    let found = records::find(api, &principal.tenant, &bundle_id).await?;
    let act = EvidenceAct::Delete { reason: REASON.to_owned() };
    let place = order(api, &principal.tenant, Operation::Evidence { job: found.id.clone(), act }).await?;
    Ok(ok(&success(Value::object([
        ("bundle_id", found.evidence.record.as_str().into()),
        ("job_id", found.id.as_str().into()),
        ("status", "deleted".into()),
        ("bundle_hash", format!("sha256:{}", found.evidence.bundle).into()),
        ("deleted_at", iso::text(place.time).into()),
        ("reason", REASON.into()),
        ("log_index", place.index.get().into()),
    ]))))
}
