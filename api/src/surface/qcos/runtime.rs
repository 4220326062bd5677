//! The runtime API: the same jobs and the same evidence by the paths of QCOS's SDK.
//!
//! What says the same as a path of version 2 is the same handler. What ended stays on the ledger, so a job is deleted only
//! in that it goes on no more.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{delete, get, post};
use proto::canon::Value;

use super::super::qod::body::ok;
use super::records::{self, RecordParams};
use super::{WRITE, evidence, jobs, trust, verify};
use crate::guard::access::Access;
use crate::guard::principal::Principal;
use crate::respond::Failure;
use crate::route::{Answers, Route, Verb, read, write};
use crate::routes::Context;
use crate::schema::of;

/// Its rows.
pub(super) fn routes() -> Vec<Route> {
    let json = Answers::Json(of::<serde_json::Value>);
    let credential = |route: Route| Route { access: Access::Credential, ..route };
    let post_json = |route: Route| write(of::<serde_json::Value>, route);
    vec![
        Route {
            statuses: &[201],
            access: Access::Scope(WRITE),
            ..post_json(read("/api/v1/runtime/jobs", "runtime_open", "Open a job.", json, || {
                post(jobs::open)
            }))
        },
        Route {
            query: Some(of::<jobs::PageParams>),
            ..credential(read(
                "/api/v1/runtime/jobs",
                "runtime_jobs",
                "The caller's jobs, the newest first.",
                json,
                || get(jobs::list),
            ))
        },
        credential(read("/api/v1/runtime/jobs/{job_id}", "runtime_job", "One of them.", json, || {
            get(jobs::one)
        })),
        Route {
            verb: Verb::Delete,
            access: Access::Scope(WRITE),
            ..read(
                "/api/v1/runtime/jobs/{job_id}",
                "runtime_cancel",
                "Cancel a job that has not ended; what was said of it stays.",
                json,
                || delete(jobs::cancel),
            )
        },
        credential(read(
            "/api/v1/runtime/jobs/{job_id}/artifacts",
            "runtime_artifacts",
            "What a job left.",
            json,
            || get(evidence::artifacts),
        )),
        credential(read(
            "/api/v1/runtime/jobs/{job_id}/artifacts/{artifact_id}",
            "runtime_artifact",
            "One of these.",
            json,
            || get(evidence::artifact),
        )),
        Route {
            query: Some(of::<RecordParams>),
            ..credential(read(
                "/api/v1/runtime/evidence",
                "runtime_records",
                "The caller's records of evidence, the newest first.",
                json,
                || get(list),
            ))
        },
        credential(read(
            "/api/v1/runtime/evidence/{record_id}",
            "runtime_record",
            "One of them, as a record of qcos-evidence/1.",
            json,
            || get(one),
        )),
        credential(post_json(read(
            "/api/v1/runtime/evidence/verify",
            "runtime_verify",
            "Verify a whole record.",
            json,
            || post(verify::runtime),
        ))),
        read(
            "/api/v1/runtime/evidence/trust",
            "runtime_trust",
            "How this node seals and attests.",
            json,
            || get(trust::how),
        ),
    ]
}

/// `GET /api/v1/runtime/evidence`.
async fn list(
    State(context): State<Context>,
    principal: Principal,
    query: Result<Query<RecordParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let [items, next] = records::list(&context.api, principal.tenant, query, "record_id").await?;
    Ok(ok(&Value::object([items, next, ("store", trust::store())])))
}

/// `GET /api/v1/runtime/evidence/{record_id}`.
async fn one(
    State(context): State<Context>,
    principal: Principal,
    Path(record_id): Path<String>,
) -> Result<Response, Failure> {
    let found = records::find(&context.api, &principal.tenant, &record_id).await?;
    Ok(evidence::canonical(&found.record().to_value()))
}
