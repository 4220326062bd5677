//! `/sessions`: a tenant's own sessions, proven or not, and their withdrawal.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ledger::LedgerReader;
use ledger::session::Session;
use model::error::{ApiError, SurfaceError};
use proto::canon::Value;
use proto::counter::TimeMs;
use proto::session::{Act, Intent, SessionId};
use serde::Deserialize;

use super::body::{self, ok};
use super::intake::{SESSION, order};
use super::record::{epoch, profile};
use crate::api::Fault;
use crate::guard::principal::Principal;
use crate::respond::Failure;
use crate::rest::question;
use crate::routes::Context;

/// Most sessions in one answer.
const PAGE: usize = 100;
/// Most sessions that one answer looks at, those of other tenants included.
const LOOKED_AT_MAX: usize = 1_000;

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    after: Option<String>,
}

/// `GET /sessions`, in the order of their ids; `after` goes on behind one of them.
pub(super) async fn list(
    State(context): State<Context>,
    principal: Principal,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, Failure> {
    let after = question(query)?.after.as_deref().map(body::session).transpose()?;
    let read = move |reader: &LedgerReader| {
        let now = reader.tip()?.map_or(TimeMs::ZERO, |tip| tip.time);
        let (mut sessions, mut last) = (Vec::new(), None);
        let found = reader.sessions(after.as_ref(), LOOKED_AT_MAX)?;
        let all = found.len() < LOOKED_AT_MAX;
        let mut rest = found.into_iter();
        for (id, session) in rest.by_ref() {
            last = Some(id);
            if session.tenant == principal.tenant && session.deleted.is_none() {
                sessions.push(told(&id, &session, now));
            }
            if sessions.len() == PAGE {
                break;
            }
        }
        let next = last.filter(|_| !all || rest.next().is_some());
        Ok::<_, Fault>((sessions, next))
    };
    let (sessions, next) = context.api.read(read).await?;
    Ok(ok(&Value::object([
        ("sessions", Value::List(sessions)),
        ("next", next.map(|id| id.to_string()).into()),
    ])))
}

/// `GET /sessions/{sid}`.
pub(super) async fn one(
    State(context): State<Context>,
    principal: Principal,
    Path(sid): Path<String>,
) -> Result<Response, Failure> {
    let id = body::session(&sid)?;
    let read = move |reader: &LedgerReader| {
        let now = reader.tip()?.map_or(TimeMs::ZERO, |tip| tip.time);
        Ok::<_, Fault>(reader.session(&id)?.map(|session| (session, now)))
    };
    let found = context.api.read(read).await?.filter(|(session, _)| session.tenant == principal.tenant);
    let (session, now) = found.ok_or_else(|| ApiError::from(SurfaceError::Unknown { what: SESSION }))?;
    if let Some(at) = session.deleted {
        let fault = format!("the {SESSION} was deleted by entry {}; its proof and hashes stay", at.index);
        return Err(ApiError::from(SurfaceError::Gone { fault }).into());
    }
    Ok(ok(&told(&id, &session, now)))
}

/// `DELETE /sessions/{sid}`: withdraws it. The log says so, and keeps what it says.
pub(super) async fn delete(
    State(context): State<Context>,
    principal: Principal,
    Path(sid): Path<String>,
) -> Result<Response, Failure> {
    let id = body::session(&sid)?;
    let place = order(&context.api, &principal.tenant, id, Act::Delete, 0).await?;
    Ok(ok(&Value::object([
        ("status", "deleted".into()),
        ("session_id", id.to_string().into()),
        ("tombstone", place.id.to_string().into()),
    ])))
}

fn told(id: &SessionId, session: &Session, now: TimeMs) -> Value {
    let Intent { text, target_p95_latency_ms, target_jitter_ms, duration_s, flow_label } = &session.intent;
    let whole = |number: u32| Value::from(u64::from(number));
    let status = match now.get().saturating_sub(session.opened_at.get()) {
        0..2_000 => "REQUESTED",
        2_000.. => "AVAILABLE",
    };
    Value::object([
        ("session_id", id.to_string().into()),
        ("created_at", epoch(session.opened_at)),
        ("qos_profile", profile(session).into()),
        ("qos_status", status.into()),
        (
            "intent",
            Value::object([
                ("text", text.as_str().into()),
                ("target_p95_latency_ms", whole(*target_p95_latency_ms)),
                ("target_jitter_ms", whole(*target_jitter_ms)),
                ("duration_s", whole(*duration_s)),
                ("flow_label", flow_label.as_str().into()),
            ]),
        ),
        ("samples_count", whole(session.samples.count)),
        ("this_hash", session.finalized.map(|it| it.this.to_string()).into()),
    ])
}
