//! Jobs: opened, moved on, cancelled, told of. Each is an order that this node's service signs.
//!
//! A job that is opened under a name of the caller's own is one job, however often the request is sent to this node; under
//! none, each request opens another.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ledger::LedgerReader;
use ledger::evidence::Evidence;
use ledger::job::{Job, Progress};
use model::error::{ApiError, SurfaceError};
use model::scalar::Uint;
use proto::canon::Value;
use proto::counter::LeafIndex;
use proto::id::Tenant;
use proto::job::{
    ARTIFACTS_MAX, Act, Backend, Completion, JobArtifact, JobId, JobRetention, JobState, PPM, Plan,
    Provenance, ProviderRun, TAGS_MAX,
};
use proto::operation::{Operation, RetentionClass};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::qod::body::{answer, ok, read as read_body, unprocessable};
use super::body::Fields;
use super::view::{qubits, said, status, when};
use crate::api::{Api, Fault};
use crate::guard::principal::Principal;
use crate::paging::{self, List};
use crate::respond::Failure;
use crate::rest::question;
use crate::routes::Context;
use crate::service::{Order, Place, Settled};
use crate::waiting::arrived;

/// What is not there.
pub(crate) const JOB: &str = "job";

/// Which page of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParams {
    /// Jobs on a page, 1 to 200; else 50.
    limit: Option<Uint>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// The job a path names.
///
/// # Errors
/// `Unknown`: what cannot be a job's name is no job's.
pub(crate) fn job_id(text: &str) -> Result<JobId, ApiError> {
    JobId::parse(text).map_err(|_| SurfaceError::Unknown { what: JOB }.into())
}

/// `POST /api/v2/jobs`.
pub(super) async fn open(
    State(context): State<Context>,
    principal: Principal,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let (id, plan) = opened(&value)?;
    plan.check().map_err(unprocessable)?;
    order(&context.api, &principal.tenant, job(&id, Act::Open(Box::new(plan)))).await?;
    let told = find(&context.api, &principal.tenant, &id).await?;
    Ok(answer(StatusCode::CREATED, &told))
}

fn job(id: &JobId, act: Act) -> Operation {
    Operation::Job { job: id.clone(), act }
}

fn opened(value: &Value) -> Result<(JobId, Plan), ApiError> {
    let known = [
        "job_id",
        "backend",
        "provenance",
        "shots_requested",
        "cost",
        "retention",
        "submitted_at",
        "queued_at",
    ];
    let fields = Fields::of(value, &known)?;
    let id = match fields.maybe_text("job_id")? {
        Some(text) => JobId::parse(text).map_err(|fault| fields.wrong("job_id", &fault.to_string()))?,
        None => {
            JobId::parse(&format!("job_{:016x}", rand::random::<u64>())).map_err(|_| ApiError::Internal)?
        }
    };
    let backend = fields.object("backend", &["id", "version", "provider", "qubits", "status"])?;
    let provenance = fields.object(
        "provenance",
        &["git_commit", "image_digest", "config_hash", "circuit_hash", "compiler_version"],
    )?;
    let cost = fields.object("cost", &["estimate_usd", "currency", "chargeback_tags"])?;
    let plan = Plan {
        backend: Backend {
            id: backend.text("id")?.to_owned(),
            version: backend.text_or_empty("version")?,
            provider: backend.text_or_empty("provider")?,
            qubits: u32::try_from(backend.whole("qubits")?.unwrap_or_default())
                .map_err(|_| backend.wrong("qubits", "is out of range"))?,
            status: backend.text_or_empty("status")?,
        },
        provenance: Provenance {
            git_commit: provenance.text_or_empty("git_commit")?,
            image: provenance.hash("image_digest")?,
            config: provenance.hash("config_hash")?,
            circuit: provenance.hash("circuit_hash")?,
            compiler: provenance.text_or_empty("compiler_version")?,
        },
        shots: fields
            .whole("shots_requested")?
            .ok_or_else(|| fields.wrong("shots_requested", "is missing"))?,
        estimate_micros: cost.millionths("estimate_usd")?.unwrap_or_default(),
        currency: cost.maybe_text("currency")?.unwrap_or("USD").to_owned(),
        tags: cost.texts("chargeback_tags", TAGS_MAX)?,
        retention: retention(&fields)?,
        submitted_at: fields.time("submitted_at")?,
        queued_at: fields.time("queued_at")?,
    };
    Ok((id, plan))
}

