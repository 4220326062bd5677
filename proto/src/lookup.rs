//! Look-up: by which keys a leaf is found, and what a block states of the index over them.
//!
//! Which keys a leaf has follows from its own bytes, for ever. The index holds a *record* for each: the beginning of the
//! key's digest and the leaf's index. Two keys of one beginning cost whoever looks a leaf more, and hide nothing: what has
//! the key has a record, and whether a leaf that was found has it, the leaf says. Records stand in *runs*, sorted, each the
//! leaves of an RFC 6962 tree; the *directory* names the runs, and a block states its digest.
//! Source: `ledger/STATE.md`, rules Z1 to Z4.

use std::collections::BTreeSet;

use crypto::{Digest, sha256};

use crate::counter::LeafIndex;
use crate::domain::Domain;
use crate::entry::Entry;
use crate::id::{Did, SubmissionId};
use crate::job;
use crate::operation::evidence::EvidenceAct;
use crate::operation::issuer::IssuerKeyChange;
use crate::operation::{Operation, TEXT_BYTES_MAX};
use crate::primitive::Told;
use crate::signer::SignerChange;
use crate::submission::Submission;

mod answer;

pub use answer::{
    FOUND_BYTES_MAX, FOUND_MAX, FoundLeaf, SPAN_BUCKETS_MAX, SPAN_PROOF_MAX, SPANS_MAX, SearchProof, Span,
};

/// Records under one leaf of a run's tree; the last one holds what is left.
pub const BUCKET_RECORDS: u64 = 16;

/// Most runs that a directory names: 15 of each of the 22 levels that 2^64 blocks can fill.
pub const RUNS_MAX: usize = 15 * 22;

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookupKey {
    /// The submission of this id.
    Id(SubmissionId),
    /// What speaks of bytes with this SHA-256: a content, an artifact's address, a statement's payload and the artifact it
    /// names, the root of an anchored batch.
    Content(Digest),
    /// What is about this: a subject as it was written, an identity's DID, a validator's name.
    Subject(String),
    /// What this author said.
    Author(Did),
    /// What names this: a submission that is revoked or erased, by its id; a key that is listed or ended, by its key id.
    About(Digest),
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// By submission id.
    Id = 1,
    /// By content.
    Content = 2,
    /// By subject.
    Subject = 3,
    /// By author.
    Author = 4,
    /// By what is named.
    About = 5,
}

impl Kind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 5] = [Self::Id, Self::Content, Self::Subject, Self::Author, Self::About];

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Content => "content",
            Self::Subject => "subject",
            Self::Author => "author",
            Self::About => "about",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Why a text is not a key of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupKeyError {
    /// Not 64 digits of hex.
    #[error("{kind} is looked up by 64 digits of lowercase hex, this has {found} characters", kind = .kind.name())]
    Hex {
        /// What is looked for.
        kind: Kind,
        /// Characters found.
        found: usize,
    },
    /// Empty, or longer than a subject can be.
    #[error("a subject has 1 to {TEXT_BYTES_MAX} bytes, this has {found}")]
    Subject {
        /// Bytes found.
        found: usize,
    },
    /// No DID.
    #[error("an author is a DID: {0}")]
    Author(crate::id::NameError),
}

impl LookupKey {
    /// Reads what somebody looks for.
    ///
    /// # Errors
    /// `LookupKeyError` when it is not of that kind.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, LookupKeyError> {
        let digest = || match text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')) {
            true => text.parse::<Digest>().ok(),
            false => None,
        };
        let hex = || digest().ok_or(LookupKeyError::Hex { kind, found: text.chars().count() });
        Ok(match kind {
            Kind::Id => Self::Id(SubmissionId::new(hex()?)),
            Kind::Content => Self::Content(hex()?),
            Kind::About => Self::About(hex()?),
            Kind::Author => Self::Author(Did::parse(text).map_err(LookupKeyError::Author)?),
            Kind::Subject => match text.len() {
                1..=TEXT_BYTES_MAX => Self::Subject(text.to_owned()),
                found => return Err(LookupKeyError::Subject { found }),
            },
        })
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Id(_) => Kind::Id,
            Self::Content(_) => Kind::Content,
            Self::Subject(_) => Kind::Subject,
            Self::Author(_) => Kind::Author,
            Self::About(_) => Kind::About,
        }
    }

    /// As [`LookupKey::parse`] reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Content(digest) | Self::About(digest) => digest.to_string(),
            Self::Subject(subject) => subject.clone(),
            Self::Author(did) => did.as_str().to_owned(),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Id(id) => id.as_bytes(),
            Self::Content(digest) | Self::About(digest) => digest.as_bytes(),
            Self::Subject(subject) => subject.as_bytes(),
            Self::Author(did) => did.as_str().as_bytes(),
        }
    }

    /// What its records begin with.
    pub fn prefix(&self) -> Prefix {
        Prefix::of(self.kind(), self.bytes())
    }

    /// Whether a leaf has this key. Rule Z1.
    pub fn is_of(&self, entry: &Entry) -> bool {
        let mut found = false;
        if let Some(submission) = entry.submission() {
            each(submission, &mut |kind, bytes| found |= kind == self.kind() && bytes == self.bytes());
        }
        found
    }
}

