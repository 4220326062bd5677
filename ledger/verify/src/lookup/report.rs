//! What judging an answer found: each check with its outcome, and the facts that an answer which holds shows.
//!
//! The codes and their order are stable; scripts match on them. The first six are those of a receipt.

use merkle::inclusion::InclusionError;
use merkle::span::SpanError;
use proto::canonical::DecodeError;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::id::SubmissionId;
use proto::lookup::{DirectoryError, LookupKey};

use crate::checkpoint::CheckpointFacts;
use crate::fault::Fault;
use crate::report::Code;

/// A check of an answer, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SearchCode {
    /// The policy names a log of this origin.
    Policy,
    /// Every signature under the checkpoint is by a key of the policy, and holds.
    CheckpointSignatures,
    /// The policy's quorum has cosigned.
    Quorum,
    /// The log is large enough to hold the block's leaf.
    Index,
    /// The proof of the block's leaf has the length that index and size fix.
    ProofLength,
    /// It leads to the cosigned root.
    Root,
    /// The leaf is a block's, and states an index.
    Block,
    /// The answer is to the question, and its part of the log is one that the index covers.
    Question,
    /// The directory is the one that the block states.
    Directory,
    /// What is shown of each run stands in it, and of no run too little.
    Spans,
    /// What is shown reaches from below the key to above it, so that nothing was left out.
    Complete,
    /// The leaves are those that the runs name, and stand in the log.
    Leaves,
    /// The quorum cosigned recently.
    Freshness,
}

impl SearchCode {
    /// Every check, in order.
    pub const ALL: [Self; 13] = [
        Self::Policy,
        Self::CheckpointSignatures,
        Self::Quorum,
        Self::Index,
        Self::ProofLength,
        Self::Root,
        Self::Block,
        Self::Question,
        Self::Directory,
        Self::Spans,
        Self::Complete,
        Self::Leaves,
        Self::Freshness,
    ];

    /// The code's stable spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::CheckpointSignatures => "checkpoint_signatures",
            Self::Quorum => "quorum",
            Self::Index => "index",
            Self::ProofLength => "proof_length",
            Self::Root => "root",
            Self::Block => "block",
            Self::Question => "question",
            Self::Directory => "directory",
            Self::Spans => "spans",
            Self::Complete => "complete",
            Self::Leaves => "leaves",
            Self::Freshness => "freshness",
        }
    }

    /// What a check of the block's receipt is called here.
    pub(super) const fn of(code: Code) -> Self {
        match code {
            Code::Policy => Self::Policy,
            Code::CheckpointSignatures => Self::CheckpointSignatures,
            Code::Quorum => Self::Quorum,
            Code::Index => Self::Index,
            Code::ProofLength => Self::ProofLength,
            Code::Root => Self::Root,
            Code::Entry | Code::AuthorSignature | Code::KeyStanding | Code::BatchItem | Code::Artifact => {
                Self::Block
            }
            Code::Freshness => Self::Freshness,
        }
    }
}

