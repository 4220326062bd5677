//! The audit log's index: which leaves are a tenant's, an actor's, of an action, about a resource.
//!
//! Every change of the state is a leaf of the log, and no leaf goes; so the log is the audit log, and this only finds
//! things in it. A *term* is something a leaf can be asked for by. For each block and term there is one value:
//! which of the block's leaves have it. They follow from the leaves alone and are written in the block's own change; they
//! are no part of the state. A store that was written by a program which knew none gets them by [`rebuild`].
//! Source: `STATE.md`, rules U1 to U3.

use std::collections::BTreeMap;

use crypto::Hasher;
use proto::canonical::Canonical as _;
use proto::counter::{LeafIndex, TimeMs};
use proto::entry::Entry;
use proto::operation::resource::Name;
use proto::submission::Submission;

use crate::bundle::Bundle;
use crate::change::{ChangeSet, Table};
use crate::codec::{CodecError, Reader, Writer};
use crate::read::{Read, ReadError};
use crate::tip::Tip;

mod check;
pub mod query;

pub use check::{Checked, check};

/// How far a store's index reaches.
const AUDIT: &[u8] = b"audit";
/// Leaves that one step of [`rebuild`] reads at least, if there are so many.
const STEP_LEAVES: u64 = 20_000;

/// By what a leaf can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// By being a submission's.
    Any = 0,
    /// By the tenant it belongs to.
    Tenant = 1,
    /// By its author's DID.
    Actor = 2,
    /// By its operation's name.
    Action = 3,
    /// By what it is about, where that is not its own submission.
    Resource = 4,
}

/// What the values of a term begin with: 16 bytes of the SHA-256 of its kind and its text.
type Prefix = [u8; 16];

fn prefix(kind: Kind, text: &str) -> Prefix {
    let mut hasher = Hasher::new();
    hasher.update(&[kind as u8]).update(text.as_bytes());
    let digest = hasher.finish();
    let (prefix, _) = digest.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
    *prefix
}

fn key(prefix: &Prefix, first: LeafIndex) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(prefix);
    key[16..].copy_from_slice(&first.get().to_be_bytes());
    key
}

/// A stretch of leaves of one block: how many lie between its first leaf and these, and how many they are.
type Stretch = (u32, u32);

/// The leaves of one block by their terms, as they are executed.
#[derive(Debug)]
pub(crate) struct Postings {
    first: LeafIndex,
    terms: BTreeMap<Kind, BTreeMap<String, Vec<Stretch>>>,
}

impl Postings {
    /// Of the block whose first leaf is this.
    pub(crate) const fn new(first: LeafIndex) -> Self {
        Self { first, terms: BTreeMap::new() }
    }

    /// Notes a leaf, behind all that were noted before. Rule U1.
    pub(crate) fn note(&mut self, submission: &Submission, index: LeafIndex) {
        let body = submission.body();
        // A block holds at most 64,000 submissions.
        let at = (index.get() - self.first.get()) as u32;
        self.add(Kind::Any, "", at);
        self.add(Kind::Tenant, body.tenant.as_str(), at);
        self.add(Kind::Actor, body.author.as_str(), at);
        self.add(Kind::Action, body.operation.name(), at);
        match &body.operation.resource().name {
            // Its id is found among the outcomes.
            Name::Own => {}
            Name::Other(name) => self.add(Kind::Resource, name, at),
        }
    }

    fn add(&mut self, kind: Kind, text: &str, at: u32) {
        let terms = self.terms.entry(kind).or_default();
        let Some(stretches) = terms.get_mut(text) else {
            terms.insert(text.to_owned(), vec![(at, 1)]);
            return;
        };
        match stretches.last_mut() {
            Some((begin, count)) if *begin + *count == at => *count += 1,
            Some(_) | None => stretches.push((at, 1)),
        }
    }

