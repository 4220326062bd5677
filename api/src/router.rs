//! What every request passes: host and origin, room, time, faults of ours; then the guard of its route.
//!
//! What is refused on the way is refused in the words of the surface whose route it is.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use futures::FutureExt as _;
use model::error::ApiError;
use tokio::sync::SemaphorePermit;

use crate::api::Api;
use crate::audit::{Admitted, Asked};
use crate::guard::access::Access;
use crate::guard::request_id::RequestId;
use crate::guard::shown::TENANT;
use crate::guard::{Exposure, REQUEST_MS_MAX, REQUESTS_MAX, UPLOAD_MS_MAX, expect_small_head};
use crate::respond::{self, Code, Raised};
use crate::route::Route;
use crate::routes::{self, Context};
use crate::surface::Surface;

/// What the guard of a route knows of it.
#[derive(Clone, Copy)]
struct Entry {
    name: &'static str,
    access: Access,
    surface: Option<Surface>,
}

pub(crate) fn public(api: &Api, exposure: Exposure) -> Router {
    router(api, routes::table(&exposure, &api.doors().surfaces), exposure)
}

pub(crate) fn admin(api: &Api, exposure: Exposure) -> Router {
    router(api, routes::operators(), exposure)
}

fn router(api: &Api, routes: Vec<Route>, exposure: Exposure) -> Router {
    let context = Context { api: api.clone(), exposure };
    let mut router = Router::new();
    for Route { path, name, access, surface, handler, .. } in routes {
        let entry = Entry { name, access, surface };
        let guarded = middleware::from_fn_with_state((context.clone(), entry), enter);
        router = router.route(path, handler().layer(guarded));
    }
    router
        .fallback(route_unknown)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(context.clone(), admit))
        .with_state(context)
}

/// Every request passes here first: it gets its name, and if need be a note.
async fn admit(State(context): State<Context>, request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let (method, asked) = (request.method().clone(), request.headers().clone());
    let noted = Asked::of(id.clone(), &method, request.uri());
    let uri = request.uri().clone();
    let mut response = match let_in(&context, &request) {
        Ok(_permit) => pass(&context, request, next).await,
        Err(error) => respond::problem(&error),
    };
    let raised = response.extensions().get::<Raised>().map(|Raised(error)| error);
    let shown = || context.principal(&uri, &asked).ok().map(Admitted);
    noted.note(&context.api, response.status().as_u16(), response.extensions().get(), raised, shown);
    id.answer(&asked, response.headers_mut());
    respond::unless_known(&method, &asked, response)
}

/// Host, origin, size of the head, room.
fn let_in<'a>(context: &'a Context, request: &Request) -> Result<SemaphorePermit<'a>, ApiError> {
    let (uri, headers) = (request.uri(), request.headers());
    expect_small_head(uri, headers).and_then(|()| context.exposure.admit(uri, headers))?;
    let room = context.api.requests().try_acquire();
    room.map_err(|_| ApiError::TooMany { what: "requests", max: REQUESTS_MAX })
}

/// In time, and without harm from faults of ours.
async fn pass(context: &Context, request: Request, next: Next) -> Response {
    let max_ms = patience(request.method(), request.uri().path());
    // Nothing is left half done by a handler that panicked: it holds no lock over a point where it could.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(Duration::from_millis(max_ms), answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            context.api.counters().panicked();
            respond::problem(&ApiError::Internal)
        }
        Err(_) => respond::problem(&ApiError::TimedOut { max_ms }),
    }
}

/// How long a request may take. What is sent to be kept may be long; every other body is short.
fn patience(method: &Method, path: &str) -> u64 {
    match *method == Method::POST && path.starts_with("/v1/artifacts/") {
        true => UPLOAD_MS_MAX,
        false => REQUEST_MS_MAX,
    }
}

/// The door of one route: who may use it, what it answered, in whose words. Calls by JSON-RPC are counted one by one where
/// they are made.
async fn enter(
    State((context, entry)): State<(Context, Entry)>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let mut admitted = None;
    let mut response = match guard(&context, entry, &request, &mut admitted) {
        Ok(()) => {
            if let Some(Admitted(principal)) = &admitted {
                request.extensions_mut().insert(principal.clone());
            }
            next.run(request).await
        }
        Err(error) => respond::problem(&error),
    };
    let code = response.extensions().get::<Code>().map_or("ok", |code| code.0);
    context.api.counters().answered(entry.name, code, begun.elapsed());
    if let (Some(surface), Some(Raised(error))) = (entry.surface, response.extensions().get()) {
        response = surface.refusal(error);
    }
    if let Some(admitted) = admitted {
        response.extensions_mut().insert(admitted);
    }
    response
}

/// Lets in who may use the route, as often as it may, and tells who it is.
fn guard(
    context: &Context,
    entry: Entry,
    request: &Request,
    admitted: &mut Option<Admitted>,
) -> Result<(), ApiError> {
    if !entry.access.is_guarded() {
        return Ok(());
    }
    let principal = context.principal(request.uri(), request.headers())?;
    let Admitted(principal) = admitted.insert(Admitted(principal));
    entry.access.admit(principal, request.headers().get(TENANT))?;
    Ok(context.api.rates().take(principal, entry.name)?)
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