/// What a check found wrong. Permanent, but for what `Fault` says of freshness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchFault {
    /// The receipt of the block's leaf does not hold.
    #[error(transparent)]
    Receipt(Box<Fault>),
    /// The leaf is no block's.
    #[error("leaf {index} is a {found}, not the end of a block")]
    NoBlock {
        /// The leaf.
        index: LeafIndex,
        /// What it is.
        found: &'static str,
    },
    /// The block states no index: it is of a log that has none yet.
    #[error("the block at leaf {index} states no index")]
    NotStated {
        /// Its leaf.
        index: LeafIndex,
    },
    /// The answer is about another key.
    #[error(
        "the answer is about {} {:?}, asked for was {} {:?}",
        .found.kind().name(), .found.text(), .expected.kind().name(), .expected.text()
    )]
    OtherKey {
        /// The key it is about.
        found: Box<LookupKey>,
        /// The one asked for.
        expected: Box<LookupKey>,
    },
    /// The answer begins later than was asked.
    #[error("the answer begins with leaf {found}, asked for was leaf {expected}")]
    OtherPart {
        /// Where it begins.
        found: LeafIndex,
        /// Where it should.
        expected: LeafIndex,
    },
    /// The answer speaks of leaves that the index does not cover.
    #[error(
        "the answer speaks of leaves {from} to {to}, the index covers those from {covered} on, before leaf {block}"
    )]
    NotCovered {
        /// The first leaf of the part.
        from: LeafIndex,
        /// Where the part ends.
        to: LeafIndex,
        /// The first leaf covered.
        covered: LeafIndex,
        /// The block's leaf.
        block: LeafIndex,
    },
    /// The directory is none.
    #[error(transparent)]
    Form(DirectoryError),
    /// The directory has another digest than the block states.
    #[error("the directory has digest {found}, the block states {expected}")]
    OtherDirectory {
        /// Its digest.
        found: crypto::Digest,
        /// The one stated.
        expected: crypto::Digest,
    },
    /// A run covers leaves behind the block.
    #[error("the last run ends at leaf {end}, behind the block at leaf {block}")]
    Behind {
        /// Where it ends.
        end: LeafIndex,
        /// The block's leaf.
        block: LeafIndex,
    },
    /// A run that covers leaves of the part is not shown, or one too many is.
    #[error("{found} runs are shown, {needed} cover leaves of the part")]
    SpanCount {
        /// Spans in the answer.
        found: usize,
        /// Runs that cover leaves of the part.
        needed: usize,
    },
    /// A span holds another number of records than its buckets.
    #[error("span {span}: {found} records from bucket {bucket} on are none of a run of {records}")]
    SpanRecords {
        /// The span, counted from 0.
        span: usize,
        /// Its first bucket.
        bucket: u64,
        /// Records it holds.
        found: usize,
        /// Records of the run.
        records: u64,
    },
    /// A span does not stand in its run.
    #[error("span {span}: {fault}")]
    Span {
        /// The span, counted from 0.
        span: usize,
        /// Why not.
        fault: SpanError,
    },
    /// The records of a span are not sorted, so nothing follows from its neighbours.
    #[error("span {span}: its records are out of order")]
    Unsorted {
        /// The span, counted from 0.
        span: usize,
    },
    /// Records could stand before or behind a span that have the key.
    #[error("span {span} does not reach {} the key", if *.below { "below" } else { "above" })]
    Short {
        /// The span, counted from 0.
        span: usize,
        /// Whether it begins too late; else it ends too early.
        below: bool,
    },
    /// A record names a leaf that its run does not cover.
    #[error("span {span} names leaf {index}, which its run does not cover")]
    Stray {
        /// The span, counted from 0.
        span: usize,
        /// The leaf.
        index: LeafIndex,
    },
    /// Other leaves than the runs name.
    #[error("the answer holds {found} leaves, the runs name {needed}")]
    LeafCount {
        /// Leaves in the answer.
        found: usize,
        /// Leaves that the runs name.
        needed: usize,
    },
    /// Another leaf than the runs name.
    #[error("the answer holds leaf {found}, the runs name leaf {expected} there")]
    OtherLeaf {
        /// The leaf in the answer.
        found: LeafIndex,
        /// The leaf named.
        expected: LeafIndex,
    },
    /// A leaf does not stand in the log.
    #[error("leaf {index}: {fault}")]
    Leaf {
        /// The leaf.
        index: LeafIndex,
        /// Why not.
        fault: InclusionError,
    },
    /// A leaf that stands in the log cannot be read here: it was written by a later release.
    #[error("leaf {index}: {fault}")]
    Unread {
        /// The leaf.
        index: LeafIndex,
        /// What is wrong.
        fault: DecodeError,
    },
}

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchCheck {
    /// Which.
    pub code: SearchCode,
    /// How it ended.
    pub outcome: SearchOutcome,
}

/// How a check of an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchOutcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed(SearchFault),
    /// It was not made.
    Skipped(&'static str),
}

/// A leaf that has the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchHit {
    /// Where it stands.
    pub index: LeafIndex,
    /// Its submission.
    pub id: SubmissionId,
    /// Name of its operation.
    pub operation: &'static str,
}

/// What an answer shows, once all of it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchFacts {
    /// The head.
    pub checkpoint: CheckpointFacts,
    /// The leaf of the block that states the index: the answer is as of the log before it.
    pub block: LeafIndex,
    /// Height of that block.
    pub height: Height,
    /// Its time.
    pub time: TimeMs,
    /// The first leaf that the index covers.
    pub covered: LeafIndex,
    /// The first leaf of the part.
    pub from: LeafIndex,
    /// Where the part ends: at `block`, if nothing is left to ask for.
    pub to: LeafIndex,
    /// All leaves of the part that have the key, in order.
    pub hits: Vec<SearchHit>,
    /// Leaves that were named and do not have the key: their keys begin alike.
    pub spare: usize,
}

/// All checks in order, and what they show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchReport {
    /// One for each code, in order. After the first that failed the rest are skipped.
    pub checks: Vec<SearchCheck>,
    /// What the answer shows; none when a check failed.
    pub facts: Option<SearchFacts>,
}

impl SearchReport {
    /// The check that failed, if one did, and why.
    pub fn failure(&self) -> Option<(SearchCode, &SearchFault)> {
        self.checks.iter().find_map(|check| match &check.outcome {
            SearchOutcome::Failed(fault) => Some((check.code, fault)),
            SearchOutcome::Passed | SearchOutcome::Skipped(_) => None,
        })
    }
}
