//! `ledger_submitStatement`: a statement that was signed elsewhere, as it is.
//!
//! What is ordered is made of its bytes here, as a client could make it; from there on it is a submission like any other.

use model::entry::{StatementParams, SubmitParams};
use model::error::ApiError;
use model::operation::Key;
use model::scalar::Bytes;
use proto::statement::{Format, StatementError, cose};
use proto::submission::Submission;

use super::submit::{Submitted, submit};
use crate::api::Api;
use crate::guard::Caller;

/// Hands a statement to the node and waits as asked.
///
/// # Errors
/// `StatementMalformed` or `InvalidParams` before anything is sent; then as `submit`.
pub(crate) async fn register(
    api: &Api,
    caller: &Caller,
    params: StatementParams,
) -> Result<Submitted, ApiError> {
    let StatementParams { format, statement, keys, wait, timeout_ms } = params;
    let wrong = |fault: String| ApiError::InvalidParams { fault };
    let format = match format {
        Some(name) => Format::from_name(&name).ok_or_else(|| {
            let known = Format::ALL.map(Format::name).join(", ");
            wrong(format!(
                "{:?} is not a format; there are {known}",
                name.chars().take(40).collect::<String>()
            ))
        })?,
        None => Format::detect(&statement.0).ok_or_else(|| ApiError::StatementMalformed {
            fault: "it begins like no statement; say its format".to_owned(),
        })?,
    };
    let keys = keys.iter().map(Key::parse).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let made = match (format, keys.len()) {
        (Format::Cose, 0) => cose::submission(&statement.0),
        // Refused there: a statement of COSE holds its key.
        (Format::Cose | Format::Jws | Format::JwsJson | Format::Dsse | Format::Http, _) => {
            Submission::statement(format, &statement.0, keys)
        }
    };
    let envelope = made.map_err(|fault| malformed(&fault))?.bytes().to_vec();
    let params =
        SubmitParams { envelope: Some(Bytes(envelope)), wait, timeout_ms, ..SubmitParams::default() };
    submit(api, caller, params).await
}

fn malformed(fault: &StatementError) -> ApiError {
    ApiError::StatementMalformed { fault: fault.to_string() }
}
