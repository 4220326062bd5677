//! Quality-on-demand proofs: what its clients call, and the statuses they expect.
//!
//! A client opens a session, tells what it measured, and has a proof made; whoever holds the proof, the artifact and the
//! keys checks them without us. Sessions, sums and the chain are the ledger's (`ledger/SESSIONS.md`); here are the paths,
//! the seal of this node's service, and the files beside a proof, all made anew from what the ledger keeps.
//!
//! - `intake` takes intents, samples and finalizations; `sessions` lists and withdraws;
//! - `record` makes records, bundles and files of them; `verify` judges; `keys` tells whose seals are good;
//! - `body` reads and writes JSON with floats as text; `node` is what its clients ask of a process.

use axum::routing::{delete, get, post};
use model::error::ApiError;
use serde_json::Value;

use super::usual_status;
use crate::guard::access::Access;
use crate::route::{Answers, Route, Verb, read, write};
use crate::schema::of;

pub(crate) mod body;
pub(crate) mod intake;
pub(crate) mod keys;
mod node;
pub(crate) mod record;
pub(crate) mod rpc;
mod sessions;
pub(crate) mod verify;

/// The scope of whoever opens, measures, finalizes and withdraws.
pub(crate) const WRITE: &str = "proof:create";

/// Its rows.
pub(super) fn routes() -> Vec<Route> {
    let json = Answers::Json(of::<Value>);
    let write = |route: Route| Route { access: Access::Scope(WRITE), ..write(of::<Value>, route) };
    let credential = |route: Route| Route { access: Access::Credential, ..route };
    vec![
        write(read("/intent", "qod_intent", "Ask for a quality: opens a session.", json, || {
            post(intake::intent)
        })),
        write(read("/telemetry", "qod_telemetry", "Add a measurement to a session.", json, || {
            post(intake::telemetry)
        })),
        Route {
            verb: Verb::Post,
            access: Access::Scope(WRITE),
            ..read(
                "/proof/{sid}/finalize",
                "qod_finalize",
                "Make the proof of a session, once.",
                json,
                || post(intake::finalize),
            )
        },
        read("/proof/{sid}", "qod_proof", "The proof of a session, sealed by this node.", json, || {
            get(record::proof)
        }),
        read(
            "/proof/{sid}/verify",
            "qod_verify",
            "What this node finds of the proof that it gives out itself.",
            json,
            || get(verify::stored),
        ),
        Route {
            access: Access::Open,
            ..write(read(
                "/proof/{sid}/verify",
                "qod_verify_sent",
                "What this node finds of the record that is sent.",
                json,
                || post(verify::sent),
            ))
        },
        read(
            "/proof/{sid}/bundle",
            "qod_bundle",
            "A proof with all that checking it takes but keys.",
            json,
            || get(record::bundle),
        ),
        read(
            "/artifacts/{sid}/{file}",
            "qod_artifact",
            "artifact.json or artifact_v1.json of a proof.",
            json,
            || get(record::artifact),
        ),
        credential(read("/sessions", "qod_sessions", "The sessions of the caller's tenant.", json, || {
            get(sessions::list)
        })),
        credential(read("/sessions/{sid}", "qod_session", "One of them.", json, || get(sessions::one))),
        Route {
            verb: Verb::Delete,
            access: Access::Scope(WRITE),
            ..read("/sessions/{sid}", "qod_delete", "Withdraw one of them.", json, || {
                delete(sessions::delete)
            })
        },
        read("/public-keys", "qod_public_keys", "The keys whose seals are good.", json, || {
            get(keys::public_keys)
        }),
        Route {
            statuses: &[200, 503],
            ..read("/ready", "qod_ready", "Whether the node can serve, with problems.", json, || {
                get(node::ready)
            })
        },
        read("/_debug/env", "qod_debug_env", "On loopback: whether a credential is needed.", json, || {
            get(node::environment)
        }),
        credential(read(
            "/_debug/protected",
            "qod_debug_protected",
            "On loopback: whether one is good.",
            json,
            || get(node::protected),
        )),
    ]
}

/// The status its clients expect of an error.
pub(super) const fn status(error: &ApiError) -> u16 {
    usual_status(error)
}
