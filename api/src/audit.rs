//! What is noted of requests: who asked what, and what came of it; every refusal, and everything a credential was shown for.
//!
//! The window makes the notes, the node keeps them (`Doors::audit`). A note holds no credential, nor any part of one: the
//! target is written without what was secret in it. When notes are made faster than they are kept, those that find no room
//! are counted, never waited for. What was refused is given out again by whoever keeps the notes (`Notes`).

use axum::http::{Method, Uri};
use crypto::Digest;
use model::error::{AccessError, ApiError, SurfaceError};
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::guard::principal::Principal;
use crate::guard::request_id::RequestId;
use crate::guard::shown::redacted;

/// Longest target in a note, in characters.
const TARGET_CHARS_MAX: usize = 256;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The request's name.
    pub request: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query, shortened, without what is secret.
    pub target: String,
    /// The HTTP status answered.
    pub status: u16,
    /// The error's code, or `ok`.
    pub code: String,
    /// Whose data it was let near; null: nobody's.
    pub tenant: Option<String>,
    /// Who it was.
    pub subject: Option<String>,
}

/// Who keeps the notes, and gives out those of them that tell of refusals.
pub trait Notes: Send + Sync + std::fmt::Debug {
    /// The newest refusals that are asked for. Reads files: only on a thread that may block.
    ///
    /// # Errors
    /// What went wrong, for the operator.
    fn refusals(&self, query: &NotesQuery) -> Result<NotesPage, String>;
}

/// Which refusals are asked for; what is none is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotesQuery {
    /// Of whose requests.
    pub tenant: Option<String>,
    /// By whom.
    pub actor: Option<String>,
    /// Of what: a path without what stands behind the question mark.
    pub resource: Option<String>,
    /// Only at this time or later, in milliseconds since 1970.
    pub from_ms: Option<u64>,
    /// Only before this time.
    pub to_ms: Option<u64>,
    /// Only below this number.
    pub before: Option<u64>,
    /// Most of them.
    pub limit: usize,
    /// Whether what shows the chain is wanted.
    pub prove: bool,
}

/// Refusals, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotesPage {
    /// They.
    pub notes: Vec<KeptNote>,
    /// Below which number the next page begins; none when there is nothing left.
    pub next: Option<u64>,
}

/// A note as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptNote {
    /// Its number at this node.
    pub number: u64,
    /// When it was made, by the node's clock, in milliseconds since 1970.
    pub time_ms: u64,
    /// The hash of its line.
    pub hash: Digest,
    /// What was noted.
    pub noted: Noted,
    /// The note byte for byte, where the chain is wanted.
    pub text: Option<String>,
    /// Where the chain is wanted: the digests of the notes between it and the one given before it, the older first.
    pub behind: Vec<Digest>,
}

/// Whether a note is one that is asked for, apart from its number.
pub fn is_about(query: &NotesQuery, time_ms: u64, noted: &Noted) -> bool {
    let NotesQuery { tenant, actor, resource, from_ms, to_ms, before: _, limit: _, prove: _ } = query;
    tenant.as_ref().is_none_or(|it| noted.tenant.as_ref() == Some(it))
        && actor.as_ref().is_none_or(|it| noted.subject.as_ref() == Some(it))
        && resource.as_ref().is_none_or(|it| it == noted.path())
        && from_ms.is_none_or(|from| time_ms >= from)
        && to_ms.is_none_or(|to| time_ms < to)
}

impl Noted {
    /// The path that was asked for.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// Whom the guard of a route has let in, in the answer: for the note.
#[derive(Clone, Debug)]
pub(crate) struct Admitted(pub Principal);

/// A request as it came, for its note.
pub(crate) struct Asked {
    id: RequestId,
    method: Method,
    target: String,
}

impl Asked {
    pub(crate) fn of(id: RequestId, method: &Method, uri: &Uri) -> Self {
        let query = uri.query().map(|query| format!("?{}", redacted(query))).unwrap_or_default();
        let target = format!("{}{query}", uri.path()).chars().take(TARGET_CHARS_MAX).collect();
        Self { id, method: method.clone(), target }
    }

    /// Notes what came of it, if that is to be noted; `shown` is asked whom the request shows, where no guard has judged it.
    pub(crate) fn note(
        self,
        api: &Api,
        status: u16,
        admitted: Option<&Admitted>,
        raised: Option<&ApiError>,
        shown: impl FnOnce() -> Option<Admitted>,
    ) {
        let Some(audit) = &api.doors().audit else { return };
        if admitted.is_none() && !raised.is_some_and(is_refusal) {
            return;
        }
        let known = admitted.cloned().or_else(shown);
        let admitted = known.as_ref();
        let noted = Noted {
            request: self.id.0,
            method: self.method.as_str().chars().take(20).collect(),
            target: self.target,
            status,
            code: raised.map_or("ok", |error| error.row().code).to_owned(),
            tenant: admitted.map(|Admitted(principal)| principal.tenant.to_string()),
            subject: admitted.map(|Admitted(principal)| principal.subject.clone()),
        };
        if audit.try_send(noted).is_err() {
            api.counters().unnoted();
        }
    }
}

/// Whether an error says that somebody was turned away: it wanted what was not for it, more than its share, or to have
/// something done that a rule refuses.
pub(crate) const fn is_refusal(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::Access(
            AccessError::Missing { .. }
                | AccessError::Malformed { .. }
                | AccessError::Unknown { .. }
                | AccessError::Expired { .. }
                | AccessError::Unconfigured
                | AccessError::Tenant { .. }
                | AccessError::TenantMissing
                | AccessError::Scope { .. }
                | AccessError::Beyond { .. }
                | AccessError::Rate { .. }
        ) | ApiError::Surface(SurfaceError::Forbidden { .. })
            | ApiError::HostRefused { .. }
            | ApiError::HeadTooLarge { .. }
            | ApiError::BodyTooLarge { .. }
            | ApiError::TooMany { .. }
            | ApiError::SigningNotOffered
            | ApiError::SubmissionMalformed { .. }
            | ApiError::SubmissionRefused { .. }
            | ApiError::StatementMalformed { .. }
            | ApiError::StatementRejected { .. }
    )
}
