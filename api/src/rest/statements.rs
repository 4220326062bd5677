//! `POST /v1/statements`: the content type says what is sent.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use model::entry::{StatementParams, Wait};
use model::error::ApiError;
use model::scalar::{Bytes, Uint};
use proto::statement::{Format, cose};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{entries, question};
use crate::body::{self, BODY_BYTES_MAX};
use crate::calls::statements;
use crate::guard::Caller;
use crate::respond::Failure;
use crate::routes::Context;

/// How long to wait, for a statement that is sent as it is.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatementQuery {
    #[serde(default)]
    wait: Wait,
    #[serde(default)]
    timeout_ms: Option<Uint>,
}

/// `POST /v1/statements`: 201 when it is committed now, 200 when it was known before, 202 while work is to be done.
pub(crate) async fn submit(
    State(context): State<Context>,
    caller: Caller,
    headers: HeaderMap,
    query: Result<Query<StatementQuery>, QueryRejection>,
    body: Body,
) -> Result<Response, Failure> {
    let StatementQuery { wait, timeout_ms } = question(query)?;
    let media_type = body::media_type(&headers);
    let params = match Format::from_media_type(&media_type) {
        Some(format) => {
            let statement = Bytes(body::bytes(&headers, body, cose::RECEIVED_BYTES_MAX).await?);
            let format = Some(format.name().to_owned());
            StatementParams { format, statement, keys: Vec::new(), wait, timeout_ms }
        }
        None if media_type == "application/json" => {
            body::shape::<StatementParams>(&headers, body, BODY_BYTES_MAX).await?
        }
        None => {
            let found = media_type.chars().take(80).collect();
            return Err(ApiError::StatementType { found }.into());
        }
    };
    let submitted = statements::register(&context.api, &caller, params).await?;
    Ok(entries::ticketed(&submitted))
}