/// The class of retention: its name, or an object that says more.
fn retention(fields: &Fields<'_>) -> Result<JobRetention, ApiError> {
    let (name, days, write_once) = match fields.get("retention") {
        None => return Ok(JobRetention::Class(RetentionClass::Standard)),
        Some(Value::Text(name)) => (name.as_str(), None, None),
        Some(_) => {
            let said = fields.object("retention", &["class", "days", "immutable"])?;
            let days = said.whole("days")?.map(u32::try_from).transpose();
            let days = days.map_err(|_| said.wrong("days", "is out of range"))?;
            (said.text("class")?, days, said.flag("immutable")?)
        }
    };
    model::job::class(name, days, write_once).map_err(unprocessable)
}

/// `POST /api/v2/jobs/{job_id}/state`.
pub(super) async fn state(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
    headers: HeaderMap,
    bytes: Body,
) -> Result<Response, Failure> {
    let id = self::job_id(&job_id)?;
    let value = read_body(&headers, bytes).await?.unwrap_or(Value::Null);
    let act = moved(&value)?;
    act.check().map_err(unprocessable)?;
    let (tenant, of) = (principal.tenant.clone(), id.clone());
    // What another node was told a moment ago is here a moment later.
    arrived(&context.api, move |reader| Ok(reader.job(&tenant, &of)?)).await?;
    order(&context.api, &principal.tenant, job(&id, act)).await?;
    Ok(ok(&find(&context.api, &principal.tenant, &id).await?))
}

/// `DELETE /api/v1/runtime/jobs/{job_id}`: what has not ended fails, and the log says that it was cancelled.
///
/// Only what runs can fail (rule J2), so one that never ran is said to run and to fail at once. Who is cut off between the
/// two finds it running, and cancels it then.
pub(super) async fn cancel(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
) -> Result<Response, Failure> {
    let (api, id) = (&context.api, self::job_id(&job_id)?);
    let (tenant, of) = (principal.tenant.clone(), id.clone());
    let found = arrived(api, move |reader| Ok(reader.job(&tenant, &of)?)).await?;
    let reason = match found.ok_or(ApiError::from(SurfaceError::Unknown { what: JOB }))?.state() {
        JobState::Created => {
            order(api, &principal.tenant, job(&id, Act::Run { at: None })).await?;
            "cancelled before it ran"
        }
        JobState::Running => "cancelled while it ran",
        state @ (JobState::Completed | JobState::Failed) => {
            let fault =
                format!("job {id} is {state}: what has ended is not cancelled, and stays on the ledger");
            return Err(ApiError::from(SurfaceError::Conflict { fault }).into());
        }
    };
    order(api, &principal.tenant, job(&id, Act::Fail { at: None, reason: reason.to_owned() })).await?;
    Ok(ok(&find(api, &principal.tenant, &id).await?))
}

fn moved(value: &Value) -> Result<Act, ApiError> {
    let known =
        ["status", "started_at", "completed_at", "execution", "cost", "artifacts", "results", "reason"];
    let fields = Fields::of(value, &known)?;
    let only = |names: &[&str]| match known.iter().find(|name| fields.has(name) && !names.contains(name)) {
        Some(other) => Err(fields.wrong(other, "does not belong to this status")),
        None => Ok(()),
    };
    match fields.text("status")? {
        "running" | "JobRunning" => {
            only(&["status", "started_at"])?;
            Ok(Act::Run { at: fields.time("started_at")? })
        }
        "failed" | "JobFailed" => {
            only(&["status", "completed_at", "reason"])?;
            Ok(Act::Fail { at: fields.time("completed_at")?, reason: fields.text_or_empty("reason")? })
        }
        "completed" | "JobCompleted" => {
            only(&["status", "completed_at", "execution", "cost", "artifacts", "results"])?;
            let completion = Box::new(completion(&fields)?);
            Ok(Act::Complete { at: fields.time("completed_at")?, completion })
        }
        _ => Err(fields.wrong("status", "is running, completed or failed")),
    }
}

