//! `GET /v1/events`: what happens, as server-sent events that can be resumed.
//!
//! Each event carries its number. A reader that comes back names the last one it had, and misses nothing: what the
//! feed no longer holds is read from the store. A slow reader slows down nobody and is never dropped.
//! Source: HTML Living Standard, server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use ledger::{Event, Notice, Outcome};
use model::entry::RejectionReason;
use model::error::ApiError;
use model::event::{EventAnswer, OutcomeAnswer};
use model::scalar::{Hash, Uint};
use proto::id::SubmissionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::api::Api;
use crate::guard::STREAMS_MAX;
use crate::respond::Failure;
use crate::routes::Context;

/// Notices read from the store at once.
const PAGE: usize = 64;
/// How often a silent stream says that it lives.
const ALIVE: Duration = Duration::from_secs(15);

/// Where to begin.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    #[serde(default)]
    from: Option<Uint>,
}

/// `GET /v1/events`.
pub(crate) async fn events(
    State(context): State<Context>,
    headers: HeaderMap,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let EventsQuery { from } = crate::rest::question(query)?;
    let api = context.api;
    let permit = api
        .streams()
        .clone()
        .try_acquire_owned()
        .map_err(|_| ApiError::TooMany { what: "event streams", max: STREAMS_MAX })?;
    // Listens before the store is read, so that nothing falls between.
    let feed = api.doors().feed.subscribe();
    // A browser repeats the address it began with and adds where it was; the latter counts.
    let cursor = match resumed(&headers)? {
        Some(last) => Some(last.saturating_add(1)),
        None => from.map(|from| from.0),
    };
    if let Some(cursor) = cursor {
        expect_known(&api, cursor).await?;
    }
    let tail = Tail { api, feed, cursor, behind: cursor.is_some(), page: VecDeque::new(), _permit: permit };
    let stream = stream::unfold(tail, |mut tail| async move {
        let notice = tail.next().await?;
        Some((Ok::<_, Infallible>(written(&notice)), tail))
    });
    let mut response = Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn resumed(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    match Uint::from_digits(text) {
        Ok(last) => Ok(Some(last.0)),
        Err(fault) => Err(ApiError::InvalidParams { fault: format!("last-event-id: {fault}") }),
    }
}

/// A reader that was at another node, or at another network of the same name, would wait here for ever.
async fn expect_known(api: &Api, cursor: u64) -> Result<(), ApiError> {
    let Some(before) = cursor.checked_sub(1).filter(|before| *before > 0) else { return Ok(()) };
    api.read(move |reader| match reader.notices(before, 1)?.is_empty() {
        false => Ok(()),
        true => {
            let fault = format!("event {before} has not happened here; each node numbers its own events");
            Err(ApiError::InvalidParams { fault }.into())
        }
    })
    .await
}

/// A reader's place among the notices.
struct Tail {
    api: Api,
    feed: Receiver<Arc<Notice>>,
    /// The next number to give out; none: whatever comes first.
    cursor: Option<u64>,
    /// Whether the store may hold what the feed no longer does.
    behind: bool,
    page: VecDeque<Arc<Notice>>,
    _permit: OwnedSemaphorePermit,
}

impl Tail {
    /// The next notice; none when the stream ends.
    async fn next(&mut self) -> Option<Arc<Notice>> {
        loop {
            if let Some(notice) = self.page.pop_front() {
                return Some(self.pass(notice));
            }
            if self.behind {
                self.turn_page().await?;
                continue;
            }
            let heard = tokio::select! {
                heard = self.feed.recv() => heard,
                () = self.api.stopped() => return None,
            };
            match heard {
                Ok(notice) => match self.cursor {
                    Some(cursor) if notice.sequence < cursor => {}
                    Some(cursor) if notice.sequence > cursor => self.behind = true,
                    Some(_) | None => return Some(self.pass(notice)),
                },
                // What the feed still holds comes next, and its number shows the gap.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn pass(&mut self, notice: Arc<Notice>) -> Arc<Notice> {
        self.cursor = Some(notice.sequence.saturating_add(1));
        notice
    }

    async fn turn_page(&mut self) -> Option<()> {
        let from = self.cursor?;
        // A store that fails ends the stream; its reader comes back and is told so.
        let page = self.api.read(move |reader| Ok(reader.notices(from, PAGE)?)).await.ok()?;
        self.behind = !page.is_empty();
        self.page.extend(page.into_iter().map(Arc::new));
        Some(())
    }
}

fn written(notice: &Notice) -> SseEvent {
    let kind = match &notice.event {
        Event::Committed { .. } => "committed",
        Event::Finalized { .. } => "finalized",
    };
    // Strings and numbers: JSON can hold them, on one line, as an event's data must be.
    let data = serde_json::to_string(&answer(notice)).unwrap_or_default();
    SseEvent::default().id(notice.sequence.to_string()).event(kind).data(data)
}

fn answer(notice: &Notice) -> EventAnswer {
    let sequence = Uint(notice.sequence);
    match &notice.event {
        Event::Committed { height, first_index, outcomes } => EventAnswer::Committed {
            sequence,
            height: Uint(height.get()),
            first_index: Uint(first_index.get()),
            outcomes: outcomes.iter().map(|(id, outcome)| outcome_answer(*id, outcome)).collect(),
        },
        Event::Finalized { size, root } => {
            EventAnswer::Finalized { sequence, size: Uint(size.get()), root: Hash(*root) }
        }
    }
}

fn outcome_answer(id: SubmissionId, outcome: &Outcome) -> OutcomeAnswer {
    let id = id.into();
    match outcome {
        Outcome::Committed { index, time, height: _ } => {
            OutcomeAnswer::Committed { id, index: Uint(index.get()), time_ms: Uint(time.get()) }
        }
        Outcome::Rejected { rejection, height: _ } => {
            let rejection =
                RejectionReason { code: rejection.code().to_owned(), reason: rejection.to_string() };
            OutcomeAnswer::Rejected { id, rejection }
        }
        Outcome::Expired { height: _ } => OutcomeAnswer::Expired { id },
    }
}
