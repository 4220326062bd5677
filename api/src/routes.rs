//! The table of paths: what each serves, takes and answers. Router and document are both made from it.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use futures::FutureExt as _;
use model::artifact::ArtifactAnswer;
use model::chain::{BlockAnswer, CheckpointAnswer, ValidatorsAnswer, ValidatorsParams};
use model::did::DidDocument;
use model::entry::{EntryAnswer, StatementParams, SubmitParams, Ticket};
use model::error::ApiError;
use model::identity::{AsOf, IdentityAnswer, KeyHistory, KeyHistoryParams};
use model::jwks::Jwks;
use model::receipt::{
    ConsistencyAnswer, ConsistencyParams, VerifyAnswer, VerifyBatchAnswer, VerifyBatchParams, VerifyParams,
};
use model::status::{HealthAnswer, StatusAnswer};
use model::trust::{TrustAnswer, TrustParams};
use model::witness::WitnessAnswer;
use serde_json::Value;

use crate::api::Api;
use crate::events::{self, EventsQuery};
use crate::guard::{Exposure, REQUEST_MS_MAX, REQUESTS_MAX, expect_small_head};
use crate::jsonrpc;
use crate::respond::{self, Code};
use crate::rest::chain::CheckpointQuery;
use crate::rest::entries::{COSE_RECEIPT, ReceiptQuery};
use crate::rest::node::ReadyQuery;
use crate::rest::statements::StatementQuery;
use crate::rest::{artifacts, chain, entries, keys, node, scitt, statements, tiles, witness};
use crate::schema::{SchemaOf, of};

/// What handlers know: the window, and the listener they answer on.
#[derive(Clone)]
pub(crate) struct Context {
    pub api: Api,
    pub exposure: Exposure,
}

/// The HTTP method of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
}

/// What a route answers when all is well.
#[derive(Clone, Copy)]
pub(crate) enum Answers {
    /// JSON of this shape.
    Json(SchemaOf),
    /// JSON of this shape, or one of these types, as the question asks.
    JsonOr(SchemaOf, &'static [&'static str]),
    /// Text of this type.
    Text(&'static str),
    /// Bytes.
    Octets,
    /// Server-sent events.
    Events,
}

/// One path.
pub(crate) struct Route {
    pub verb: Verb,
    pub path: &'static str,
    /// The name in the document and in the counters.
    pub name: &'static str,
    pub summary: &'static str,
    /// What stands after the question mark.
    pub query: Option<SchemaOf>,
    pub body: Option<SchemaOf>,
    /// What the body may be besides, taken byte for byte.
    pub raw: &'static [&'static str],
    /// The statuses of success, the first being the usual one.
    pub statuses: &'static [u16],
    pub answers: Answers,
    handler: Handler,
}

const TEXT: &str = "text/plain; charset=utf-8";

/// Makes the router's part of a route.
type Handler = fn() -> MethodRouter<Context>;

/// A GET without query.
const fn read(
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    answers: Answers,
    handler: Handler,
) -> Route {
    Route {
        verb: Verb::Get,
        path,
        name,
        summary,
        query: None,
        body: None,
        raw: &[],
        statuses: &[200],
        answers,
        handler,
    }
}

/// A POST of this shape.
const fn write(body: SchemaOf, route: Route) -> Route {
    Route { verb: Verb::Post, body: Some(body), ..route }
}

