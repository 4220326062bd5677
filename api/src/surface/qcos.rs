//! Evidence of jobs: what clients of QCOS call, and the statuses they expect.
//!
//! A tenant opens a job, says how it goes on, and has evidence of what came of it: one record, signed by this node's notary,
//! in two forms. Jobs and seals are the ledger's (`ledger/JOBS.md`); here are the paths, and what is made anew from what the
//! ledger keeps. Another tenant's job is not there: it is looked for under the caller's own tenant alone, so what is asked
//! of it is answered in the same words, after the same work, as of a job that nobody has.
//!
//! - `jobs` opens jobs, moves them on and tells of them; `evidence` has evidence made and gives it out;
//! - `records` finds evidence by its own name and lists it, for `runtime`, the paths of the SDK, and `bundles`, those that
//!   have an envelope;
//! - `kms` is the notary's key as a service, `trust` the documents by which others believe it, `verify` is for callers;
//! - `view` makes records, bundles and manifests of what is kept; `body` reads what clients send.

use axum::routing::{get, post};
use model::error::ApiError;
use serde_json::Value;

use super::usual_status;
use crate::guard::access::Access;
use crate::route::{Answers, Route, Verb, read, write};
use crate::schema::of;

mod body;
mod bundles;
pub(crate) mod evidence;
pub(crate) mod jobs;
mod kms;
mod records;
mod runtime;
mod trust;
mod verify;
pub(crate) mod view;

/// The scope of whoever opens jobs and moves them on.
pub(crate) const WRITE: &str = "job:create";

/// Its rows.
pub(super) fn routes() -> Vec<Route> {
    let json = Answers::Json(of::<Value>);
    let write = |route: Route| Route { access: Access::Scope(WRITE), ..write(of::<Value>, route) };
    let credential = |route: Route| Route { access: Access::Credential, ..route };
    let own = vec![
        Route {
            statuses: &[201],
            ..write(read("/api/v2/jobs", "qcos_open", "Open a job.", json, || post(jobs::open)))
        },
        Route {
            query: Some(of::<jobs::PageParams>),
            ..credential(read(
                "/api/v2/jobs",
                "qcos_jobs",
                "The caller's jobs, the newest first.",
                json,
                || get(jobs::list),
            ))
        },
        credential(read("/api/v2/jobs/{job_id}", "qcos_job", "One of them.", json, || get(jobs::one))),
        write(read(
            "/api/v2/jobs/{job_id}/state",
            "qcos_state",
            "Say that a job runs, was completed, or failed.",
            json,
            || post(jobs::state),
        )),
        Route {
            statuses: &[200, 202],
            ..credential(read(
                "/api/v2/jobs/{job_id}/evidence",
                "qcos_evidence",
                "What its evidence is; has it made, if it is not.",
                json,
                || get(evidence::manifest),
            ))
        },
        credential(read(
            "/api/v2/jobs/{job_id}/evidence/bundle",
            "qcos_bundle",
            "The evidence as a bundle 1.0.",
            json,
            || get(evidence::bundle),
        )),
        credential(read(
            "/api/v2/jobs/{job_id}/evidence/record",
            "qcos_record",
            "The evidence as a record of qcos-evidence/1.",
            json,
            || get(evidence::record),
        )),
        Route {
            verb: Verb::Post,
            ..credential(read(
                "/api/v2/jobs/{job_id}/evidence/verify",
                "qcos_verify_stored",
                "Verify the evidence of a job, as it is kept; the first time it holds is told to all.",
                json,
                || post(evidence::verify),
            ))
        },
        credential(read(
            "/api/v2/jobs/{job_id}/artifacts",
            "qcos_artifacts",
            "What a job left.",
            json,
            || get(evidence::artifacts),
        )),
        Route {
            access: Access::Scope(kms::SIGN),
            ..write(read(
                "/api/v1/quantum/crypto/sign",
                "kms_sign",
                "Sign the hash of a bundle with this node's evidence key.",
                json,
                || post(kms::sign),
            ))
        },
        credential(write(read(
            "/api/v1/quantum/crypto/verify",
            "kms_verify",
            "Verify a signature of a bundle's hash.",
            json,
            || post(kms::verify),
        ))),
        Route {
            access: Access::Scope(kms::ADMIN),
            ..read(
                "/api/v1/kms/listing",
                "kms_listing",
                "Whose name a key's consent to be listed is about.",
                json,
                || get(kms::author),
            )
        },
        Route {
            access: Access::Scope(kms::ADMIN),
            statuses: &[201],
            ..write(read(
                "/api/v1/kms/keys",
                "kms_list",
                "List an evidence key that signs elsewhere.",
                json,
                || post(kms::list),
            ))
        },
        Route {
            access: Access::Scope(kms::ADMIN),
            ..write(read(
                "/api/v1/kms/keys/{key_id}/revoke",
                "kms_revoke",
                "Revoke an evidence key.",
                json,
                || post(kms::revoke),
            ))
        },
        read(
            "/api/v1/kms/trust-bundle",
            "kms_trust_bundle",
            "Every evidence key, and what was revoked, signed.",
            json,
            || get(trust::trust_bundle),
        ),
        read("/api/v1/kms/trust-root", "kms_trust_root", "Whom this node's bundles rest on.", json, || {
            get(trust::trust_root)
        }),
        read("/api/v1/kms/trust-root/{version}", "kms_trust_root_of", "A version of it.", json, || {
            get(trust::trust_root_of)
        }),
        credential(write(read(
            "/api/v2/evidence/verify",
            "qcos_verify",
            "Verify evidence by its hash, or a whole record.",
            json,
            || post(verify::one),
        ))),
    ];
    [own, runtime::routes(), bundles::routes()].into_iter().flatten().collect()
}

/// The status its clients expect of an error.
pub(super) const fn status(error: &ApiError) -> u16 {
    usual_status(error)
}
