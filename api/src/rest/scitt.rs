//! `/entries`: registration as SCITT clients ask for it.
//!
//! A signed statement in COSE comes in, a receipt goes out: at once if it is final within the wait, else from the place
//! that is named. Who asks there for a statement gets it back with the receipt in it. What is refused is said in CBOR.
//! Sources: draft-ietf-scitt-scrapi-09, RFC 9943 §7 (transparent statements), RFC 9290 (concise problem details),
//! RFC 7240 (`prefer`).

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use model::entry::{EntryParams, State as Progress, StatementParams, Wait};
use model::error::ApiError;
use model::receipt::ReceiptFormat;
use model::scalar::{Bytes, Hash};
use proto::canonical::Canonical as _;
use proto::cbor::Writer;
use proto::entry::Entry;
use proto::receipt::Receipt;
use proto::statement::{Format, cose};

use super::entries::{COSE_RECEIPT, preferred};
use super::part;
use crate::body;
use crate::calls::dialects::{self, Answer, Question, Spelt};
use crate::calls::entries::{self, Name};
use crate::calls::statements;
use crate::calls::submit::{Seen, Submitted};
use crate::guard::Caller;
use crate::guard::sight::Sight;
use crate::respond::{self, Code, Keep};
use crate::routes::Context;

/// Source: RFC 9943 §11.
pub(crate) const COSE_STATEMENT: &str = "application/scitt-statement+cose";
pub(crate) const PROBLEM: &str = "application/concise-problem-details+cbor";
/// When to ask again, in seconds.
const RETRY_S: u64 = 1;

/// `POST /entries`: 201 and the receipt, 200 and the same receipt for what was registered before, or 303 to the place
/// where it will be.
pub(crate) async fn register(
    State(context): State<Context>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    registered(&context, &caller, &headers, body).await.unwrap_or_else(|error| problem(&error))
}

async fn registered(
    context: &Context,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let media_type = body::media_type(headers);
    if Format::from_media_type(&media_type) != Some(Format::Cose) {
        return Err(ApiError::StatementType { found: media_type.chars().take(80).collect() });
    }
    let statement = Bytes(body::bytes(headers, body, cose::RECEIVED_BYTES_MAX).await?);
    let format = Some(Format::Cose.name().to_owned());
    let wait = if prefers_async(headers) { Wait::Accepted } else { Wait::Finalized };
    let params = StatementParams { format, statement, keys: Vec::new(), wait, timeout_ms: None };
    let Submitted { ticket, seen, .. } = statements::register(&context.api, caller, params).await?;
    let link = format!("/entries/{}", ticket.id);
    match ticket.state {
        Progress::Finalized => {
            let status = match seen {
                Seen::First => StatusCode::CREATED,
                Seen::Again => StatusCode::OK,
            };
            let sight = caller.sight(&context.api.doors().authenticator);
            let response = receipt(context, &sight, ticket.id, status, Wanted::Receipt).await?;
            Ok(respond::located(response, &link))
        }
        Progress::Accepted | Progress::Committed => Ok(elsewhere(StatusCode::SEE_OTHER, &link)),
        Progress::Rejected | Progress::Expired => {
            let reason = ticket.rejection.map_or("it expired".to_owned(), |rejection| rejection.reason);
            Err(ApiError::StatementRejected { id: ticket.id, reason })
        }
    }
}

/// What a caller asks for of a statement that is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Receipt,
    /// The statement with the receipt in it.
    Transparent,
}

impl Wanted {
    /// As the header `accept` has it; the receipt if it does not say.
    fn of(headers: &HeaderMap) -> Self {
        let known = |media_type: &str| match media_type {
            COSE_STATEMENT => Some(Self::Transparent),
            COSE_RECEIPT | "application/cose" | "application/*" | "*/*" => Some(Self::Receipt),
            _ => None,
        };
        preferred(headers, known).unwrap_or(Self::Receipt)
    }
}

/// `GET /entries/{id}`: 200 and the receipt, or 302 to the same place while it is not final. With
/// `accept: application/scitt-statement+cose` the statement with that receipt in it.
pub(crate) async fn resolve(
    State(context): State<Context>,
    sight: Sight,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    resolved(&context, &sight, Wanted::of(&headers), path).await.unwrap_or_else(|error| problem(&error))
}

async fn resolved(
    context: &Context,
    sight: &Sight,
    wanted: Wanted,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let name = part(path)?;
    let Name::Id(id) = Name::from_text(&name)? else { return Err(ApiError::EntryUnknown { name }) };
    let id = Hash::from(id);
    let answer = entries::entry(&context.api, sight, EntryParams { id: Some(id), index: None }).await?;
    match answer.state {
        Progress::Finalized => receipt(context, sight, id, StatusCode::OK, wanted).await,
        Progress::Accepted | Progress::Committed => {
            Ok(elsewhere(StatusCode::FOUND, &format!("/entries/{id}")))
        }
        Progress::Rejected | Progress::Expired => {
            let reason = answer.rejection.map_or("it expired".to_owned(), |rejection| rejection.reason);
            Err(ApiError::NoReceipt { id, reason })
        }
    }
}

/// The receipt of a statement that is final, in COSE, alone or in the statement. It never changes.
async fn receipt(
    context: &Context,
    sight: &Sight,
    id: Hash,
    status: StatusCode,
    wanted: Wanted,
) -> Result<Response, ApiError> {
    let question = Question {
        name: Name::Id(id.submission()),
        size: None,
        format: ReceiptFormat::Cose,
        algorithm: None,
        witnessed: None,
    };
    let Answer { spelt, tag, .. } = dialects::answer(&context.api, sight, question).await?;
    let Spelt::Cose(bytes) = spelt else {
        // It was asked for in COSE.
        return Err(ApiError::Internal);
    };
    let mut response = match wanted {
        Wanted::Receipt => respond::tagged(status, COSE_RECEIPT, sight.keep(Keep::Forever), &tag, bytes),
        Wanted::Transparent => {
            let statement = transparent(&bytes)?;
            respond::tagged(status, COSE_STATEMENT, sight.keep(Keep::Forever), &format!("{tag}-s"), statement)
        }
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// The statement that a receipt of ours is of, with the receipt in it.
fn transparent(receipt: &[u8]) -> Result<Vec<u8>, ApiError> {
    let (read, _) = Receipt::from_cose(receipt).map_err(|_| ApiError::Internal)?;
    match Entry::decode(&read.entry).map_err(|_| ApiError::Storage)? {
        Entry::Statement(entry) => {
            cose::transparent(entry.submission().bytes(), receipt).map_err(|_| ApiError::Internal)
        }
        Entry::Genesis(_) | Entry::Epoch(_) | Entry::Submission(_) | Entry::Block(_) => {
            let fault =
                format!("only a statement of COSE is given as {COSE_STATEMENT}, and this entry is none");
            Err(ApiError::InvalidParams { fault })
        }
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
