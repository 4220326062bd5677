//! `audit_list`: who did what to which thing, and what was refused here; one list, the newest first.
//!
//! What was done stands in the ledger and has its place there, the same at every node; what was refused stands in this
//! node's security log. The two are merged by their times. A cursor holds the place in each; brought to another node it
//! goes on in the ledger at the same place, and in that node's own notes at the time that was reached.

use ledger::LedgerReader;
use ledger::audit::query::{Deed, Query};
use model::audit::{AuditAnswer, AuditHead, AuditItem, AuditParams, AuditSource, REFUSED, Refusal, moment};
use model::error::{AccessError, ApiError};
use model::scalar::{Bytes, Hash, Position, Uint};
use proto::canonical::Canonical as _;
use proto::counter::{LeafIndex, TimeMs, TreeSize};
use proto::entry::Entry;
use proto::id::Tenant;

use crate::api::{Api, Fault};
use crate::audit::{KeptNote, NotesPage, NotesQuery};
use crate::guard::principal::{Principal, Scopes};
use crate::kept::{Beyond, Kept, Wanted};
use crate::paging::{self, List};

/// What reading the audit log needs.
pub(crate) const SCOPE: &str = "audit:read";
/// Longest filter, in bytes.
const FILTER_BYTES_MAX: usize = 1_024;

/// A page of the audit log.
///
/// # Errors
/// `Access` when the caller may not, or asks for another tenant's; `InvalidParams`, `CheckpointUnknown`, `Storage`.
pub(crate) async fn list(
    api: &Api,
    principal: &Principal,
    params: AuditParams,
) -> Result<AuditAnswer, ApiError> {
    let question = Question::of(api, principal, params)?;
    let notes = api.doors().notes.clone();
    let kept = api.kept().clone();
    api.read(move |reader| {
        let head = question.prove.map(|size| question.head(reader, &kept, size)).transpose()?;
        let deeds = match question.asks(AuditSource::Ledger) {
            true => question.deeds(reader, head.as_ref())?,
            false => Part::default(),
        };
        let refusals = match notes.filter(|_| question.asks(AuditSource::Local)) {
            Some(notes) => question.refusals(notes.refusals(&question.notes_query()).map_err(|fault| {
                tracing::error!(%fault, "the security log cannot be read");
                ApiError::Storage
            })?),
            None => Part::default(),
        };
        let answer = question.merge(deeds, refusals);
        question.told(reader, &kept, answer, head)
    })
    .await
}

/// What is asked, once it is known that it may be.
struct Question {
    list: List,
    node: String,
    params: AuditParams,
    from: Option<u64>,
    to: Option<u64>,
    limit: usize,
    prove: Option<Position>,
    place: Option<Place>,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// The next page has leaves below this one; 0: none.
    leaf: u64,
    /// It has notes below this one; 0: none.
    note: u64,
    /// The time that was reached.
    time_ms: u64,
    /// Which node's notes they are.
    node: [u8; 8],
}

impl Question {
    fn of(api: &Api, principal: &Principal, params: AuditParams) -> Result<Self, ApiError> {
        let invalid = |fault: String| ApiError::InvalidParams { fault };
        if !principal.scopes.allow(SCOPE) {
            let found = principal.scopes.to_string();
            return Err(AccessError::Scope { needed: SCOPE, found }.into());
        }
        let own = match principal.scopes {
            Scopes::All => None,
            Scopes::Some(_) => Some(&principal.tenant),
        };
        let asked = params.tenant.as_deref().map(Tenant::parse).transpose();
        let asked = asked.map_err(|fault| invalid(format!("tenant: {fault}")))?;
        let tenant = match (own, asked) {
            (Some(own), Some(asked)) if asked != *own => {
                let (found, expected) = (asked.to_string(), own.to_string());
                return Err(AccessError::Tenant { found, expected }.into());
            }
            (Some(own), _) => Some(own.clone()),
            (None, asked) => asked,
        };
        let filters = [("actor", &params.actor), ("action", &params.action), ("resource", &params.resource)];
        for (name, filter) in filters {
            if filter.as_ref().is_some_and(|filter| filter.len() > FILTER_BYTES_MAX) {
                return Err(invalid(format!("{name} has more than {FILTER_BYTES_MAX} bytes")));
            }
        }
        let time = |name: &str, text: &Option<String>| {
            let read = text.as_deref().map(moment).transpose();
            read.map_err(|fault| invalid(format!("{name}: {fault}")))
        };
        let (from, to) = (time("from", &params.from)?, time("to", &params.to)?);
        let limit = paging::limit(params.limit)?;
        let source = params.source.map(|source| match source {
            AuditSource::Ledger => "ledger",
            AuditSource::Local => "local",
        });
        let text = |ms: Option<u64>| ms.map(|ms| ms.to_string());
        let mut list = List::new("audit", &api.doors().genesis.network(), tenant.as_ref());
        for (name, value) in [
            ("actor", params.actor.clone()),
            ("action", params.action.clone()),
            ("resource", params.resource.clone()),
            ("from", text(from)),
            ("to", text(to)),
            ("source", source.map(str::to_owned)),
        ] {
            list = list.filtered(name, value.as_deref());
        }
        let place = params.after.as_deref().map(|after| Place::read(&list.place(after)?)).transpose()?;
        let node = api.doors().status.borrow().name.clone();
        let (prove, tenant) = (params.prove, tenant.map(|tenant| tenant.to_string()));
        Ok(Self { list, node, params: AuditParams { tenant, ..params }, from, to, limit, prove, place })
    }

