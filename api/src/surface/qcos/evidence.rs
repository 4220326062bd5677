//! Evidence of a job: had made, told of, given out.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use ledger::LedgerReader;
use ledger::job::{Job, artifact_id};
use model::error::{ApiError, SurfaceError};
use proto::canon::{Value, py_ascii};
use proto::id::{SubmissionId, Tenant};
use proto::iso;
use proto::job::{JobArtifact, JobId, JobState};
use proto::operation::Operation;
use proto::operation::evidence::EvidenceAct;

use super::super::qod::body::{answer, ok};
use super::jobs::{JOB, job_id, order};
use super::view::{Details, Found};
use crate::api::{Api, Fault};
use crate::guard::principal::Principal;
use crate::packing;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// What is not there before it is sealed.
pub(crate) const EVIDENCE: &str = "evidence of this job";
/// What a job did not leave.
const ARTIFACT: &str = "artifact";

/// The job, and its evidence if there is some.
async fn look(api: &Api, tenant: &Tenant, id: &JobId) -> Result<(Job, Option<Found>), ApiError> {
    let (of, which) = (tenant.clone(), id.clone());
    let read = move |reader: &LedgerReader| {
        let Some(job) = reader.job(&of, &which)? else { return Ok(None) };
        Ok::<_, Fault>(Some((job, Found::find(reader, &of, &which)?)))
    };
    api.read(read).await?.ok_or_else(|| SurfaceError::Unknown { what: JOB }.into())
}

/// The evidence of a job that has some and was not deleted.
///
/// # Errors
/// `Unknown`, `Conflict` of a job that gets none, `Gone`.
pub(crate) async fn find(api: &Api, tenant: &Tenant, id: &JobId) -> Result<Found, ApiError> {
    let (job, found) = look(api, tenant, id).await?;
    match found {
        Some(found) => kept(found),
        None => {
            completed(id, &job)?;
            Err(SurfaceError::Unknown { what: EVIDENCE }.into())
        }
    }
}

/// It, unless it was deleted.
///
/// # Errors
/// `Gone`.
pub(super) fn kept(found: Found) -> Result<Found, ApiError> {
    match found.evidence.deleted {
        None => Ok(found),
        Some(at) => {
            let fault = format!("the evidence was deleted by entry {}; its hashes stay", at.index);
            Err(SurfaceError::Gone { fault }.into())
        }
    }
}

fn completed(id: &JobId, job: &Job) -> Result<(), ApiError> {
    match job.state() {
        JobState::Completed => Ok(()),
        state @ JobState::Failed => {
            let fault = format!("job {id} is {state}: no evidence is generated of it");
            Err(SurfaceError::Conflict { fault }.into())
        }
        state @ (JobState::Created | JobState::Running) => {
            let fault = format!("job {id} is {state}: evidence is made of a job that was completed");
            Err(SurfaceError::Conflict { fault }.into())
        }
    }
}

/// `GET /api/v2/jobs/{job_id}/evidence`.
pub(super) async fn manifest(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
) -> Result<Response, Failure> {
    let (api, id) = (&context.api, self::job_id(&job_id)?);
    Ok(match made(api, &principal.tenant, &id).await? {
        Some(found) => ok(&told(api, &found)),
        None => accepted(&begin(api, &principal.tenant, &id).await?),
    })
}

/// The evidence of a completed job, if it is made.
///
/// # Errors
/// `Unknown` of no such job, `Conflict` of one that was not completed, `Gone`.
pub(super) async fn made(api: &Api, tenant: &Tenant, id: &JobId) -> Result<Option<Found>, ApiError> {
    let (job, found) = look(api, tenant, id).await?;
    if found.is_none() {
        completed(id, &job)?;
    }
    found.map(kept).transpose()
}

/// Has the evidence of a completed job made, and says that it is.
///
/// # Errors
/// `NotConfigured`; `Internal` when that cannot be noted.
pub(super) async fn begin(api: &Api, tenant: &Tenant, id: &JobId) -> Result<Value, ApiError> {
    let Some(notary) = &api.doors().notary else {
        let fault = "this node signs no evidence".to_owned();
        return Err(SurfaceError::NotConfigured { fault }.into());
    };
    let underway = packing::wanted(notary, tenant, id).await?;
    Ok(Value::object([
        ("job_id", id.as_str().into()),
        ("status", underway.name().into()),
        ("task_id", packing::task_name(tenant, id)[..16].into()),
        ("detail", "packaging in progress".into()),
    ]))
}

/// What is being made is to be asked for again.
pub(super) fn accepted(value: &Value) -> Response {
    let mut response = answer(StatusCode::ACCEPTED, value);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
    response
}

/// What is told of evidence.
pub(crate) fn told(api: &Api, found: &Found) -> Value {
    let details = found.details();
    let Details { signature_valid, hash_matches, chain_verified, key_good } = details;
    let path = format!("/api/v2/jobs/{}/evidence", found.id);
    let counted = api.doors().notary.as_ref().map(|notary| notary.counted(&found.tenant, &found.id));
    Value::object([
        ("manifest", found.manifest()),
        ("download_url", format!("{path}/bundle").into()),
        ("record_url", format!("{path}/record").into()),
        ("verified", details.verified().into()),
        (
            "verification_details",
            Value::object([
                ("signature_valid", signature_valid.into()),
                ("hash_matches", hash_matches.into()),
                ("chain_verified", chain_verified.into()),
                ("key_good", key_good.into()),
            ]),
        ),
        ("bundle_id", found.evidence.record.as_str().into()),
        ("bundle_hash", format!("sha256:{}", found.evidence.bundle).into()),
        ("claim_level", found.evidence.claim.name().into()),
        ("status", found.status().into()),
        ("verification_count", counted.into()),
        ("chain", chain(found)),
        ("log_index", found.evidence.sealed.index.get().into()),
    ])
}

