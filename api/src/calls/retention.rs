//! Retention by tenant: its artifacts, its policy, and a report that holds under one certified head.

use ledger::LedgerReader;
use ledger::retention::{Class, Endings, Totals};
use model::error::{AccessError, ApiError};
use model::page::Page;
use model::retention::{
    ArtifactsAnswer, ClassReport, ListedArtifact, RetentionPolicy, RetentionReport, RoomAnswer, TenantParams,
    TombstoneReport,
};
use model::scalar::{Hash, Uint};
use proto::counter::{LeafIndex, TimeMs, TreeSize};
use proto::entry::Entry;
use proto::id::{SubmissionId, Tenant};
use proto::operation::{Operation, Retention};

use super::artifacts::{Known, look, told};
use crate::api::{Api, Fault};
use crate::guard::principal::{Principal, Scopes};
use crate::keeping::{Policy, WhenOver};
use crate::paging::{self, List};

/// A tenant's artifacts, the newest first.
///
/// # Errors
/// `InvalidParams`, `Access` for another tenant's, `Storage` or `Internal`.
pub(crate) async fn list(
    api: &Api,
    principal: &Principal,
    params: TenantParams,
) -> Result<ArtifactsAnswer, ApiError> {
    let tenant = tenant_of(principal, params.tenant.as_deref())?;
    let (limit, list) = (paging::limit(params.limit)?, pages(api, "artifacts", &tenant));
    let before = list.place_at(params.cursor.as_deref())?.unwrap_or(u64::MAX);
    api.read(move |reader| {
        let found = reader.artifacts_of(&tenant, TreeSize::new(before), limit)?;
        let items = found.iter().map(|(index, id)| listed(reader, *index, *id));
        let items = items.collect::<Result<Vec<_>, Fault>>()?;
        Ok(page(&list, items, found.last().map(|(index, _)| *index), limit))
    })
    .await
}

fn listed(reader: &LedgerReader, index: LeafIndex, id: SubmissionId) -> Result<ListedArtifact, Fault> {
    let Known { artifact, keeping, class, content_bytes, .. } = look(reader, id.into())?;
    let (standing, erased_index) = told(keeping);
    Ok(ListedArtifact {
        id: id.into(),
        index: Uint(index.get()),
        address: Hash(artifact.address),
        class: class.name().to_owned(),
        content_bytes: (content_bytes > 0).then_some(Uint(content_bytes)),
        standing,
        keep_until_ms: artifact.retention.until().map(|until| Uint(until.get())),
        write_once: matches!(artifact.retention, Retention::WriteOnce(_)),
        erased_index,
    })
}

/// How a tenant's artifacts are kept here by default; without a name those of the default tenant.
///
/// # Errors
/// `InvalidParams`.
pub(crate) fn policy(api: &Api, tenant: Option<&str>) -> Result<RetentionPolicy, ApiError> {
    let tenant = tenant.map_or_else(|| Ok(Tenant::default_tenant()), parse)?;
    Ok(shown(api.doors().keeping.policy(&tenant)))
}

fn shown(policy: Policy) -> RetentionPolicy {
    let Policy { class, days, write_once, when_over } = policy;
    let when_over = match when_over {
        WhenOver::Delete => "delete",
        WhenOver::Archive => "archive",
    };
    RetentionPolicy {
        class: class.name().to_owned(),
        days: days.map(Uint),
        write_once,
        when_over: when_over.to_owned(),
    }
}

/// What a tenant has had kept, and what became of it, as it stands under the newest certified head. The pages of the
/// tombstones go on under that head, whatever has come since.
///
/// # Errors
/// `InvalidParams`, `Access` for another tenant's, `CheckpointUnknown` before there is one, `Storage` or `Internal`.
pub(crate) async fn report(
    api: &Api,
    principal: &Principal,
    params: TenantParams,
) -> Result<RetentionReport, ApiError> {
    let tenant = tenant_of(principal, params.tenant.as_deref())?;
    let (limit, list) = (paging::limit(params.limit)?, pages(api, "tombstones", &tenant));
    let place = params.cursor.as_deref().map(|cursor| list.place(cursor)).transpose()?;
    let place = place.map(|place| Place::read(&place)).transpose()?;
    let (policy, here) = (shown(api.doors().keeping.policy(&tenant)), room(api, &tenant));
    api.read(move |reader| {
        let unknown = |size: String| ApiError::CheckpointUnknown { size };
        let checkpoint = match place {
            None => reader.checkpoint_latest()?.ok_or_else(|| unknown("latest".to_owned()))?,
            Some(Place { size, .. }) => {
                reader.checkpoint_at(size)?.ok_or_else(|| unknown(size.to_string()))?
            }
        };
        let size = checkpoint.head.size;
        let time = reader.time_at(size)?;
        let classes = Class::ALL.iter().map(|class| of_class(reader, &tenant, *class, size, time));
        let classes = classes.collect::<Result<Vec<_>, Fault>>()?;
        let before = place.map_or(size, |place| TreeSize::new(place.before.get()));
        let found = reader.tombstones_of(&tenant, before, limit)?;
        let items = found.iter().map(|(index, id)| tombstone(reader, *index, *id));
        let items = items.collect::<Result<Vec<_>, Fault>>()?;
        let last = found.last().filter(|_| found.len() == limit).map(|(before, _)| *before);
        let next_cursor = last.map(|before| list.cursor(&Place { size, before }.bytes()));
        Ok(RetentionReport {
            tenant: tenant.to_string(),
            checkpoint_size: Uint(size.get()),
            checkpoint_root: Hash(checkpoint.head.root),
            time_ms: Uint(time.get()),
            complete_from: Uint(reader.retained_from()?.get()),
            classes,
            tombstones: Page { items, next_cursor },
            policy,
            here,
        })
    })
    .await
}

