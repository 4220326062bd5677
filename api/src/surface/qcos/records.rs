//! Records of evidence by their own names: one, and a tenant's list, the newest first.
//!
//! The list goes by the records' numbers, so a page costs what it shows. Times are those of blocks, which only grow: where a
//! span begins in the list is found by halving it. What a record claims is looked at record by record, at most
//! [`LOOKED_PER_ITEM`] for each item that is asked for: a page that ends there has fewer, or none, and its cursor goes on.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use ledger::LedgerReader;
use ledger::evidence::Evidence;
use ledger::read::ReadError;
use model::error::{ApiError, SurfaceError};
use model::scalar::Uint;
use proto::canon::Value;
use proto::counter::TimeMs;
use proto::evidence::Level;
use proto::id::Tenant;
use proto::iso;
use proto::job::{JobId, JobState, RecordId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::qod::body::unprocessable;
use super::evidence::kept;
use super::view::{Found, status};
use crate::api::{Api, Fault};
use crate::paging::{self, List};
use crate::rest::question;

/// What is not there. Not called evidence of a job: clients take a 404 that says `job` for an unknown job.
const RECORD: &str = "evidence record";
/// How many records are looked at for a page, times the items it may have.
const LOOKED_PER_ITEM: usize = 8;

/// The record of that name, which was not deleted.
///
/// # Errors
/// `Unknown`, `Gone`.
pub(super) async fn find(api: &Api, tenant: &Tenant, name: &str) -> Result<Found, ApiError> {
    let unknown = || SurfaceError::Unknown { what: RECORD };
    let (of, record) = (tenant.clone(), RecordId::parse(name).map_err(|_| unknown())?);
    let read = move |reader: &LedgerReader| match reader.job_of_record(&of, &record)? {
        Some(job) => Ok::<_, Fault>(Found::find(reader, &of, &job)?),
        None => Ok(None),
    };
    kept(api.read(read).await?.ok_or_else(unknown)?)
}

/// Which page of which records.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordParams {
    /// Records on a page, 1 to 200; else 50.
    limit: Option<Uint>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// Only those that claim this level.
    claim_level: Option<String>,
    /// Only those of jobs that ended so: completed, as all that have evidence did, or failed.
    outcome: Option<String>,
    /// Only those sealed at this time or later, by the time of the block, as 2025-01-04T10:00:00Z.
    since: Option<String>,
    /// Only those sealed before this time.
    until: Option<String>,
}

/// What is asked for.
#[derive(Debug)]
struct Asked {
    limit: usize,
    claim: Option<Level>,
    outcome: Option<JobState>,
    since: Option<TimeMs>,
    until: Option<TimeMs>,
}

impl Asked {
    fn of(params: &RecordParams) -> Result<Self, ApiError> {
        let RecordParams { limit, cursor: _, claim_level, outcome, since, until } = params;
        let claim = claim_level.as_deref().map(|name| {
            let fault =
                || format!("claim_level: one of {} is needed", Level::ALL.map(Level::name).join(", "));
            Level::from_name(name).ok_or_else(|| unprocessable(fault()))
        });
        let outcome = outcome.as_deref().map(|name| match name {
            "completed" => Ok(JobState::Completed),
            "failed" => Ok(JobState::Failed),
            _ => Err(unprocessable("outcome: completed or failed is needed")),
        });
        Ok(Self {
            limit: paging::limit(*limit)?,
            claim: claim.transpose()?,
            outcome: outcome.transpose()?,
            since: time("since", since.as_deref())?,
            until: time("until", until.as_deref())?,
        })
    }

    /// The list that takes its cursors.
    fn list(&self, api: &Api, tenant: &Tenant) -> List {
        let time = |time: Option<TimeMs>| time.map(|time| time.get().to_string());
        List::new("evidence", api.doors().set().network(), Some(tenant))
            .filtered("claim_level", self.claim.map(Level::name))
            .filtered("outcome", self.outcome.map(JobState::name))
            .filtered("since", time(self.since).as_deref())
            .filtered("until", time(self.until).as_deref())
    }

    fn takes(&self, evidence: &Evidence) -> bool {
        self.claim.is_none_or(|claim| evidence.claim == claim)
    }
}

