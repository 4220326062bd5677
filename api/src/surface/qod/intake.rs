//! Intents, samples, finalizations: each an order that this node's service signs, once.
//!
//! A finalization that is asked for again, here or elsewhere, at once or after an answer was lost, finds the one record:
//! the ledger finalizes once, and who comes late is told what was decided. A sample that was sent again under the same
//! `x-request-id` is the same sample.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use crypto::sha256;
use ledger::LedgerReader;
use ledger::session::{Profile, Session};
use model::error::{ApiError, SurfaceError};
use proto::canon::Value;
use proto::id::Tenant;
use proto::operation::Operation;
use proto::session::{Act, Intent, Sample, SessionId};

use super::body::{self, Members, ok, session, unprocessable};
use super::record::{self, Kept, Sealed};
use crate::api::{Api, Fault};
use crate::guard::principal::Principal;
use crate::respond::Failure;
use crate::routes::Context;
use crate::service::{Order, Place, Settled};
use crate::waiting::arrived;

/// What is not there.
pub(super) const SESSION: &str = "session";

/// `POST /intent`.
pub(super) async fn intent(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = body::read(&headers, bytes).await?.unwrap_or(Value::Null);
    let known = ["text", "target_p95_latency_ms", "target_jitter_ms", "duration_s", "flow_label"];
    let members = Members::of(&value, &known)?;
    let intent = Intent {
        text: members.text("text")?.to_owned(),
        target_p95_latency_ms: members.whole("target_p95_latency_ms")?,
        target_jitter_ms: members.whole("target_jitter_ms")?,
        duration_s: members.whole("duration_s")?,
        flow_label: members.text_or("flow_label", Intent::LABEL)?.to_owned(),
    };
    intent.check().map_err(unprocessable)?;
    let session = SessionId::random(rand::random());
    let profile = Profile::of(intent.target_p95_latency_ms);
    order(&context.api, &principal.tenant, session, Act::Open(Box::new(intent)), 0).await?;
    Ok(ok(&Value::object([
        ("session_id", session.to_string().into()),
        ("qos_profile", profile.name().into()),
        ("qos_status", "REQUESTED".into()),
        ("message", "opened; its provider answers within 2 s of block time".into()),
    ])))
}

/// `POST /telemetry`.
pub(super) async fn telemetry(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = body::read(&headers, bytes).await?.unwrap_or(Value::Null);
    let members = Members::of(&value, &["session_id", "n", "p50_ms", "p95_ms", "jitter_ms", "notes"])?;
    let session = session(members.text("session_id")?)?;
    let sample = Sample {
        packets: members.whole("n")?,
        p50_us: members.microseconds("p50_ms")?,
        p95_us: members.microseconds("p95_ms")?,
        jitter_us: members.microseconds("jitter_ms")?,
        notes: members.text_or("notes", "")?.to_owned(),
    };
    sample.check().map_err(unprocessable)?;
    // What is told twice counts twice, unless it is one request that was sent again.
    let named = ["x-request-id", "x-correlation-id"].iter().find_map(|name| headers.get(*name));
    let nonce = match named {
        Some(name) => {
            sha256(name.as_bytes()).as_bytes()[..8].iter().fold(0, |sum, b| sum << 8 | u64::from(*b))
        }
        None => rand::random(),
    };
    let tenant = principal.tenant.clone();
    arrived(&context.api, move |reader| own(reader, &tenant, &session)).await?;
    order(&context.api, &principal.tenant, session, Act::Sample(Box::new(sample)), nonce).await?;
    Ok(ok(&Value::object([("status", "stored".into())])))
}

/// `POST /proof/{sid}/finalize`.
pub(super) async fn finalize(
    State(context): State<Context>,
    principal: Principal,
    Path(sid): Path<String>,
) -> Result<Response, Failure> {
    let id = session(&sid)?;
    Ok(ok(&finalized(&context.api, &principal, id).await?.answer()))
}

/// The proof of a session, made now if it was not before.
///
/// # Errors
/// `Unknown`, `BadRequest` without samples, `Gone`; `NotConfigured` when this node cannot seal it, and then nothing is
/// made; `Undecided` when the ledger has not decided in time, and whatever the node refuses.
pub(super) async fn finalized(api: &Api, principal: &Principal, id: SessionId) -> Result<Sealed, ApiError> {
    let tenant = principal.tenant.clone();
    // It may have been measured through another node a moment ago.
    let measured = |it: &Session| it.finalized.is_some() || it.samples.count > 0;
    let ready = move |reader: &LedgerReader| Ok(own(reader, &tenant, &id)?.filter(measured));
    let session = match arrived(api, ready).await? {
        Some(session) => session,
        None => {
            let tenant = principal.tenant.clone();
            let found = api.read(move |reader| own(reader, &tenant, &id)).await?;
            found.ok_or(SurfaceError::Unknown { what: SESSION })?
        }
    };
    if session.finalized.is_none() {
        // What cannot be sealed is not begun.
        api.doors().service.endorsed_by_now(api).await?;
        match order(api, &principal.tenant, id, Act::Finalize, 0).await {
            // Another node was asked too, and was first.
            Ok(_) | Err(ApiError::Surface(SurfaceError::Conflict { .. })) => {}
            Err(fault) => return Err(fault),
        }
    }
    // What another node had decided is here a moment later than the refusal that tells of it.
    arrived(api, move |reader| Ok(Kept::find(reader, id)?)).await?;
    let sealed = record::sealed(api, &api.doors().authenticator.sight(Some(principal)), id).await?;
    sealed.ok_or_else(|| SurfaceError::Unknown { what: record::PROOF }.into())
}

/// A session of this tenant. Another's is not there, and is looked for as long as one that nobody opened.
fn own(reader: &LedgerReader, tenant: &Tenant, id: &SessionId) -> Result<Option<Session>, Fault> {
    Ok(reader.session(id)?.filter(|session| session.tenant == *tenant))
}

/// Has something done with a session, and waits until it is committed.
///
/// # Errors
/// What the ledger refuses, in the words of its clients' statuses; `NotConfigured`, `Undecided`, and what the node refuses.
pub(super) async fn order(
    api: &Api,
    tenant: &Tenant,
    session: SessionId,
    act: Act,
    nonce: u64,
) -> Result<Place, ApiError> {
    api.doors().service.endorsed_by_now(api).await?;
    let order = Order { nonce, ..Order::once(tenant.clone(), Operation::Session { session, act }) };
    match api.doors().service.submit(api, order).await? {
        Settled::Refused { id, code, detail } => Err(refusal(code, detail.clone())
            .map_or(ApiError::SubmissionRefused { id: id.into(), reason: code, detail }, ApiError::from)),
        settled @ (Settled::Logged(_) | Settled::Pending { .. }) => settled.logged(),
    }
}

/// The rules that its clients know by a status.
fn refusal(code: &str, fault: String) -> Option<SurfaceError> {
    match code {
        // Another tenant's session is not there.
        "unknown_session" | "session_tenant" => Some(SurfaceError::Unknown { what: SESSION }),
        "no_samples" => Some(SurfaceError::BadRequest { fault }),
        "session_finalized" | "too_many_samples" => Some(SurfaceError::Conflict { fault }),
        "session_deleted" => Some(SurfaceError::Gone { fault }),
        "service_over" => Some(SurfaceError::NotConfigured { fault }),
        _ => None,
    }
}
