//! JSON-RPC 2.0 over POST: single requests and batches.
//!
//! The answers of a batch stand in the order of its requests; the requests run side by side, so that one that waits
//! does not hold up the others. What fails before a request can be read is answered with its HTTP status too.

use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures::future::join_all;
use model::error::ApiError;
use model::jsonrpc::{self, BATCH_MAX, Request};
use serde_json::Value;

use crate::api::Api;
use crate::audit::is_refusal;
use crate::body::{self, BODY_BYTES_MAX};
use crate::guard::Caller;
use crate::methods::Method;
use crate::respond::{self, Keep, Raised};
use crate::routes::Context;

/// What unknown methods are counted as: their names are the caller's, and without bound.
const UNKNOWN: &str = "unknown";

/// Handles one POST.
pub(crate) async fn serve(
    State(context): State<Context>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let value = match body::json(&headers, body, BODY_BYTES_MAX).await {
        Ok(value) => value,
        Err(error) => {
            let status = StatusCode::from_u16(error.row().status).unwrap_or(StatusCode::BAD_REQUEST);
            return answer(status, &jsonrpc::Response::new(Value::Null, Err(error)));
        }
    };
    let api = &context.api;
    match value {
        Value::Array(requests) if requests.is_empty() || requests.len() > BATCH_MAX => {
            let fault = format!("a batch has 1 to {BATCH_MAX} requests, this has {}", requests.len());
            let refusal = jsonrpc::Response::new(Value::Null, Err(ApiError::InvalidRequest { fault }));
            answer(StatusCode::OK, &refusal)
        }
        Value::Array(requests) => {
            let told = join_all(requests.into_iter().map(|request| one(api, &caller, request))).await;
            let (answers, refusals): (Vec<_>, Vec<_>) = told.into_iter().unzip();
            let answers: Vec<_> = answers.into_iter().flatten().collect();
            let response = match answers.is_empty() {
                true => silence(),
                false => answer(StatusCode::OK, &answers),
            };
            refused(response, refusals.into_iter().flatten().next())
        }
        request => {
            let (told, refusal) = one(api, &caller, request).await;
            refused(told.map_or_else(silence, |response| answer(StatusCode::OK, &response)), refusal)
        }
    }
}

/// Tells who keeps notes that something was refused, which the status of JSON-RPC does not.
fn refused(mut response: Response, refusal: Option<ApiError>) -> Response {
    if let Some(error) = refusal {
        response.extensions_mut().insert(Raised(error));
    }
    response
}

/// Answers one request; a notification gets none. The error is given besides if it is one to be noted.
async fn one(api: &Api, caller: &Caller, value: Value) -> (Option<jsonrpc::Response>, Option<ApiError>) {
    let begun = Instant::now();
    let Request { id, method, params } = match Request::read(value) {
        Ok(request) => request,
        Err(bad) => {
            api.counters().answered(UNKNOWN, bad.error.row().code, begun.elapsed());
            return (bad.id.map(|id| jsonrpc::Response::new(id, Err(bad.error))), None);
        }
    };
    let (name, outcome) = match Method::parse(&method) {
        Some(method) => (method.name(), method.call(api, caller, params).await),
        None => (UNKNOWN, Err(ApiError::MethodUnknown { name: method.chars().take(80).collect() })),
    };
    let code = outcome.as_ref().map_or_else(|error| error.row().code, |_| "ok");
    api.counters().answered(name, code, begun.elapsed());
    let refusal = outcome.as_ref().err().filter(|error| is_refusal(error)).cloned();
    (id.map(|id| jsonrpc::Response::new(id, outcome)), refusal)
}

fn answer<T: serde::Serialize>(status: StatusCode, response: &T) -> Response {
    respond::json(status, Keep::Never, response)
}

fn silence() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