/// A time of RFC 3339, to the millisecond above: blocks have whole ones, so none is on another side of it.
fn time(name: &str, text: Option<&str>) -> Result<Option<TimeMs>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let fault = || unprocessable(format!("{name}: a time is needed, as 2025-01-04T10:00:00Z"));
    let found = iso::read(text).ok_or_else(fault)?;
    Ok(Some(TimeMs::new(found.micros().div_ceil(1_000))))
}

/// A page of a list.
#[derive(Debug, Default)]
struct Page {
    found: Vec<(JobId, Evidence)>,
    /// The number below which the next page begins; none after the last record.
    next: Option<u64>,
}

/// The newest record with a number below `before`.
fn newest(
    reader: &LedgerReader,
    tenant: &Tenant,
    before: Option<u64>,
) -> Result<Option<(u64, JobId, Evidence)>, ReadError> {
    let Some((number, job)) = reader.records(tenant, before, 1)?.pop() else { return Ok(None) };
    Ok(reader.evidence(tenant, &job)?.map(|evidence| (number, job, evidence)))
}

/// How many of a tenant's records were sealed before a time: each number below that was, and no other.
fn sealed_before(reader: &LedgerReader, tenant: &Tenant, time: TimeMs) -> Result<u64, ReadError> {
    let Some((last, _, _)) = newest(reader, tenant, None)? else { return Ok(0) };
    let (mut low, mut high) = (0, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match newest(reader, tenant, Some(middle + 1))? {
            Some((_, _, evidence)) if evidence.sealed_at < time => low = middle + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

fn page(
    reader: &LedgerReader,
    tenant: &Tenant,
    asked: &Asked,
    cursor: Option<u64>,
) -> Result<Page, ReadError> {
    // Only a completed job has evidence: rule J5.
    if asked.outcome == Some(JobState::Failed) {
        return Ok(Page::default());
    }
    let mut before = match (cursor, asked.until) {
        // A cursor stands where the page before ended, which is within the span.
        (Some(_), _) | (None, None) => cursor,
        (None, Some(until)) => Some(sealed_before(reader, tenant, until)?),
    };
    let mut page = Page::default();
    for looked in 0.. {
        let Some((number, job, evidence)) = newest(reader, tenant, before)? else { break };
        if asked.since.is_some_and(|since| evidence.sealed_at < since) {
            break;
        }
        if page.found.len() == asked.limit || looked == asked.limit * LOOKED_PER_ITEM {
            page.next = before;
            break;
        }
        before = Some(number);
        if asked.takes(&evidence) {
            page.found.push((job, evidence));
        }
    }
    Ok(page)
}

/// The members of a page of a tenant's records: `items`, in which `name` names the record, and `next_cursor`.
///
/// # Errors
/// `InvalidParams` and `Unprocessable` naming the member; `Storage` or `Internal`.
pub(super) async fn list(
    api: &Api,
    tenant: Tenant,
    query: Result<Query<RecordParams>, QueryRejection>,
    name: &'static str,
) -> Result<[(&'static str, Value); 2], ApiError> {
    let params = question(query)?;
    let asked = Asked::of(&params)?;
    let list = asked.list(api, &tenant);
    let cursor = list.place_at(params.cursor.as_deref())?;
    let read = move |reader: &LedgerReader| Ok::<_, Fault>(page(reader, &tenant, &asked, cursor)?);
    let Page { found, next } = api.read(read).await?;
    let items = found.iter().map(|(job, evidence)| told(name, job, evidence));
    Ok([
        ("items", Value::List(items.collect())),
        ("next_cursor", next.map(|place| list.cursor_at(place)).into()),
    ])
}

/// A record in a list: one that was deleted stays in it, with its hashes.
fn told(name: &'static str, job: &JobId, evidence: &Evidence) -> Value {
    Value::object([
        (name, evidence.record.as_str().into()),
        ("job_id", job.as_str().into()),
        ("created_at", iso::text(evidence.created_at).into()),
        ("sealed_at", iso::text(evidence.sealed_at).into()),
        ("claim_level", evidence.claim.name().into()),
        ("outcome", "completed".into()),
        ("status", status(evidence).into()),
        ("bundle_hash", format!("sha256:{}", evidence.bundle).into()),
        ("merkle_root", format!("sha256:{}", evidence.root).into()),
        ("sequence", evidence.number.into()),
        ("log_index", evidence.sealed.index.get().into()),
    ])
}