/// Where a page of tombstones begins, and under which head.
#[derive(Clone, Copy)]
struct Place {
    size: TreeSize,
    before: LeafIndex,
}

impl Place {
    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.size.get().to_be_bytes());
        bytes[8..].copy_from_slice(&self.before.get().to_be_bytes());
        bytes
    }

    fn read(place: &[u8]) -> Result<Self, ApiError> {
        let invalid =
            || ApiError::InvalidParams { fault: "the cursor names no place of this list".to_owned() };
        let (size, before) = place.split_first_chunk::<8>().ok_or_else(invalid)?;
        let before = <[u8; 8]>::try_from(before).map_err(|_| invalid())?;
        let (size, before) = (u64::from_be_bytes(*size), u64::from_be_bytes(before));
        match before < size {
            true => Ok(Self { size: TreeSize::new(size), before: LeafIndex::new(before) }),
            false => Err(invalid()),
        }
    }
}

fn of_class(
    reader: &LedgerReader,
    tenant: &Tenant,
    class: Class,
    size: TreeSize,
    time: TimeMs,
) -> Result<ClassReport, Fault> {
    let Totals { committed, committed_bytes, unstated, erased, erased_bytes } =
        reader.retained_totals(tenant, class, size)?;
    let Endings { ended, next } = reader.retained_endings(tenant, class, size, time)?;
    Ok(ClassReport {
        class: class.name().to_owned(),
        committed: Uint(committed),
        committed_bytes: Uint(committed_bytes),
        unstated: Uint(unstated),
        erased: Uint(erased),
        erased_bytes: Uint(erased_bytes),
        over: Uint(ended),
        kept: Uint(committed.saturating_sub(erased).saturating_sub(ended)),
        next_expiry_ms: next.map(|next| Uint(next.get())),
    })
}

fn tombstone(reader: &LedgerReader, index: LeafIndex, id: SubmissionId) -> Result<TombstoneReport, Fault> {
    let Some((_, Entry::Submission(entry))) = reader.entry(index)? else {
        return Err(ApiError::Storage.into());
    };
    let body = entry.submission.body();
    let Operation::RetentionTombstone { reason, .. } = &body.operation else {
        return Err(ApiError::Storage.into());
    };
    let class = reader.retained(&id)?.map_or(Class::Open, |retained| retained.class);
    Ok(TombstoneReport {
        index: Uint(index.get()),
        artifact: id.into(),
        class: class.name().to_owned(),
        author: body.author.to_string(),
        reason: reason.clone(),
        time_ms: Uint(entry.time.get()),
    })
}

fn room(api: &Api, tenant: &Tenant) -> RoomAnswer {
    let room = &api.doors().keeping.room;
    let (held, quota) = (room.held(tenant), room.quota(tenant));
    let limit = |max: u64| (max > 0).then_some(Uint(max));
    RoomAnswer {
        count: held.map(|held| Uint(held.count)),
        bytes: held.map(|held| Uint(held.bytes)),
        count_max: limit(quota.count_max),
        bytes_max: limit(quota.bytes_max),
    }
}

fn pages(api: &Api, name: &'static str, tenant: &Tenant) -> List {
    List::new(name, api.doors().set().network(), Some(tenant))
}

fn page<T>(list: &List, items: Vec<T>, last: Option<LeafIndex>, limit: usize) -> Page<T> {
    let next_cursor = last.filter(|_| items.len() == limit).map(|last| list.cursor_at(last.get()));
    Page { items, next_cursor }
}

fn parse(name: &str) -> Result<Tenant, ApiError> {
    Tenant::parse(name).map_err(|fault| ApiError::InvalidParams { fault: format!("tenant: {fault}") })
}

/// The tenant that is asked for: the caller's own, or any if an operator asks.
fn tenant_of(principal: &Principal, asked: Option<&str>) -> Result<Tenant, ApiError> {
    let Some(asked) = asked else { return Ok(principal.tenant.clone()) };
    let asked = parse(asked)?;
    match asked == principal.tenant || principal.scopes == Scopes::All {
        true => Ok(asked),
        false => {
            let (found, expected) = (asked.to_string(), principal.tenant.to_string());
            Err(AccessError::Tenant { found, expected }.into())
        }
    }
}
