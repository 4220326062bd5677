//! The table of paths: what each serves, takes and answers. Router and document are both made from it.

use axum::http::{HeaderMap, Uri};
use axum::routing::{get, post};
use model::anchor::{AnchoredCheckpoint, AnchorsAnswer};
use model::artifact::ArtifactAnswer;
use model::audit::{AuditAnswer, AuditParams};
use model::chain::{BlockAnswer, CheckpointAnswer, ValidatorsAnswer, ValidatorsParams};
use model::did::DidDocument;
use model::entry::{EntryAnswer, StatementParams, SubmitParams, Ticket};
use model::error::AccessError;
use model::identity::{AsOf, IdentityAnswer, KeyHistory, KeyHistoryParams};
use model::jwks::Jwks;
use model::receipt::{
    ConsistencyAnswer, ConsistencyParams, VerifyAnswer, VerifyBatchAnswer, VerifyBatchParams, VerifyParams,
};
use model::retention::{ArtifactsAnswer, RetentionPolicy, RetentionReport, TenantParams};
use model::root::{AliveAnswer, RootAnswer};
use model::search::{SearchAnswer, SearchParams};
use model::status::{CallerAnswer, HealthAnswer, StatusAnswer, TokenAnswer, TokenParams};
use model::trust::{TrustAnswer, TrustParams};
use model::witness::WitnessAnswer;
use serde_json::Value;
use std::collections::BTreeSet;

use crate::api::Api;
use crate::calls;
use crate::events::{self, EventsQuery};
use crate::guard::Exposure;
use crate::guard::access::Access;
use crate::guard::principal::Principal;
use crate::guard::shown::Shown;
use crate::guard::token;
use crate::jsonrpc;
use crate::rest::chain::CheckpointQuery;
use crate::rest::entries::{COSE_RECEIPT, ReceiptQuery};
use crate::rest::node::ReadyQuery;
use crate::rest::retention::PolicyQuery;
use crate::rest::statements::StatementQuery;
use crate::rest::{
    anchors, artifacts, audit, chain, entries, keys, node, retention, root, scitt, search, statements, tiles,
    witness,
};
use crate::route::{Answers, OCTETS, Refusals, Route, TEXT, Verb, read, write};
use crate::schema::of;
use crate::surface::{self, Surface};

/// What handlers know: the window, and the listener they answer on.
#[derive(Clone)]
pub(crate) struct Context {
    pub api: Api,
    pub exposure: Exposure,
}

impl Context {
    /// Who sends this.
    ///
    /// # Errors
    /// `AccessError`: why nobody is believed to.
    pub(crate) fn principal(&self, uri: &Uri, headers: &HeaderMap) -> Result<Principal, AccessError> {
        let doors = self.api.doors();
        let tokens = |text: &str| token::principal(&doors.set(), text, crate::clock::now_s());
        doors.authenticator.principal(&Shown::of(uri, headers)?, &self.exposure, tokens)
    }
}

fn rpc(path: &'static str, name: &'static str) -> Route {
    let summary = "JSON-RPC 2.0; rpc.discover describes it.";
    let route = read(path, name, summary, Answers::Json(of::<Value>), || post(jsonrpc::serve));
    Route {
        statuses: &[200, 204],
        refusals: Refusals::Rpc,
        access: Access::Signed,
        ..write(of::<Value>, route)
    }
}

/// Health and metrics: also on the operator's listener.
fn operation() -> Vec<Route> {
    let health = Answers::Json(of::<HealthAnswer>);
    vec![
        read("/livez", "livez", "Whether the process answers.", health, || get(node::livez)),
        Route {
            query: Some(of::<ReadyQuery>),
            statuses: &[200, 503],
            ..read("/readyz", "readyz", "Whether the node can serve, with reasons.", health, || {
                get(node::readyz)
            })
        },
        read("/metrics", "metrics", "Prometheus metrics.", Answers::Text(TEXT), || get(node::metrics)),
    ]
}