    fn asks(&self, source: AuditSource) -> bool {
        let is_refused = self.params.action.as_deref().map(|action| action == REFUSED);
        let of_action = match source {
            AuditSource::Ledger => is_refused != Some(true),
            AuditSource::Local => is_refused != Some(false),
        };
        of_action && self.params.source.is_none_or(|asked| asked == source)
    }

    /// The head under which the entries are proven.
    fn head(&self, reader: &LedgerReader, kept: &Kept, size: Position) -> Result<AuditHead, Fault> {
        let unknown = || ApiError::CheckpointUnknown { size: size.to_string() };
        let size = match size {
            Position::At(size) => TreeSize::new(size),
            Position::Latest => reader.checkpoint_latest()?.ok_or_else(unknown)?.head.size,
        };
        let found = kept.checkpoint(Beyond::Store(reader), Wanted::Of(size))?;
        let found = found.ok_or_else(unknown)?;
        Ok(AuditHead { size: Uint(found.size.get()), note: found.note.clone() })
    }

    fn deeds(&self, reader: &LedgerReader, head: Option<&AuditHead>) -> Result<Part<Deed>, Fault> {
        let below = [self.place.map(|place| place.leaf), head.map(|head| head.size.0)];
        let params = &self.params;
        let query = Query {
            tenant: params.tenant.as_deref(),
            actor: params.actor.as_deref(),
            action: params.action.as_deref(),
            resource: params.resource.as_deref(),
            from: self.from.map(TimeMs::new),
            to: self.to.map(TimeMs::new),
            before: below.into_iter().flatten().min().map(LeafIndex::new),
            limit: self.limit + 1,
        };
        let found = reader.audit(&query)?;
        Ok(Part { items: reader.deeds(&found.leaves)?, rest: found.next.map(LeafIndex::get) })
    }

    fn notes_query(&self) -> NotesQuery {
        let params = &self.params;
        let ours = self.place.filter(|place| place.node == tag(&self.node));
        // At another node the place in its notes is the time that was reached.
        let reached = self.place.filter(|place| place.node != tag(&self.node)).map(|place| place.time_ms);
        NotesQuery {
            tenant: params.tenant.clone(),
            actor: params.actor.clone(),
            resource: params.resource.clone(),
            from_ms: self.from,
            to_ms: [self.to, reached].into_iter().flatten().min(),
            before: ours.map(|place| place.note),
            limit: self.limit + 1,
            prove: self.prove.is_some(),
        }
    }

    fn refusals(&self, page: NotesPage) -> Part<KeptNote> {
        Part { items: page.notes, rest: page.next }
    }

