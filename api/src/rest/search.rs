//! `GET /v1/search`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::search::SearchParams;

use super::question;
use crate::calls;
use crate::guard::sight::Sight;
use crate::respond::{self, Failure, Keep};
use crate::routes::Context;

/// Looks for a key.
pub(crate) async fn search(
    State(context): State<Context>,
    sight: Sight,
    query: Result<Query<SearchParams>, QueryRejection>,
) -> Result<Response, Failure> {
    let answer = calls::search::search(&context.api, &sight, question(query)?).await?;
    Ok(respond::json(StatusCode::OK, sight.keep(Keep::Moment), &answer))
}