/// What programs of several systems ask first.
fn greeting() -> Vec<Route> {
    let (here, alive) = (Answers::Json(of::<RootAnswer>), Answers::Json(of::<AliveAnswer>));
    vec![
        read("/", "root", "What is here.", here, || get(root::root)),
        read(
            "/health",
            "health",
            "That the process answers, and how much of everything there is.",
            alive,
            || get(root::health),
        ),
    ]
}

fn submission() -> Vec<Route> {
    let ticket = Answers::Json(of::<Ticket>);
    let verdict = Answers::Json(of::<VerifyAnswer>);
    let submit =
        read("/v1/entries", "ledger_submit", "Submit, and wait as asked.", ticket, || post(entries::submit));
    vec![
        rpc("/", "rpc_root"),
        rpc("/rpc", "rpc"),
        Route { statuses: &[201, 200, 202], access: Access::Signed, ..write(of::<SubmitParams>, submit) },
        Route {
            access: Access::Open,
            ..write(
                of::<VerifyParams>,
                read("/v1/verify", "ledger_verify", "What this node makes of a receipt.", verdict, || {
                    post(entries::verify)
                }),
            )
        },
        Route {
            access: Access::Open,
            ..write(
                of::<VerifyBatchParams>,
                read(
                    "/v1/verify:batch",
                    "ledger_verifyBatch",
                    "What this node makes of up to 1,000 receipts.",
                    Answers::Json(of::<VerifyBatchAnswer>),
                    || post(entries::verify_batch),
                ),
            )
        },
    ]
}

/// What others have signed.
fn foreign() -> Vec<Route> {
    const COSE: &[&str] = &["application/cose", "application/scitt-statement+cose"];
    const RAW: &[&str] = &[
        "application/cose",
        "application/jose",
        "application/jose+json",
        "application/vnd.dsse.envelope.v1+json",
        "application/vnd.quorate.http-signature.v1+json",
    ];
    let ticket = Answers::Json(of::<Ticket>);
    let submit = read(
        "/v1/statements",
        "ledger_submitStatement",
        "Submit a statement that was signed elsewhere, as it is, and wait as asked.",
        ticket,
        || post(statements::submit),
    );
    vec![
        Route {
            query: Some(of::<StatementQuery>),
            raw: RAW,
            statuses: &[201, 200, 202],
            access: Access::Signed,
            ..write(of::<StatementParams>, submit)
        },
        Route {
            verb: Verb::Post,
            access: Access::Signed,
            raw: COSE,
            statuses: &[201, 200, 303],
            refusals: Refusals::Concise,
            ..read(
                "/entries",
                "scitt_register",
                "Register a signed statement (SCRAPI).",
                Answers::Octets(&[COSE_RECEIPT]),
                || post(scitt::register),
            )
        },
        Route {
            statuses: &[200, 302],
            refusals: Refusals::Concise,
            ..read(
                "/entries/{id}",
                "scitt_resolve",
                "Its receipt, or the statement with the receipt in it if `accept` says so (SCRAPI).",
                Answers::Octets(&[COSE_RECEIPT, scitt::COSE_STATEMENT]),
                || get(scitt::resolve),
            )
        },
    ]
}

fn proofs() -> Vec<Route> {
    let consistency = Answers::Json(of::<ConsistencyAnswer>);
    vec![
        read(
            "/v1/entries/{name}",
            "ledger_get",
            "An entry by id or index.",
            Answers::Json(of::<EntryAnswer>),
            || get(entries::get),
        ),
        Route {
            query: Some(of::<ReceiptQuery>),
            ..read(
                "/v1/entries/{name}/receipt",
                "ledger_receipt",
                "The receipt, byte for byte what a verifier takes; in JSON, as text or in COSE.",
                Answers::JsonOr(of::<Value>, &[TEXT, COSE_RECEIPT]),
                || get(entries::receipt),
            )
        },
        Route {
            query: Some(of::<SearchParams>),
            ..read(
                "/v1/search",
                "ledger_search",
                "All entries of a content, subject, author or id; with `prove`, the proof that there are no others.",
                Answers::Json(of::<SearchAnswer>),
                || get(search::search),
            )
        },
        Route {
            query: Some(of::<ConsistencyParams>),
            ..read(
                "/v1/consistency",
                "ledger_consistency",
                "That the log of size `to` extends the log of size `from`.",
                consistency,
                || get(chain::consistency),
            )
        },
    ]
}

