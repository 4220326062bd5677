//! The table of paths: what each serves, takes and answers. Router and document are both made from it.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use futures::FutureExt as _;
use model::chain::{BlockAnswer, CheckpointAnswer, ValidatorsAnswer};
use model::entry::{EntryAnswer, SubmitParams, Ticket};
use model::error::ApiError;
use model::jwks::Jwks;
use model::receipt::{ConsistencyAnswer, ConsistencyParams, VerifyAnswer, VerifyParams};
use model::status::{HealthAnswer, StatusAnswer};
use serde_json::Value;

use crate::api::Api;
use crate::events::{self, EventsQuery};
use crate::guard::{Exposure, REQUEST_MS_MAX, REQUESTS_MAX};
use crate::jsonrpc;
use crate::respond::{self, Code};
use crate::rest::entries::ReceiptQuery;
use crate::rest::node::ReadyQuery;
use crate::rest::{chain, entries, node};
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
    /// Text of this type.
    Text(&'static str),
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
    /// The statuses of success, the first being the usual one.
    pub statuses: &'static [u16],
    pub answers: Answers,
    handler: fn() -> MethodRouter<Context>,
}

const TEXT: &str = "text/plain; charset=utf-8";

const fn read(path: &'static str, name: &'static str, summary: &'static str, answers: Answers) -> Route {
    Route {
        verb: Verb::Get,
        path,
        name,
        summary,
        query: None,
        body: None,
        statuses: &[200],
        answers,
        handler: || get(node::livez),
    }
}

const fn rpc(path: &'static str, name: &'static str) -> Route {
    Route {
        verb: Verb::Post,
        path,
        name,
        summary: "JSON-RPC 2.0; rpc.discover describes it.",
        query: None,
        body: Some(of::<Value>),
        statuses: &[200, 204],
        answers: Answers::Json(of::<Value>),
        handler: || post(jsonrpc::serve),
    }
}

/// Health and metrics: also on the operator's listener.
fn operation() -> Vec<Route> {
    vec![
        Route {
            handler: || get(node::livez),
            ..read("/livez", "livez", "Whether the process answers.", Answers::Json(of::<HealthAnswer>))
        },
        Route {
            handler: || get(node::readyz),
            query: Some(of::<ReadyQuery>),
            statuses: &[200, 503],
            ..read(
                "/readyz",
                "readyz",
                "Whether the node can serve, with reasons.",
                Answers::Json(of::<HealthAnswer>),
            )
        },
        Route {
            handler: || get(node::metrics),
            ..read("/metrics", "metrics", "Prometheus metrics.", Answers::Text(TEXT))
        },
    ]
}

fn submission() -> Vec<Route> {
    vec![
        rpc("/", "rpc_root"),
        rpc("/rpc", "rpc"),
        Route {
            verb: Verb::Post,
            body: Some(of::<SubmitParams>),
            statuses: &[201, 200, 202],
            handler: || post(entries::submit),
            ..read("/v1/entries", "ledger_submit", "Submit, and wait as asked.", Answers::Json(of::<Ticket>))
        },
        Route {
            verb: Verb::Post,
            body: Some(of::<VerifyParams>),
            handler: || post(entries::verify),
            ..read(
                "/v1/verify",
                "ledger_verify",
                "What this node makes of a receipt.",
                Answers::Json(of::<VerifyAnswer>),
            )
        },
    ]
}

fn reading() -> Vec<Route> {
    vec![
        Route {
            handler: || get(entries::get),
            ..read(
                "/v1/entries/{name}",
                "ledger_get",
                "An entry by id or index.",
                Answers::Json(of::<EntryAnswer>),
            )
        },
        Route {
            handler: || get(entries::receipt),
            query: Some(of::<ReceiptQuery>),
            ..read(
                "/v1/entries/{name}/receipt",
                "ledger_receipt",
                "The receipt, byte for byte what a verifier takes.",
                Answers::Json(of::<Value>),
            )
        },
        Route {
            handler: || get(chain::checkpoint_text),
            ..read(
                "/checkpoint",
                "checkpoint_text",
                "The newest checkpoint as signed note.",
                Answers::Text(TEXT),
            )
        },
        Route {
            handler: || get(chain::checkpoint),
            ..read(
                "/v1/checkpoints/{size}",
                "ledger_checkpoint",
                "A checkpoint by size, or the latest.",
                Answers::Json(of::<CheckpointAnswer>),
            )
        },
        Route {
            handler: || get(chain::consistency),
            query: Some(of::<ConsistencyParams>),
            ..read(
                "/v1/consistency",
                "ledger_consistency",
                "That the log of size `to` extends the log of size `from`.",
                Answers::Json(of::<ConsistencyAnswer>),
            )
        },
        Route {
            handler: || get(chain::block),
            ..read(
                "/v1/blocks/{height}",
                "ledger_block",
                "A block by height, or the latest.",
                Answers::Json(of::<BlockAnswer>),
            )
        },
        Route {
            handler: || get(chain::validators),
            ..read("/v1/validators", "validators", "The validators.", Answers::Json(of::<ValidatorsAnswer>))
        },
        Route {
            handler: || get(node::status),
            ..read(
                "/v1/status",
                "node_status",
                "What the node says of itself.",
                Answers::Json(of::<StatusAnswer>),
            )
        },
        Route {
            handler: || get(chain::policy),
            ..read(
                "/v1/policy",
                "policy",
                "The policy receipts are judged by (C2SP tlog-policy).",
                Answers::Text(TEXT),
            )
        },
        Route {
            handler: || get(node::jwks),
            ..read(
                "/.well-known/jwks.json",
                "keys_jwks",
                "The network's public keys.",
                Answers::Json(of::<Jwks>),
            )
        },
        Route {
            handler: || get(events::events),
            query: Some(of::<EventsQuery>),
            ..read(
                "/v1/events",
                "events",
                "What happens, resumable by Last-Event-ID or from.",
                Answers::Events,
            )
        },
        Route {
            handler: || get(node::openapi),
            ..read(
                "/openapi.json",
                "openapi",
                "This interface as OpenAPI document.",
                Answers::Json(of::<Value>),
            )
        },
    ]
}

/// What a public listener of this exposure serves.
pub(crate) fn table(exposure: &Exposure) -> Vec<Route> {
    let operation = operation().into_iter().filter(|route| match exposure {
        Exposure::Loopback => true,
        // How busy a node is concerns its operator, who has a listener of his own.
        Exposure::Open { .. } => route.name != "metrics",
    });
    submission().into_iter().chain(reading()).chain(operation).collect()
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
    if let Err(error) = context.exposure.admit(request.uri(), request.headers()) {
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
