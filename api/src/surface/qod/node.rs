//! What its clients ask of a process: whether it is ready, and on loopback whether a credential is needed and good.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::error::{AccessError, ApiError};
use proto::canon::Value;

use super::body::{answer, ok};
use crate::guard::{Caller, Exposure};
use crate::respond::Failure;
use crate::routes::Context;

/// `GET /ready`.
pub(super) async fn ready(State(context): State<Context>) -> Result<Response, Failure> {
    let begun = Instant::now();
    let mut problems = {
        let status = context.api.doors().status.borrow();
        if status.ready { Vec::new() } else { status.reasons.clone() }
    };
    problems.extend(context.api.doors().service.problem(&context.api).await?);
    let elapsed = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (status, word) = match problems.is_empty() {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not-ready"),
    };
    let problems = problems.into_iter().map(Value::Text).collect();
    Ok(answer(
        status,
        &Value::object([
            ("status", word.into()),
            ("check", "readiness".into()),
            ("elapsed_ms", elapsed.into()),
            ("problems", Value::List(problems)),
        ]),
    ))
}

/// Whether this is asked on a listener that only this machine reaches; elsewhere there is no such path.
fn on_loopback(context: &Context, path: &str) -> Result<(), ApiError> {
    match context.exposure {
        Exposure::Loopback => Ok(()),
        Exposure::Open { .. } => Err(ApiError::RouteUnknown { path: path.to_owned() }),
    }
}

/// `GET /_debug/env`: nothing of it is secret.
pub(super) async fn environment(State(context): State<Context>, caller: Caller) -> Result<Response, Failure> {
    on_loopback(&context, "/_debug/env")?;
    let configured = !matches!(caller.principal, Err(AccessError::Unconfigured));
    Ok(ok(&Value::object([
        ("auth_required", caller.principal.is_err().into()),
        ("token_present", configured.into()),
        ("pid", u64::from(std::process::id()).into()),
        ("file", env!("CARGO_PKG_NAME").into()),
    ])))
}

/// `GET /_debug/protected`, behind the guard of its route.
pub(super) async fn protected(State(context): State<Context>) -> Result<Response, Failure> {
    on_loopback(&context, "/_debug/protected")?;
    Ok(ok(&Value::object([
        ("ok", true.into()),
        ("pid", u64::from(std::process::id()).into()),
        ("file", env!("CARGO_PKG_NAME").into()),
    ])))
}