    /// The newer of both, in turn, as far as each is known.
    fn merge(&self, deeds: Part<Deed>, refusals: Part<KeptNote>) -> Merged {
        let mut items = Vec::new();
        let mut deeds = Ahead::of(deeds, self.place.map(|place| place.leaf));
        let mut refusals = Ahead::of(refusals, self.place.map(|place| place.note));
        let mut time_ms = self.place.map_or(u64::MAX, |place| place.time_ms);
        // While none of this node's notes was taken, the place in notes is still the one that the cursor brought.
        let mut node = self.place.map_or_else(|| tag(&self.node), |place| place.node);
        while items.len() < self.limit {
            // A list that has more than was read says nothing of what comes next.
            if deeds.is_cut() || refusals.is_cut() {
                break;
            }
            let newer = match (deeds.items.front(), refusals.items.front()) {
                (Some(deed), Some(note)) => deed.time.get() >= note.time_ms,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            items.extend(match newer {
                true => deeds.items.pop_front().map(|deed| {
                    (deeds.rest, time_ms) = (deed.index.get(), deed.time.get());
                    Taken::Deed(Box::new(deed))
                }),
                false => refusals.items.pop_front().map(|note| {
                    (refusals.rest, time_ms) = (note.number, note.time_ms);
                    node = tag(&self.node);
                    Taken::Refusal(Box::new(note))
                }),
            });
        }
        if refusals.items.is_empty() {
            node = tag(&self.node);
        }
        let place = Place { leaf: deeds.below(), note: refusals.below(), time_ms, node };
        let is_over = deeds.is_over() && refusals.is_over();
        Merged { items, next: (!is_over).then_some(place) }
    }

    fn told(
        &self,
        reader: &LedgerReader,
        kept: &Kept,
        merged: Merged,
        head: Option<AuditHead>,
    ) -> Result<AuditAnswer, Fault> {
        let mut items = Vec::with_capacity(merged.items.len());
        for taken in merged.items {
            items.push(match taken {
                Taken::Deed(deed) => {
                    let mut item = done(&deed);
                    if let (Some(head), Some(place)) = (&head, &mut item.place) {
                        let size = TreeSize::new(head.size.0);
                        let proof = kept.inclusion(Beyond::Store(reader), deed.index, size)?;
                        let Deed { submission, height, time, .. } = *deed;
                        place.entry = Some(Bytes(Entry::of(submission, height, time).encode()));
                        place.proof = Some(proof.into_iter().map(Hash).collect());
                    }
                    item
                }
                Taken::Refusal(note) => refused(&self.node, *note),
            });
        }
        let next_cursor = merged.next.map(|place| self.list.cursor(&place.write()));
        Ok(AuditAnswer { items, next_cursor, checkpoint: head })
    }
}

/// What was read of one of the two lists.
struct Part<T> {
    items: Vec<T>,
    /// Below which place there may be more.
    rest: Option<u64>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { items: Vec::new(), rest: None }
    }
}

/// The same, while it is taken from.
struct Ahead<T> {
    items: std::collections::VecDeque<T>,
    /// Whether there may be more below what was read.
    more: Option<u64>,
    /// The place that was taken last.
    rest: u64,
}

impl<T> Ahead<T> {
    fn of(Part { items, rest }: Part<T>, below: Option<u64>) -> Self {
        Self { items: items.into(), more: rest, rest: below.unwrap_or(u64::MAX) }
    }

    fn is_cut(&self) -> bool {
        self.items.is_empty() && self.more.is_some()
    }

    fn is_over(&self) -> bool {
        self.items.is_empty() && self.more.is_none()
    }

    /// Below which place the next page begins.
    fn below(&self) -> u64 {
        match (self.items.is_empty(), self.more) {
            (true, Some(more)) => more,
            (true, None) => 0,
            (false, _) => self.rest,
        }
    }
}

/// One of either list.
enum Taken {
    Deed(Box<Deed>),
    Refusal(Box<KeptNote>),
}

struct Merged {
    items: Vec<Taken>,
    next: Option<Place>,
}

impl Place {
    fn write(self) -> Vec<u8> {
        let numbers = [self.leaf, self.note, self.time_ms].map(u64::to_be_bytes);
        [numbers.as_flattened(), &self.node].concat()
    }

    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        match bytes.as_chunks::<8>() {
            ([leaf, note, time_ms, node], []) => Ok(Self {
                leaf: u64::from_be_bytes(*leaf),
                note: u64::from_be_bytes(*note),
                time_ms: u64::from_be_bytes(*time_ms),
                node: *node,
            }),
            _ => Err(ApiError::InvalidParams { fault: "the cursor names no place of this list".to_owned() }),
        }
    }
}

/// What tells one node's places from another's.
fn tag(node: &str) -> [u8; 8] {
    let digest = crypto::sha256(node.as_bytes());
    digest.as_bytes().first_chunk().copied().expect("a digest has 32 bytes")
}

fn done(deed: &Deed) -> AuditItem {
    AuditItem::of_entry(deed.index, deed.height, deed.time, &deed.submission)
}

fn refused(node: &str, note: KeptNote) -> AuditItem {
    let KeptNote { number, time_ms, hash, noted, text, behind } = note;
    let resource_id = noted.path().to_owned();
    let refusal = Refusal {
        number,
        time_ms,
        tenant: noted.tenant,
        subject: noted.subject,
        path: resource_id,
        method: noted.method,
        request: noted.request,
        status: noted.status,
        code: noted.code,
    };
    let behind = text.is_some().then(|| behind.into_iter().map(Hash).collect());
    let mut item = AuditItem::of_refusal(node, refusal, Hash(hash));
    if let Some(local) = &mut item.local {
        (local.note, local.behind) = (text, behind);
    }
    item
}

#[cfg(test)]
mod tests;
