//! Asking the audit log: the newest leaves that have all of some terms, a page at a time.
//!
//! A page begins below a leaf and says below which leaf the next one does; leaves keep their places, so pages do not shift
//! when the log grows. Terms are met by leaping: whichever list is behind leaps to where the others are. A question costs
//! at most [`LEAPS_MAX`] leaps a page, however long the log is; a page that ends for that reason may be short.
//! Source: `STATE.md`, rule U4.

use proto::canonical::Canonical as _;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::entry::Entry;
use proto::id::SubmissionId;
use proto::submission::Submission;

use super::{Kind, Prefix, Stretch, key, prefix};
use crate::bundle::Bundle;
use crate::change::Table;
use crate::codec::Reader;
use crate::outcome::Outcome;
use crate::read::{Read, ReadError};
use crate::reader::LedgerReader;

/// Most leaps of one page.
pub const LEAPS_MAX: usize = 4_000;

/// What is asked for; what is none is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// Whose.
    pub tenant: Option<&'a str>,
    /// By whom: a DID.
    pub actor: Option<&'a str>,
    /// What was done: an operation's name.
    pub action: Option<&'a str>,
    /// What it was done to, by its name.
    pub resource: Option<&'a str>,
    /// Only in blocks of this time or later.
    pub from: Option<TimeMs>,
    /// Only in blocks before this time.
    pub to: Option<TimeMs>,
    /// Only below this leaf.
    pub before: Option<LeafIndex>,
    /// Most leaves of the page.
    pub limit: usize,
}

/// Leaves that were found, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// They.
    pub leaves: Vec<LeafIndex>,
    /// Below which leaf the next page begins; none when there is nothing left.
    pub next: Option<LeafIndex>,
}

/// A leaf of a submission, and when and where it was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its index.
    pub index: LeafIndex,
    /// The height of its block.
    pub height: Height,
    /// The time of its block.
    pub time: TimeMs,
    /// The submission.
    pub submission: Submission,
}

impl LedgerReader {
    /// The newest leaves that a question asks for.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn audit(&self, query: &Query<'_>) -> Result<Found, ReadError> {
        let base = self.base();
        let Some(tip) = self.tip()? else { return Ok(Found::default()) };
        let end = LeafIndex::new(tip.head.size.get());
        let behind = |time: Option<TimeMs>| time.map(|time| ended_before(base, time)).transpose();
        let least = behind(query.from)?.unwrap_or_default();
        let mut bound = [query.before, behind(query.to)?].into_iter().flatten().fold(end, LeafIndex::min);
        let mut lists = Lists::of(base, query)?;
        let mut leaps = LEAPS_MAX;
        let mut leaves = Vec::new();
        while bound > least && leaves.len() < query.limit {
            match lists.below(base, bound, &mut leaps)? {
                Met::At(leaf) if leaf >= least => {
                    leaves.push(leaf);
                    bound = leaf;
                }
                Met::At(_) | Met::Nowhere => return Ok(Found { leaves, next: None }),
                Met::NotYet(below) => return Ok(Found { leaves, next: Some(below) }),
            }
        }
        let next = (bound > least).then_some(bound);
        Ok(Found { leaves, next })
    }

    /// The submissions of these leaves, in the order given; leaves of others are left out.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn deeds(&self, leaves: &[LeafIndex]) -> Result<Vec<Deed>, ReadError> {
        let mut deeds = Vec::with_capacity(leaves.len());
        let mut held: Option<Bundle> = None;
        for index in leaves {
            if held.as_ref().is_none_or(|held| held.leaf(*index).is_none()) {
                held = self.bundle(*index)?;
            }
            let Some(bytes) = held.as_ref().and_then(|held| held.leaf(*index)) else { continue };
            let damaged = |fault: String| {
                ReadError::damaged(
                    Table::Leaves,
                    &index.get().to_be_bytes(),
                    format!("leaf {index}: {fault}"),
                )
            };
            let entry = Entry::decode(bytes).map_err(|fault| damaged(fault.to_string()))?;
            let Some(submission) = entry.submission().cloned() else { continue };
            match self.by_id(&submission.id())? {
                Some(Outcome::Committed { height, index: at, time }) if at == *index => {
                    deeds.push(Deed { index: at, height, time, submission });
                }
                Some(_) | None => return Err(damaged("its submission has another outcome".to_owned())),
            }
        }
        Ok(deeds)
    }
}

/// The first leaf behind the blocks whose time lies before this one.
fn ended_before(base: &dyn Read, time: TimeMs) -> Result<LeafIndex, ReadError> {
    let Some(before) = time.get().checked_sub(1) else { return Ok(LeafIndex::ZERO) };
    let Some((key, value)) = base.at_or_below(Table::AuditTimes, &before.to_be_bytes())? else {
        return Ok(LeafIndex::ZERO);
    };
    match <[u8; 8]>::try_from(value.as_slice()) {
        Ok(end) => Ok(LeafIndex::new(u64::from_be_bytes(end))),
        Err(_) => Err(ReadError::damaged(Table::AuditTimes, &key, "a leaf has 8 bytes")),
    }
}

