//! `GET /v1/artifacts`, `/v1/retention` and `/v1/retention/report`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::retention::TenantParams;
use schemars::JsonSchema;
use serde::Deserialize;

use super::question;
use crate::calls::retention;
use crate::guard::principal::Principal;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// Whose policy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyQuery {
    /// The tenant; `default`, if it is not said.
    tenant: Option<String>,
}

/// A tenant's artifacts.
pub(crate) async fn list(
    State(context): State<Context>,
    principal: Principal,
    query: Result<Query<TenantParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = retention::list(&context.api, &principal, question(query)?).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// A tenant's policy.
pub(crate) async fn policy(
    State(context): State<Context>,
    query: Result<Query<PolicyQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = retention::policy(&context.api, question(query)?.tenant.as_deref())?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}

/// A report on a tenant.
pub(crate) async fn report(
    State(context): State<Context>,
    principal: Principal,
    query: Result<Query<TenantParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = retention::report(&context.api, &principal, question(query)?).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}