fn history() -> Vec<Route> {
    vec![
        Route {
            query: Some(of::<CheckpointQuery>),
            ..read(
                "/checkpoint",
                "checkpoint_text",
                "The newest checkpoint as signed note; with `witnessed`, the newest so many outside witnesses cosigned.",
                Answers::Text(TEXT),
                || get(chain::checkpoint_text),
            )
        },
        read(
            "/v1/checkpoints/{size}",
            "ledger_checkpoint",
            "A checkpoint by size, or the latest.",
            Answers::Json(of::<CheckpointAnswer>),
            || get(chain::checkpoint),
        ),
        read(
            "/v1/blocks/{height}",
            "ledger_block",
            "A block by height, or the latest.",
            Answers::Json(of::<BlockAnswer>),
            || get(chain::block),
        ),
        Route {
            query: Some(of::<EventsQuery>),
            ..read(
                "/v1/events",
                "events",
                "What happens, resumable by Last-Event-ID or from.",
                Answers::Events,
                || get(events::events),
            )
        },
    ]
}

/// Bytes beside the log.
fn kept() -> Vec<Route> {
    let answer = Answers::Json(of::<ArtifactAnswer>);
    vec![
        read(
            "/v1/artifacts/{id}",
            "artifact_get",
            "What the ledger says of an artifact, and whether its bytes are here.",
            answer,
            || get(artifacts::standing),
        ),
        Route {
            access: Access::Private,
            statuses: &[200, 206],
            ..read(
                "/v1/artifacts/{id}/bytes",
                "artifact_read",
                "The bytes of an artifact, or a range of them; behind their salt if it is salted.",
                Answers::Octets(OCTETS),
                || get(artifacts::get),
            )
        },
        Route {
            verb: Verb::Post,
            access: Access::Private,
            raw: &["application/octet-stream"],
            statuses: &[201],
            ..read(
                "/v1/artifacts/{id}/bytes",
                "artifact_write",
                "Give the node the bytes that were committed.",
                answer,
                || post(artifacts::give),
            )
        },
        Route {
            query: Some(of::<TenantParams>),
            access: Access::Credential,
            ..read(
                "/v1/artifacts",
                "artifact_list",
                "A tenant's artifacts, the newest first.",
                Answers::Json(of::<ArtifactsAnswer>),
                || get(retention::list),
            )
        },
        Route {
            query: Some(of::<PolicyQuery>),
            ..read(
                "/v1/retention",
                "retention_policy",
                "How a tenant's artifacts are kept by this node, unless their author says otherwise.",
                Answers::Json(of::<RetentionPolicy>),
                || get(retention::policy),
            )
        },
        Route {
            query: Some(of::<TenantParams>),
            access: Access::Credential,
            ..read(
                "/v1/retention/report",
                "retention_report",
                "What a tenant has had kept and what became of it, true under one certified head.",
                Answers::Json(of::<RetentionReport>),
                || get(retention::report),
            )
        },
    ]
}

/// Who did what.
fn audited() -> Vec<Route> {
    let answer = Answers::Json(of::<AuditAnswer>);
    vec![Route {
        query: Some(of::<AuditParams>),
        access: Access::Scope(calls::audit::SCOPE),
        ..read(
            "/v1/audit",
            "audit_list",
            "Who did what to which thing, and what was refused here: the newest first.",
            answer,
            || get(audit::list),
        )
    }]
}