/// The beginning of a key's digest, in the domain `lookup`, over its kind u8 and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix([u8; 16]);

impl Prefix {
    fn of(kind: Kind, bytes: &[u8]) -> Self {
        let digest = Domain::Lookup.digest(&[&[kind as u8], bytes]);
        let (prefix, _) = digest.as_bytes().split_first_chunk().expect("a digest has 32 bytes");
        Self(*prefix)
    }
}

/// One line of the index: a key's prefix, and a leaf that has it. Sorted by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// Of the key.
    pub prefix: Prefix,
    /// The leaf.
    pub index: LeafIndex,
}

impl Record {
    /// Its length, in bytes.
    pub const BYTES: usize = 24;

    /// The prefix, then the index (u64, big-endian): the order of the bytes is the order of the records.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&self.prefix.0);
        bytes[16..].copy_from_slice(&self.index.get().to_be_bytes());
        bytes
    }

    /// Reads one.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (prefix, index) = bytes.split_first_chunk().expect("24 is more than 16");
        let (index, _) = index.split_first_chunk().expect("16 and 8 are 24");
        Self { prefix: Prefix(*prefix), index: LeafIndex::new(u64::from_be_bytes(*index)) }
    }

    /// The records of the leaf of a submission, sorted. Rule Z1.
    pub fn of(submission: &Submission, index: LeafIndex) -> impl Iterator<Item = Self> + use<> {
        let mut prefixes = BTreeSet::new();
        each(submission, &mut |kind, bytes| {
            prefixes.insert(Prefix::of(kind, bytes));
        });
        prefixes.into_iter().map(move |prefix| Self { prefix, index })
    }
}

/// Rule Z1: the keys of a submission's leaf, from nothing but its bytes. One may be told twice.
fn each(submission: &Submission, tell: &mut impl FnMut(Kind, &[u8])) {
    let body = submission.body();
    tell(Kind::Id, submission.id().as_bytes());
    tell(Kind::Author, body.author.as_str().as_bytes());
    if let Some(content) = body.operation.content().filter(|_| !crypto::broken!(ContentNotIndexed)) {
        tell(Kind::Content, content.as_bytes());
    }
    let subject = match &body.operation {
        Operation::IdentityCreate { identity, keys, possessions: _ } => {
            keys.iter().for_each(|key| tell(Kind::About, key.id().digest().as_bytes()));
            identity.as_str()
        }
        Operation::KeyAdd { identity, key, possession: _ } => {
            tell(Kind::About, key.id().digest().as_bytes());
            identity.as_str()
        }
        Operation::KeyRotate { identity, retires, key, possession: _ } => {
            tell(Kind::About, retires.digest().as_bytes());
            tell(Kind::About, key.id().digest().as_bytes());
            identity.as_str()
        }
        Operation::KeyRevoke { identity, key, reason: _, from: _ } => {
            tell(Kind::About, key.digest().as_bytes());
            identity.as_str()
        }
        Operation::ProofSubmit { subject, .. }
        | Operation::AttestationIssue { subject, .. }
        | Operation::ArtifactCommit { subject, .. } => subject,
        Operation::AttestationRevoke { attestation: id, reason: _ }
        | Operation::RetentionTombstone { artifact: id, reason: _ } => {
            tell(Kind::About, id.as_bytes());
            ""
        }
        Operation::IssuerSet(set) => set.issuer.as_str(),
        Operation::IssuerKey(asked) => {
            let key = match &asked.change {
                IssuerKeyChange::List { key, .. } => key.id(),
                IssuerKeyChange::Drop { key } => *key,
            };
            tell(Kind::About, key.digest().as_bytes());
            asked.issuer.as_str()
        }
        Operation::AttestationSeal(seal) => {
            tell(Kind::Content, seal.query.as_bytes());
            tell(Kind::Content, seal.proof.as_bytes());
            tell(Kind::Content, sha256(seal.token.as_bytes()).as_bytes());
            tell(Kind::About, seal.key.digest().as_bytes());
            tell(Kind::Subject, seal.issuer.as_str().as_bytes());
            seal.id.as_str()
        }
        Operation::BatchAnchor { root, count: _, tree: _ } => {
            tell(Kind::Content, root.as_bytes());
            ""
        }
        // Whose it is and not who handed it in; the proof itself, and the one it follows.
        Operation::ProofPrimitive(primitive) => {
            tell(Kind::Author, primitive.issuer.as_str().as_bytes());
            tell(Kind::About, primitive.id().as_bytes());
            match &primitive.told {
                Told::Hashes { .. } => "",
                Told::Whole(whole) => {
                    if let Some(previous) = &whole.previous {
                        tell(Kind::About, previous.as_bytes());
                    }
                    whole.subject.as_deref().unwrap_or_default()
                }
            }
        }
        Operation::ValidatorJoin { validator, .. } => &validator.name,
        Operation::ValidatorLeave { name, .. } => name,
        Operation::ServiceEndorse { validator, endorsement: _ } => {
            tell(Kind::About, body.key.id().digest().as_bytes());
            validator
        }
        Operation::Session { session, act: _ } => {
            tell(Kind::Subject, session.to_string().as_bytes());
            ""
        }
        Operation::Job { job, act } => {
            if let job::Act::Complete { completion, .. } = act {
                completion.artifacts.iter().for_each(|it| tell(Kind::Content, it.sha256.as_bytes()));
            }
            job.as_str()
        }
        Operation::Evidence { job, act } => {
            if let EvidenceAct::Seal(seal) = act {
                tell(Kind::Content, seal.bundle.as_bytes());
                tell(Kind::Content, seal.root.as_bytes());
                tell(Kind::About, seal.key.digest().as_bytes());
                tell(Kind::Subject, seal.record.as_str().as_bytes());
            }
            job.as_str()
        }
        Operation::Signer(change) => {
            tell(Kind::About, change.key().digest().as_bytes());
            match &**change {
                SignerChange::List(listing) => listing.name.as_str(),
                SignerChange::Revoke { .. } => "",
            }
        }
        Operation::Statement(facts) => {
            tell(Kind::Content, facts.payload.as_bytes());
            &facts.subject
        }
    };
    if !subject.is_empty() {
        tell(Kind::Subject, subject.as_bytes());
    }
}