    /// The leaves of a block that is stored, and where it has an entry of its own, its time and the leaf after that.
    fn of(bundle: &Bundle) -> Result<(Self, Option<(TimeMs, LeafIndex)>), ReadError> {
        let (mut postings, mut block) = (Self::new(bundle.first()), None);
        for (leaf, bytes) in (bundle.first().get()..).map(LeafIndex::new).zip(bundle.from(bundle.first())) {
            let entry = Entry::decode(bytes).map_err(|fault| {
                ReadError::damaged(Table::Leaves, &leaf.get().to_be_bytes(), format!("leaf {leaf}: {fault}"))
            })?;
            match &entry {
                Entry::Block(entry) => block = Some((entry.time, leaf.next())),
                Entry::Submission(_) | Entry::Statement(_) | Entry::Epoch(_) | Entry::Genesis(_) => {}
            }
            if let Some(submission) = entry.submission() {
                postings.note(submission, leaf);
            }
        }
        Ok((postings, block))
    }

    /// Adds what was noted to the block's change; `time` is the block's and `end` the leaf after its own. Rule U2.
    pub(crate) fn put(self, time: TimeMs, end: LeafIndex, change: &mut ChangeSet) {
        if self.terms.is_empty() {
            return;
        }
        for (kind, terms) in self.terms {
            for (text, stretches) in terms {
                let mut to = Writer::new();
                to.count(stretches.len());
                for (at, count) in stretches {
                    to.u32(at).u32(count);
                }
                change.put(Table::AuditTerms, &key(&prefix(kind, &text), self.first), to.finish());
            }
        }
        change.put(Table::AuditTimes, &time.get().to_be_bytes(), end.get().to_be_bytes().to_vec());
    }
}

/// Marks a new store as one whose blocks have all been noted.
pub(crate) fn begin(change: &mut ChangeSet) {
    put_reach(Reach::All, change);
}

/// How far a store's index reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Up to this leaf, the first of a block; from where on it was written by a program that knew it, too.
    To(LeafIndex),
    /// Everywhere.
    All,
}

fn put_reach(reach: Reach, change: &mut ChangeSet) {
    let mut to = Writer::new();
    match reach {
        Reach::To(leaf) => to.u8(0).u64(leaf.get()),
        Reach::All => to.u8(1),
    };
    change.put(Table::Meta, AUDIT, to.finish());
}

fn reach(base: &dyn Read) -> Result<Reach, ReadError> {
    let Some(bytes) = base.get(Table::Meta, AUDIT)? else { return Ok(Reach::To(LeafIndex::new(0))) };
    let read = |from: &mut Reader<'_>| match from.u8()? {
        0 => Ok(Reach::To(LeafIndex::new(from.u64()?))),
        1 => Ok(Reach::All),
        found => Err(CodecError::Meaning { field: "reach", found: u64::from(found) }),
    };
    Reader::whole(&bytes, read).map_err(|fault| fault.stored_at(Table::Meta, AUDIT))
}

/// One step on the way to an index of a store that was written without one: what is to be made durable, and how many leaves
/// are done; none when nothing is left to do. Nothing is lost by ending before: the next step goes on from there. Rule U3.
///
/// # Errors
/// `ReadError`.
pub fn rebuild(base: &dyn Read) -> Result<Option<(ChangeSet, LeafIndex)>, ReadError> {
    let (Reach::To(from), Some(tip)) = (reach(base)?, Tip::load(base)?) else { return Ok(None) };
    let end = tip.head.size.get();
    let (mut change, mut next) = (ChangeSet::new(), from.get());
    while next < end && next - from.get() < STEP_LEAVES {
        let index = LeafIndex::new(next);
        let Some(bundle) = Bundle::holding(base, index)? else { break };
        let (postings, time) = Postings::of(&bundle)?;
        if let Some((time, end)) = time {
            postings.put(time, end, &mut change);
        }
        next = bundle.last().get() + 1;
    }
    let reach = if next < end { Reach::To(LeafIndex::new(next)) } else { Reach::All };
    put_reach(reach, &mut change);
    Ok(Some((change, LeafIndex::new(next))))
}