/// What was said outside of checkpoints.
fn anchored() -> Vec<Route> {
    vec![
        read(
            "/v1/anchors",
            "anchor_list",
            "Who anchors this log outside, and how the newest anchors stand.",
            Answers::Json(of::<AnchorsAnswer>),
            || get(anchors::list),
        ),
        read(
            "/v1/anchors/{size}",
            "anchor_get",
            "The anchors of the checkpoint of this size, with their evidence.",
            Answers::Json(of::<AnchoredCheckpoint>),
            || get(anchors::get),
        ),
        read(
            "/v1/anchors/{size}/{file}",
            "anchor_file",
            "The evidence of one as .tsr or .ots file, or checkpoint.txt, of which it is evidence.",
            Answers::Octets(OCTETS),
            || get(anchors::file),
        ),
    ]
}

/// The log as files. The rest of the path is one name, with slashes in it.
fn files() -> Vec<Route> {
    let octets = Answers::Octets(OCTETS);
    vec![
        read(
            "/tile/entries/{*name}",
            "tile_entries",
            "A bundle of entries (C2SP tlog-tiles).",
            octets,
            || get(tiles::entries),
        ),
        read("/tile/{*name}", "tile", "A tile of hashes (C2SP tlog-tiles).", octets, || get(tiles::tile)),
        read("/genesis", "genesis", "The canonical genesis, which leaf 0 names.", octets, || {
            get(tiles::genesis)
        }),
        read(
            "/checkpoints/{*name}",
            "checkpoints",
            "The head of one size as signed note.",
            Answers::Text(TEXT),
            || get(tiles::checkpoint),
        ),
        read(
            "/beside/{*name}",
            "beside",
            "What a block's leaves state by digests alone, for audits.",
            octets,
            || get(tiles::beside),
        ),
    ]
}

/// Being a witness of other logs.
fn witnessing() -> Vec<Route> {
    const NOTE: &[&str] = &["text/plain"];
    let text = Answers::Text(TEXT);
    let cosign =
        "Cosign a checkpoint of another log (C2SP tlog-witness); a conflict answers 409 with the size.";
    let subtree = "Cosign a subtree of a checkpoint that was cosigned here (C2SP tlog-witness).";
    let add_checkpoint =
        read("/witness/add-checkpoint", "add_checkpoint", cosign, text, || post(witness::add_checkpoint));
    let sign_subtree =
        read("/witness/sign-subtree", "sign_subtree", subtree, text, || post(witness::sign_subtree));
    vec![
        Route { verb: Verb::Post, access: Access::Signed, raw: NOTE, ..add_checkpoint },
        Route { verb: Verb::Post, access: Access::Signed, raw: NOTE, ..sign_subtree },
        read(
            "/witness/{name}/checkpoint",
            "cosigned_checkpoint",
            "The checkpoint cosigned last of the log whose origin has this SHA-256.",
            text,
            || get(witness::cosigned),
        ),
        read(
            "/v1/witness",
            "node_witness",
            "Whose logs this node cosigns, and who cosigns its own.",
            Answers::Json(of::<WitnessAnswer>),
            || get(witness::status),
        ),
    ]
}