fn completion(fields: &Fields<'_>) -> Result<Completion, ApiError> {
    let provider = ["provider_job_id", "compiled_artifact_hash", "raw_provider_result_hash"];
    let execution =
        fields.object("execution", &[&["shots_completed", "success_rate"][..], &provider].concat())?;
    let cost = fields.object("cost", &["final_usd"])?;
    let known = ["name", "hash", "size_bytes", "content_type"];
    let mut artifacts = Vec::new();
    for it in fields.objects("artifacts", ARTIFACTS_MAX, &known)? {
        artifacts.push(JobArtifact {
            name: it.text("name")?.to_owned(),
            sha256: it.hash("hash")?.ok_or_else(|| it.wrong("hash", "is missing"))?,
            bytes: it.whole("size_bytes")?.ok_or_else(|| it.wrong("size_bytes", "is missing"))?,
            content_type: it.maybe_text("content_type")?.unwrap_or("application/octet-stream").to_owned(),
        });
    }
    let results = fields.maybe_text("results")?.unwrap_or("results.json");
    let at = match artifacts.iter().position(|it| it.name == results) {
        Some(at) => at,
        None if artifacts.len() == 1 && !fields.has("results") => 0,
        None => {
            let fault = "names the artifact that is the results; without it, that is results.json";
            return Err(fields.wrong("results", fault));
        }
    };
    let provider = match provider.iter().filter(|name| execution.has(name)).count() {
        0 => None,
        _ => Some(ProviderRun {
            job: execution.text("provider_job_id")?.to_owned(),
            compiled: execution.text("compiled_artifact_hash")?.to_owned(),
            raw_result: execution.text("raw_provider_result_hash")?.to_owned(),
        }),
    };
    let rate = execution.millionths("success_rate")?.unwrap_or(u64::from(PPM));
    Ok(Completion {
        shots: execution
            .whole("shots_completed")?
            .ok_or_else(|| execution.wrong("shots_completed", "is missing"))?,
        success_ppm: u32::try_from(rate).map_err(|_| execution.wrong("success_rate", "is 0 to 1"))?,
        final_micros: cost.millionths("final_usd")?.unwrap_or_default(),
        provider,
        artifacts,
        results: u32::try_from(at).map_err(|_| ApiError::Internal)?,
    })
}

/// Has something done with a job, and waits until it is committed.
///
/// # Errors
/// What the ledger refuses, in the words of its clients' statuses; `NotConfigured`, `Undecided`, and what the node refuses.
pub(crate) async fn order(api: &Api, tenant: &Tenant, operation: Operation) -> Result<Place, ApiError> {
    api.doors().service.endorsed_by_now(api).await?;
    match api.doors().service.submit(api, Order::once(tenant.clone(), operation)).await? {
        Settled::Refused { id, code, detail } => Err(refusal(code, detail.clone())
            .map_or(ApiError::SubmissionRefused { id: id.into(), reason: code, detail }, ApiError::from)),
        settled @ (Settled::Logged(_) | Settled::Pending { .. }) => settled.logged(),
    }
}

/// The rules that its clients know by a status.
fn refusal(code: &str, fault: String) -> Option<SurfaceError> {
    match code {
        "unknown_job" => Some(SurfaceError::Unknown { what: JOB }),
        "no_evidence" => Some(SurfaceError::Unknown { what: super::evidence::EVIDENCE }),
        "job_exists" | "job_state" | "job_not_completed" | "evidence_sealed" | "evidence_verified"
        | "evidence_kept" => Some(SurfaceError::Conflict { fault }),
        "job_time" | "job_shots" => Some(SurfaceError::Unprocessable { fault }),
        "evidence_deleted" => Some(SurfaceError::Gone { fault }),
        "service_over" => Some(SurfaceError::NotConfigured { fault }),
        _ => None,
    }
}