fn rpc(path: &'static str, name: &'static str) -> Route {
    let summary = "JSON-RPC 2.0; rpc.discover describes it.";
    let route = read(path, name, summary, Answers::Json(of::<Value>), || post(jsonrpc::serve));
    Route { statuses: &[200, 204], ..write(of::<Value>, route) }
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

fn submission() -> Vec<Route> {
    let ticket = Answers::Json(of::<Ticket>);
    let verdict = Answers::Json(of::<VerifyAnswer>);
    let submit =
        read("/v1/entries", "ledger_submit", "Submit, and wait as asked.", ticket, || post(entries::submit));
    vec![
        rpc("/", "rpc_root"),
        rpc("/rpc", "rpc"),
        Route { statuses: &[201, 200, 202], ..write(of::<SubmitParams>, submit) },
        write(
            of::<VerifyParams>,
            read("/v1/verify", "ledger_verify", "What this node makes of a receipt.", verdict, || {
                post(entries::verify)
            }),
        ),
        write(
            of::<VerifyBatchParams>,
            read(
                "/v1/verify:batch",
                "ledger_verifyBatch",
                "What this node makes of up to 1,000 receipts.",
                Answers::Json(of::<VerifyBatchAnswer>),
                || post(entries::verify_batch),
            ),
        ),
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
            ..write(of::<StatementParams>, submit)
        },
        Route {
            verb: Verb::Post,
            raw: COSE,
            statuses: &[201, 200, 303],
            ..read(
                "/entries",
                "scitt_register",
                "Register a signed statement (SCRAPI).",
                Answers::Octets,
                || post(scitt::register),
            )
        },
        Route {
            statuses: &[200, 302],
            ..read("/entries/{id}", "scitt_resolve", "Its receipt (SCRAPI).", Answers::Octets, || {
                get(scitt::resolve)
            })
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
        read(
            "/v1/artifacts/{id}/bytes",
            "artifact_read",
            "The bytes of an artifact, behind their salt if it is salted.",
            Answers::Octets,
            || get(artifacts::get),
        ),
        Route {
            verb: Verb::Post,
            raw: &["application/octet-stream"],
            statuses: &[201],
            ..read(
                "/v1/artifacts/{id}/bytes",
                "artifact_write",
                "Give the node the bytes that were committed.",
                answer,
                || post(artifacts::put),
            )
        },
    ]
}

/// The log as files. The rest of the path is one name, with slashes in it.
fn files() -> Vec<Route> {
    let octets = Answers::Octets;
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

/// Being a witness of other logs. Bodies are text, which the document can only say in words.
fn witnessing() -> Vec<Route> {
    let text = Answers::Text(TEXT);
    let cosign =
        "Cosign a checkpoint of another log (C2SP tlog-witness); a conflict answers 409 with the size.";
    let subtree = "Cosign a subtree of a checkpoint that was cosigned here (C2SP tlog-witness).";
    let add_checkpoint =
        read("/witness/add-checkpoint", "add_checkpoint", cosign, text, || post(witness::add_checkpoint));
    let sign_subtree =
        read("/witness/sign-subtree", "sign_subtree", subtree, text, || post(witness::sign_subtree));
    vec![
        Route { verb: Verb::Post, ..add_checkpoint },
        Route { verb: Verb::Post, ..sign_subtree },
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
            Answers::Octets,
            || get(entries::scitt_keys),
        ),
        read(
            "/.well-known/scitt-keys/{kid}",
            "scitt_key",
            "One of them, by its thumbprint in base64url; retired ones, too.",
            Answers::Octets,
            || get(entries::scitt_key),
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

/// What a public listener of this exposure serves.
pub(crate) fn table(exposure: &Exposure) -> Vec<Route> {
    let operation = operation().into_iter().filter(|route| match exposure {
        Exposure::Loopback => true,
        // How busy a node is concerns its operator, who has a listener of his own.
        Exposure::Open { .. } => route.name != "metrics",
    });
    let rest =
        [submission(), foreign(), proofs(), history(), files(), description(), keys(), witnessing(), kept()];
    let rest = rest.into_iter().flatten();
    rest.chain(operation).collect()
}

pub(crate) fn public(api: &Api, exposure: Exposure) -> Router {
    router(api, table(&exposure), exposure)
}

pub(crate) fn admin(api: &Api, exposure: Exposure) -> Router {
    router(api, operation(), exposure)
}

fn router(api: &Api, routes: Vec<Route>, exposure: Exposure) -> Router {
    let context = Context { api: api.clone(), exposure };
    let mut router = Router::new();
    for Route { path, name, handler, .. } in routes {
        let counted = middleware::from_fn_with_state((context.clone(), name), count);
        router = router.route(path, handler().layer(counted));
    }
    router
        .fallback(route_unknown)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(context.clone(), admit))
        .with_state(context)
}

/// Every request passes here first: host and origin, room, time, and faults of ours.
async fn admit(State(context): State<Context>, request: Request, next: Next) -> Response {
    let (uri, headers) = (request.uri(), request.headers());
    if let Err(error) = expect_small_head(uri, headers).and_then(|()| context.exposure.admit(uri, headers)) {
        return respond::problem(&error);
    }
    let Ok(_permit) = context.api.requests().try_acquire() else {
        return respond::problem(&ApiError::TooMany { what: "requests", max: REQUESTS_MAX });
    };
    let (method, asked) = (request.method().clone(), request.headers().clone());
    // Nothing is left half done by a handler that panicked: it holds no lock over a point where it could.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(Duration::from_millis(REQUEST_MS_MAX), answer).await {
        Ok(Ok(response)) => respond::unless_known(&method, &asked, response),
        Ok(Err(_)) => {
            context.api.counters().panicked();
            respond::problem(&ApiError::Internal)
        }
        Err(_) => respond::problem(&ApiError::TimedOut { max_ms: REQUEST_MS_MAX }),
    }
}

/// Counts what a route answered. Calls by JSON-RPC are counted one by one where they are made.
async fn count(
    State((context, name)): State<(Context, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let response = next.run(request).await;
    let code = response.extensions().get::<Code>().map_or("ok", |code| code.0);
    context.api.counters().answered(name, code, begun.elapsed());
    response
}

async fn route_unknown(request: Request) -> Response {
    let path = request.uri().path().chars().take(200).collect();
    respond::problem(&ApiError::RouteUnknown { path })
}

async fn method_not_allowed(request: Request) -> Response {
    let method = request.method().as_str().chars().take(20).collect();
    let path = request.uri().path().chars().take(200).collect();
    respond::problem(&ApiError::MethodNotAllowed { method, path })
}