fn description() -> Vec<Route> {
    let policy = "The policy that receipts are judged by (C2SP tlog-policy).";
    vec![
        Route {
            query: Some(of::<ValidatorsParams>),
            ..read(
                "/v1/validators",
                "validators",
                "The validators of an epoch.",
                Answers::Json(of::<ValidatorsAnswer>),
                || get(chain::validators),
            )
        },
        Route {
            query: Some(of::<TrustParams>),
            ..read(
                "/v1/trust",
                "ledger_trust",
                "The chain of trust: from genesis to the validators of any epoch.",
                Answers::Json(of::<TrustAnswer>),
                || get(chain::trust),
            )
        },
        read(
            "/v1/status",
            "node_status",
            "What the node says of itself.",
            Answers::Json(of::<StatusAnswer>),
            || get(node::status),
        ),
        read(
            "/.well-known/scitt-keys",
            "scitt_keys",
            "The keys that sign COSE receipts, as COSE key set.",
            Answers::Octets(&[entries::CBOR]),
            || get(entries::scitt_keys),
        ),
        read(
            "/.well-known/scitt-keys/{kid}",
            "scitt_key",
            "One of them, by its thumbprint in base64url; retired ones, too.",
            Answers::Octets(&[entries::CBOR]),
            || get(entries::scitt_key),
        ),
        Route {
            access: Access::Credential,
            ..read(
                "/v1/caller",
                "caller",
                "Who the credential of this request stands for.",
                Answers::Json(of::<CallerAnswer>),
                || get(node::caller),
            )
        },
        write(
            of::<TokenParams>,
            read(
                "/v1/tokens",
                "token",
                "A token of shorter life and fewer scopes than the caller's credential, good at every node.",
                Answers::Json(of::<TokenAnswer>),
                || post(node::token),
            ),
        ),
        read("/v1/policy", "policy", policy, Answers::Text(TEXT), || get(chain::policy)),
        read(
            "/openapi.json",
            "openapi",
            "This interface as OpenAPI document.",
            Answers::Json(of::<Value>),
            || get(node::openapi),
        ),
    ]
}

/// Whose keys are good, now and as of any size.
fn keys() -> Vec<Route> {
    let (jwks, document) = (Answers::Json(of::<Jwks>), Answers::Json(of::<DidDocument>));
    let as_of = |route: Route| Route { query: Some(of::<AsOf>), ..route };
    let network = "The network's DID document: the keys that sign its heads.";
    vec![
        read("/.well-known/jwks.json", "keys_jwks", "The network's public keys.", jwks, || get(keys::jwks)),
        read("/.well-known/did.json", "did_web", network, document, || get(keys::network_did)),
        read("/did.json", "did_web_path", network, document, || get(keys::network_did)),
        Route {
            query: Some(of::<KeyHistoryParams>),
            ..read(
                "/v1/keys/history",
                "keys_history",
                "From which leaf to which keys are good: an identity's, one key, or the validators'.",
                Answers::Json(of::<KeyHistory>),
                || get(keys::history),
            )
        },
        as_of(read(
            "/v1/identities/{did}",
            "identity_get",
            "An identity and all its keys.",
            Answers::Json(of::<IdentityAnswer>),
            || get(keys::identity),
        )),
        as_of(read(
            "/v1/identities/{did}/jwks.json",
            "identity_jwks",
            "The keys of an identity that are good.",
            jwks,
            || get(keys::identity_jwks),
        )),
        as_of(read(
            "/v1/identities/{did}/did.json",
            "identity_did",
            "The DID document of an identity, or what a did:key stands for.",
            document,
            || get(keys::identity_did),
        )),
    ]
}

/// What a public listener of this exposure serves, foreign surfaces included.
pub(crate) fn table(exposure: &Exposure, surfaces: &BTreeSet<Surface>) -> Vec<Route> {
    let operation = operation().into_iter().filter(|route| match exposure {
        Exposure::Loopback => true,
        // How busy a node is concerns its operator, who has a listener of his own.
        Exposure::Open { .. } => route.name != "metrics",
    });
    let rest = [
        greeting(),
        submission(),
        foreign(),
        proofs(),
        history(),
        files(),
        description(),
        keys(),
        witnessing(),
        kept(),
        anchored(),
        audited(),
    ];
    let rest = rest.into_iter().flatten();
    rest.chain(operation).chain(surface::routes(surfaces)).collect()
}

/// What the operator's listener serves.
pub(crate) fn operators() -> Vec<Route> {
    operation()
}

#[cfg(test)]
mod tests;
