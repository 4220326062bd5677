//! The same verbs as paths: what a GET with curl needs, and what caches understand.

pub(crate) mod anchors;
pub(crate) mod artifacts;
pub(crate) mod audit;
pub(crate) mod chain;
pub(crate) mod entries;
pub(crate) mod keys;
pub(crate) mod node;
pub(crate) mod range;
pub(crate) mod retention;
pub(crate) mod root;
pub(crate) mod scitt;
pub(crate) mod search;
pub(crate) mod statements;
pub(crate) mod tiles;
pub(crate) mod witness;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use model::error::ApiError;

/// A part of the path.
///
/// # Errors
/// `InvalidParams` when it is not UTF-8.
pub(crate) fn part(path: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    match path {
        Ok(Path(text)) => Ok(text),
        Err(fault) => Err(ApiError::InvalidParams { fault: fault.body_text() }),
    }
}

/// What stands after the question mark.
///
/// # Errors
/// `InvalidParams` naming the member.
pub(crate) fn question<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ApiError> {
    match query {
        Ok(Query(value)) => Ok(value),
        Err(fault) => Err(ApiError::InvalidParams { fault: fault.body_text() }),
    }
}
