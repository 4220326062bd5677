//! `/entries`: registration as SCITT clients ask for it.
//!
//! A signed statement in COSE comes in, a receipt goes out: at once if it is final within the wait, else from the place
//! that is named. What is refused is said in CBOR. Sources: draft-ietf-scitt-scrapi-09, RFC 9290 (concise problem
//! details), RFC 7240 (`prefer`).

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use model::entry::{EntryParams, State as Progress, StatementParams, Wait};
use model::error::ApiError;
use model::receipt::ReceiptFormat;
use model::scalar::{Bytes, Hash};
use proto::cbor::Writer;
use proto::statement::{Format, cose};

use super::entries::COSE_RECEIPT;
use super::part;
use crate::body;
use crate::calls::dialects::{self, Answer, Question, Spelt};
use crate::calls::entries::{self, Name};
use crate::calls::statements;
use crate::calls::submit::{Seen, Submitted};
use crate::guard::Caller;
use crate::respond::{self, Code, Keep};
use crate::routes::Context;

const PROBLEM: &str = "application/concise-problem-details+cbor";
/// When to ask again, in seconds.
const RETRY_S: u64 = 1;

/// `POST /entries`: 201 and the receipt, 200 and the same receipt for what was registered before, or 303 to the place
/// where it will be.
pub(crate) async fn register(State(context): State<Context>, headers: HeaderMap, body: Body) -> Response {
    registered(&context, &headers, body).await.unwrap_or_else(|error| problem(&error))
}

async fn registered(context: &Context, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
    let media_type = body::media_type(headers);
    if Format::from_media_type(&media_type) != Some(Format::Cose) {
        return Err(ApiError::StatementType { found: media_type.chars().take(80).collect() });
    }
    let statement = Bytes(body::bytes(headers, body, cose::RECEIVED_BYTES_MAX).await?);
    let format = Some(Format::Cose.name().to_owned());
    let wait = if prefers_async(headers) { Wait::Accepted } else { Wait::Finalized };
    let caller = Caller::of(headers, context.exposure.clone());
    let params = StatementParams { format, statement, keys: Vec::new(), wait, timeout_ms: None };
    let Submitted { ticket, seen, .. } = statements::register(&context.api, &caller, params).await?;
    let link = format!("/entries/{}", ticket.id);
    match ticket.state {
        Progress::Finalized => {
            let status = match seen {
                Seen::First => StatusCode::CREATED,
                Seen::Again => StatusCode::OK,
            };
            Ok(respond::located(receipt(context, ticket.id, status).await?, &link))
        }
        Progress::Accepted | Progress::Committed => Ok(elsewhere(StatusCode::SEE_OTHER, &link)),
        Progress::Rejected | Progress::Expired => {
            let reason = ticket.rejection.map_or("it expired".to_owned(), |rejection| rejection.reason);
            Err(ApiError::StatementRejected { id: ticket.id, reason })
        }
    }
}

/// `GET /entries/{id}`: 200 and the receipt, or 302 to the same place while it is not final.
pub(crate) async fn resolve(
    State(context): State<Context>,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    resolved(&context, path).await.unwrap_or_else(|error| problem(&error))
}

async fn resolved(
    context: &Context,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let name = part(path)?;
    let Name::Id(id) = Name::from_text(&name)? else { return Err(ApiError::EntryUnknown { name }) };
    let id = Hash::from(id);
    let answer = entries::entry(&context.api, EntryParams { id: Some(id), index: None }).await?;
    match answer.state {
        Progress::Finalized => receipt(context, id, StatusCode::OK).await,
        Progress::Accepted | Progress::Committed => {
            Ok(elsewhere(StatusCode::FOUND, &format!("/entries/{id}")))
        }
        Progress::Rejected | Progress::Expired => {
            let reason = answer.rejection.map_or("it expired".to_owned(), |rejection| rejection.reason);
            Err(ApiError::NoReceipt { id, reason })
        }
    }
}

/// The receipt of a statement that is final, in COSE. It never changes.
async fn receipt(context: &Context, id: Hash, status: StatusCode) -> Result<Response, ApiError> {
    let question = Question {
        name: Name::Id(id.submission()),
        size: None,
        format: ReceiptFormat::Cose,
        algorithm: None,
        witnessed: None,
    };
    let Answer { spelt, tag, .. } = dialects::answer(&context.api, question).await?;
    match spelt {
        Spelt::Cose(bytes) => Ok(respond::tagged(status, COSE_RECEIPT, Keep::Forever, &tag, bytes)),
        // It was asked for in COSE.
        Spelt::Json(_) | Spelt::TlogProof(_) | Spelt::Bundle(_) => Err(ApiError::Internal),
    }
}

fn elsewhere(status: StatusCode, link: &str) -> Response {
    let mut response = respond::of(status, PROBLEM, Keep::Never, Vec::new());
    response.headers_mut().remove(axum::http::header::CONTENT_TYPE);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_S));
    respond::located(response, link)
}

fn prefers_async(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}

/// An error in CBOR: the title, and in the detail the stable code, too.
fn problem(error: &ApiError) -> Response {
    let row = error.row();
    let body = details(row.title, &format!("{error} [{}]", row.code));
    let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond::of(status, PROBLEM, Keep::Never, body);
    if let Some(ms) = error.retry_after_ms() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
    }
    response.extensions_mut().insert(Code(row.code));
    response
}

/// Title and detail, as RFC 9290 labels them.
fn details(title: &str, detail: &str) -> Vec<u8> {
    let mut body = Writer::new();
    body.map(2).int(-1).text(title).int(-2).text(detail);
    body.finish()
}

#[cfg(test)]
mod tests {
    use proto::cbor::Reader;

    use super::*;

    #[test]
    fn a_problem_is_a_map_of_two_texts() {
        let response = problem(&ApiError::Busy { retry_after_ms: 1_500 });
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        for length in [3, 24, 256, 70_000] {
            let detail = "x".repeat(length);
            let body = details("Busy", &detail);
            let mut reader = Reader::new(&body);
            assert_eq!((reader.map(2), reader.int(), reader.text(9)), (Ok(2), Ok(-1), Ok("Busy")));
            assert_eq!((reader.int(), reader.text(100_000)), (Ok(-2), Ok(&detail[..])));
            assert_eq!(reader.end(), Ok(()));
        }
    }
}