/// Its place in the chain of its tenant's evidence.
pub(super) fn chain(found: &Found) -> Value {
    Value::object([
        ("previous_bundle", found.evidence.previous.map(|it| format!("sha256:{it}")).into()),
        ("sequence", found.evidence.number.into()),
        ("merkle_root", format!("sha256:{}", found.evidence.root).into()),
    ])
}

/// Notes that somebody verified the evidence of a job here, and says so on the ledger if it is the first time anywhere.
///
/// # Errors
/// As the node refuses; that another was first is none.
pub(crate) async fn verified(api: &Api, found: &Found) -> Result<(), ApiError> {
    let Some(notary) = &api.doors().notary else { return Ok(()) };
    notary.count(&found.tenant, &found.id);
    if found.evidence.verified.is_some() {
        return Ok(());
    }
    let operation = Operation::Evidence { job: found.id.clone(), act: EvidenceAct::Verified };
    match order(api, &found.tenant, operation).await {
        Ok(_) | Err(ApiError::Surface(SurfaceError::Conflict { .. })) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// `POST /api/v2/jobs/{job_id}/evidence/verify`: each verification counts at this node; the first that holds is told to all.
pub(super) async fn verify(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
) -> Result<Response, Failure> {
    let (api, id) = (&context.api, self::job_id(&job_id)?);
    let found = find(api, &principal.tenant, &id).await?;
    let valid = found.details().verified();
    if valid {
        verified(api, &found).await?;
    }
    let Value::Object(mut members) = told(api, &find(api, &principal.tenant, &id).await?) else {
        return Err(ApiError::Internal.into());
    };
    members.insert("valid".to_owned(), valid.into());
    members.insert("verified_at".to_owned(), iso::text(crate::clock::now()).into());
    Ok(ok(&Value::Object(members)))
}

/// Canonical JSON that is written as it was hashed.
pub(super) fn canonical(value: &Value) -> Response {
    respond::of(StatusCode::OK, "application/json", Keep::Never, py_ascii::encode(value))
}

/// `GET /api/v2/jobs/{job_id}/evidence/bundle`.
pub(super) async fn bundle(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
) -> Result<Response, Failure> {
    let id = self::job_id(&job_id)?;
    Ok(canonical(&find(&context.api, &principal.tenant, &id).await?.bundle()))
}

/// `GET /api/v2/jobs/{job_id}/evidence/record`.
pub(super) async fn record(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
) -> Result<Response, Failure> {
    let id = self::job_id(&job_id)?;
    Ok(canonical(&find(&context.api, &principal.tenant, &id).await?.record().to_value()))
}

/// What a job left; `committed` is where its bytes can be had.
fn listed(number: usize, it: &JobArtifact, committed: Option<SubmissionId>) -> Value {
    Value::object([
        ("artifact_id", artifact_id(number).into()),
        ("name", it.name.as_str().into()),
        ("size_bytes", it.bytes.into()),
        ("content_type", it.content_type.as_str().into()),
        ("hash", format!("sha256:{}", it.sha256).into()),
        ("download_url", committed.map(|id| format!("/v1/artifacts/{id}/bytes")).into()),
    ])
}

/// `GET /api/v2/jobs/{job_id}/artifacts`.
pub(super) async fn artifacts(
    State(context): State<Context>,
    principal: Principal,
    Path(job_id): Path<String>,
) -> Result<Response, Failure> {
    let id = self::job_id(&job_id)?;
    let (job, _) = look(&context.api, &principal.tenant, &id).await?;
    let artifacts = job.completion().map(|it| it.artifacts.as_slice()).unwrap_or_default();
    let hashes: Vec<_> = artifacts.iter().map(|it| it.sha256).collect();
    let read = move |reader: &LedgerReader| {
        let committed = hashes.iter().map(|hash| reader.artifact_with(&principal.tenant, hash));
        Ok::<_, Fault>(committed.collect::<Result<Vec<_>, _>>()?)
    };
    let committed = context.api.read(read).await?;
    let total = artifacts.iter().fold(0_u128, |sum, it| sum + u128::from(it.bytes));
    let items = artifacts.iter().zip(committed).enumerate();
    let items = items.map(|(number, (it, committed))| listed(number, it, committed));
    Ok(ok(&Value::object([
        ("job_id", id.as_str().into()),
        ("artifacts", Value::List(items.collect())),
        ("total_size_bytes", Value::Integer(i128::try_from(total).unwrap_or(i128::MAX))),
    ])))
}

/// `GET /api/v1/runtime/jobs/{job_id}/artifacts/{artifact_id}`: by the name that its item has in the record.
pub(super) async fn artifact(
    State(context): State<Context>,
    principal: Principal,
    Path((job_id, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let id = self::job_id(&job_id)?;
    let (job, _) = look(&context.api, &principal.tenant, &id).await?;
    let artifacts = job.completion().map(|it| it.artifacts.as_slice()).unwrap_or_default();
    let found = artifacts.iter().enumerate().find(|(number, _)| artifact_id(*number) == name);
    let (number, it) = found.ok_or_else(|| ApiError::from(SurfaceError::Unknown { what: ARTIFACT }))?;
    let hash = it.sha256;
    let read = move |reader: &LedgerReader| Ok::<_, Fault>(reader.artifact_with(&principal.tenant, &hash)?);
    Ok(ok(&listed(number, it, context.api.read(read).await?)))
}
