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
use crate::body::{self, BODY_BYTES_MAX};
use crate::guard::Caller;
use crate::methods::Method;
use crate::respond::{self, Keep};
use crate::routes::Context;

/// What unknown methods are counted as: their names are the caller's, and without bound.
const UNKNOWN: &str = "unknown";

/// Handles one POST.
pub(crate) async fn serve(State(context): State<Context>, headers: HeaderMap, body: Body) -> Response {
    let caller = Caller::of(&headers, context.exposure.clone());
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
            let answers = join_all(requests.into_iter().map(|request| one(api, &caller, request))).await;
            let answers: Vec<_> = answers.into_iter().flatten().collect();
            match answers.is_empty() {
                true => silence(),
                false => answer(StatusCode::OK, &answers),
            }
        }
        request => match one(api, &caller, request).await {
            Some(response) => answer(StatusCode::OK, &response),
            None => silence(),
        },
    }
}

/// Answers one request; a notification gets none.
async fn one(api: &Api, caller: &Caller, value: Value) -> Option<jsonrpc::Response> {
    let begun = Instant::now();
    let Request { id, method, params } = match Request::read(value) {
        Ok(request) => request,
        Err(bad) => {
            api.counters().answered(UNKNOWN, bad.error.row().code, begun.elapsed());
            return bad.id.map(|id| jsonrpc::Response::new(id, Err(bad.error)));
        }
    };
    let (name, outcome) = match Method::parse(&method) {
        Some(method) => (method.name(), method.call(api, caller, params).await),
        None => (UNKNOWN, Err(ApiError::MethodUnknown { name: method.chars().take(80).collect() })),
    };
    let code = outcome.as_ref().map_or_else(|error| error.row().code, |_| "ok");
    api.counters().answered(name, code, begun.elapsed());
    id.map(|id| jsonrpc::Response::new(id, outcome))
}

fn answer<T: serde::Serialize>(status: StatusCode, response: &T) -> Response {
    respond::json(status, Keep::Never, response)
}

fn silence() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