/// `GET /api/v2/jobs/{job_id}`.
pub(super) async fn one(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
) -> Result<Response, Failure> {
    let id = self::job_id(&job_id)?;
    Ok(ok(&find(&context.api, &principal.tenant, &id).await?))
}

/// What is told of a job.
///
/// # Errors
/// `Unknown`, `Storage` or `Internal`.
pub(crate) async fn find(api: &Api, tenant: &Tenant, id: &JobId) -> Result<Value, ApiError> {
    let (of, which) = (tenant.clone(), id.clone());
    let read = move |reader: &LedgerReader| {
        let Some(job) = reader.job(&of, &which)? else { return Ok(None) };
        let evidence = reader.evidence(&of, &which)?;
        Ok::<_, Fault>(Some(told(&of, &which, &job, evidence.as_ref())))
    };
    api.read(read).await?.ok_or_else(|| SurfaceError::Unknown { what: JOB }.into())
}

/// `GET /api/v2/jobs`.
pub(super) async fn list(
    State(context): State<Context>,
    principal: Principal,
    query: Result<Query<PageParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let PageParams { limit, cursor } = question(query)?;
    let limit = paging::limit(limit)?;
    let tenant = principal.tenant;
    let list = List::new("jobs", context.api.doors().set().network(), Some(&tenant));
    let before = list.place_at(cursor.as_deref())?.map(LeafIndex::new);
    let read = move |reader: &LedgerReader| {
        // One more than is shown tells whether there is another page.
        let mut found = reader.jobs(&tenant, before, limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(leaf, _)| leaf.get());
        let mut items = Vec::new();
        for (_, id) in found {
            let Some(job) = reader.job(&tenant, &id)? else { continue };
            items.push(told(&tenant, &id, &job, reader.evidence(&tenant, &id)?.as_ref()));
        }
        Ok::<_, Fault>((items, next))
    };
    let (items, next) = context.api.read(read).await?;
    Ok(ok(&Value::object([
        ("items", Value::List(items)),
        ("next_cursor", next.map(|place| list.cursor_at(place)).into()),
    ])))
}

/// A job as its tenant sees it.
pub(crate) fn told(tenant: &Tenant, id: &JobId, job: &Job, evidence: Option<&Evidence>) -> Value {
    let Plan { backend, retention, shots, .. } = &job.plan;
    let reason = match &job.progress {
        Progress::Failed { reason, .. } => said(reason),
        Progress::Created | Progress::Running { .. } | Progress::Completed { .. } => Value::Null,
    };
    Value::object([
        ("job_id", id.as_str().into()),
        ("tenant_id", tenant.as_str().into()),
        ("status", job.state().name().into()),
        (
            "backend",
            Value::object([
                ("id", backend.id.as_str().into()),
                ("version", said(&backend.version)),
                ("provider", said(&backend.provider)),
                ("qubits", qubits(backend.qubits)),
                ("status", said(&backend.status)),
            ]),
        ),
        ("shots_requested", (*shots).into()),
        ("shots_completed", job.completion().map(|it| it.shots).into()),
        ("submitted_at", when(Some(job.submitted_at))),
        ("queued_at", when(Some(job.queued_at))),
        ("started_at", when(job.started().map(|step| step.time))),
        ("completed_at", when(job.ended().map(|step| step.time))),
        (
            "retention",
            Value::object([
                ("class", retention.name().into()),
                ("days", u64::from(retention.days()).into()),
                ("immutable", retention.is_write_once().into()),
            ]),
        ),
        ("reason", reason),
        ("evidence_status", evidence.map(status).into()),
    ])
}