/// Where all lists meet.
enum Met {
    /// There.
    At(LeafIndex),
    /// Nowhere.
    Nowhere,
    /// At this leaf at most, itself not included; what is below was not looked at.
    NotYet(LeafIndex),
}

/// The lists of all terms of a question.
struct Lists(Vec<List>);

/// The leaves of one term, met from above.
struct List {
    prefix: Prefix,
    /// One more, that no value names.
    also: Option<LeafIndex>,
    /// The value that was read last: the first leaf of its block, and its stretches.
    held: Option<(u64, Vec<Stretch>)>,
}

impl Lists {
    fn of(base: &dyn Read, query: &Query<'_>) -> Result<Self, ReadError> {
        let asked = [
            (Kind::Tenant, query.tenant),
            (Kind::Actor, query.actor),
            (Kind::Action, query.action),
            (Kind::Resource, query.resource),
        ];
        let mut lists = Vec::new();
        for (kind, text) in asked.into_iter().filter_map(|(kind, text)| Some((kind, text?))) {
            let also = match kind {
                Kind::Resource => made(base, text)?,
                Kind::Any | Kind::Tenant | Kind::Actor | Kind::Action => None,
            };
            lists.push(List { prefix: prefix(kind, text), also, held: None });
        }
        if lists.is_empty() {
            lists.push(List { prefix: prefix(Kind::Any, ""), also: None, held: None });
        }
        Ok(Self(lists))
    }

    /// The last leaf below this one that stands in all lists.
    fn below(&mut self, base: &dyn Read, bound: LeafIndex, leaps: &mut usize) -> Result<Met, ReadError> {
        let Self(lists) = self;
        // Nothing at `bound` or above is met any more; so many lists in a row have the leaf directly below it.
        let (mut bound, mut agreed, all) = (bound, 0, lists.len());
        loop {
            for list in lists.iter_mut() {
                let Some(rest) = leaps.checked_sub(1) else { return Ok(Met::NotYet(bound)) };
                *leaps = rest;
                let Some(found) = list.below(base, bound)? else { return Ok(Met::Nowhere) };
                agreed = if found.next() == bound { agreed + 1 } else { 1 };
                bound = found.next();
                if agreed == all {
                    return Ok(Met::At(found));
                }
            }
        }
    }
}

/// The leaf of the submission of this name, if there is one: what it made is named after it.
fn made(base: &dyn Read, text: &str) -> Result<Option<LeafIndex>, ReadError> {
    let Ok(digest) = text.parse() else { return Ok(None) };
    let id = SubmissionId::new(digest);
    let stored = base.get(Table::Outcomes, id.as_bytes())?;
    match stored.map(|bytes| Outcome::decode(&id, &bytes)).transpose()? {
        Some(Outcome::Committed { index, .. }) => Ok(Some(index)),
        Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) | None => Ok(None),
    }
}

impl List {
    /// The last leaf of the list below this one, which is not above any that was asked for before.
    fn below(&mut self, base: &dyn Read, bound: LeafIndex) -> Result<Option<LeafIndex>, ReadError> {
        let also = self.also.filter(|leaf| *leaf < bound);
        Ok(self.noted_below(base, bound)?.max(also))
    }

    fn noted_below(&mut self, base: &dyn Read, bound: LeafIndex) -> Result<Option<LeafIndex>, ReadError> {
        let Some(mut highest) = bound.get().checked_sub(1) else { return Ok(None) };
        loop {
            match self.held.take() {
                Some((first, stretches)) if first <= highest => {
                    // No other block of the list begins between this one and the bound.
                    if let Some(found) = last_of(first, &stretches, highest) {
                        self.held = Some((first, stretches));
                        return Ok(Some(found));
                    }
                    let Some(before) = first.checked_sub(1) else { return Ok(None) };
                    highest = before;
                }
                Some(_) | None => {}
            }
            let wanted = key(&self.prefix, LeafIndex::new(highest));
            let Some((found, value)) = base.at_or_below(Table::AuditTerms, &wanted)? else { return Ok(None) };
            let Some(first) = found.strip_prefix(&self.prefix) else { return Ok(None) };
            let first = <[u8; 8]>::try_from(first)
                .map_err(|_| ReadError::damaged(Table::AuditTerms, &found, "a leaf has 8 bytes"))?;
            let read = |from: &mut Reader<'_>| from.each(|from| Ok((from.u32()?, from.u32()?)));
            let stretches =
                Reader::whole(&value, read).map_err(|fault| fault.stored_at(Table::AuditTerms, &found))?;
            self.held = Some((u64::from_be_bytes(first), stretches));
        }
    }
}

/// The last leaf of some stretches that is not above this one.
fn last_of(first: u64, stretches: &[Stretch], highest: u64) -> Option<LeafIndex> {
    let begins = |(at, _): &Stretch| first.saturating_add(u64::from(*at)) <= highest;
    let (at, count) = stretches.get(..stretches.partition_point(begins))?.last()?;
    let last = first.saturating_add(u64::from(*at)).saturating_add(u64::from(*count).checked_sub(1)?);
    Some(LeafIndex::new(last.min(highest)))
}
