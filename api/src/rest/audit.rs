//! `GET /v1/audit`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::audit::AuditParams;

use super::question;
use crate::calls;
use crate::guard::principal::Principal;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// A page of the audit log.
pub(crate) async fn list(
    State(context): State<Context>,
    principal: Principal,
    query: Result<Query<AuditParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = calls::audit::list(&context.api, &principal, question(query)?).await?;
    Ok(respond::json(StatusCode::OK, Keep::Never, &answer))
}