/// What a block states of the index: which leaves it covers, and the runs that hold their records, oldest first.
///
/// Each run covers the leaves from the end of the one before, the first those from `from` on. What lies between the last
/// run and the block's own leaf has no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The first leaf that is covered; those before it are not.
    pub from: LeafIndex,
    /// The runs.
    pub runs: Vec<Run>,
}

/// The records of the leaves of one or more blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where the leaves end that it covers: the first one after them.
    pub end: LeafIndex,
    /// Number of its records, at least 1.
    pub records: u64,
    /// Root of the tree over them, [`BUCKET_RECORDS`] to a leaf.
    pub root: Digest,
}

impl Run {
    /// Leaves of its tree.
    pub const fn buckets(&self) -> u64 {
        self.records.div_ceil(BUCKET_RECORDS)
    }
}

/// Why a directory is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Too many runs.
    #[error("a directory of {found} runs, there are at most {RUNS_MAX}")]
    Runs {
        /// Runs found.
        found: usize,
    },
    /// A run does not end behind the one before it, or holds nothing.
    #[error("run {position} ends at leaf {end} with {records} records, the one before it ends at {before}")]
    Order {
        /// The run, counted from 0.
        position: usize,
        /// Where it ends.
        end: LeafIndex,
        /// What it holds.
        records: u64,
        /// Where the leaves begin that it covers.
        before: LeafIndex,
    },
}

impl Directory {
    /// What a block states. Rule Z3: the digest, in the domain `lookup-directory`, of the first leaf covered (u64), and of
    /// each run its end u64, its records u64 and its root; numbers are big-endian.
    pub fn digest(&self) -> Digest {
        let mut bytes = self.from.get().to_be_bytes().to_vec();
        for Run { end, records, root } in &self.runs {
            bytes.extend_from_slice(&end.get().to_be_bytes());
            bytes.extend_from_slice(&records.to_be_bytes());
            bytes.extend_from_slice(root.as_bytes());
        }
        Domain::LookupDirectory.digest(&[&bytes])
    }

    /// Checks its form.
    ///
    /// # Errors
    /// `DirectoryError`.
    pub fn check(&self) -> Result<(), DirectoryError> {
        if self.runs.len() > RUNS_MAX {
            return Err(DirectoryError::Runs { found: self.runs.len() });
        }
        let mut before = self.from;
        for (position, Run { end, records, root: _ }) in self.runs.iter().enumerate() {
            if *end <= before || *records == 0 {
                return Err(DirectoryError::Order { position, end: *end, records: *records, before });
            }
            before = *end;
        }
        Ok(())
    }

    /// The leaves that each run covers, oldest first.
    pub fn covered(&self) -> impl Iterator<Item = (std::ops::Range<u64>, &Run)> {
        let mut before = self.from.get();
        self.runs.iter().map(move |run| {
            let covers = before..run.end.get();
            before = run.end.get();
            (covers, run)
        })
    }
}

#[cfg(test)]
mod tests;
