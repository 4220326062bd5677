//! What verification found: each check with its outcome, and the facts the passed ones show.
//!
//! The codes and their order are stable; scripts match on them. A fact appears only after the checks it rests on, so
//! that a forged receipt never shows a claim as a finding.

use crypto::{Digest, KeyId};
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::entry::EpochEntry;
use proto::id::{Did, NetworkId, SubmissionId, Tenant};

use crate::checkpoint::CheckpointFacts;
use crate::fault::Fault;
use crate::standing::KeyEnd;

/// A check, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The policy names a log of this origin.
    Policy,
    /// Every signature under the checkpoint is by a key of the policy, and holds.
    CheckpointSignatures,
    /// The policy's quorum has cosigned.
    Quorum,
    /// The log is large enough to hold the index.
    Index,
    /// The proof has the length that index and size fix.
    ProofLength,
    /// The proof leads from the entry to the cosigned root.
    Root,
    /// The entry is one of this ledger, and the submission asked for.
    Entry,
    /// The author signed the submission.
    AuthorSignature,
    /// The key was the author's to use.
    KeyStanding,
    /// The entry anchors a batch, and the path leads from the item to the batch's root.
    BatchItem,
    /// The entry, or the item of the batch, is about the artifact.
    Artifact,
    /// The quorum cosigned recently.
    Freshness,
}

impl Code {
    /// Every check, in order.
    pub const ALL: [Self; 12] = [
        Self::Policy,
        Self::CheckpointSignatures,
        Self::Quorum,
        Self::Index,
        Self::ProofLength,
        Self::Root,
        Self::Entry,
        Self::AuthorSignature,
        Self::KeyStanding,
        Self::BatchItem,
        Self::Artifact,
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
            Self::Entry => "entry",
            Self::AuthorSignature => "author_signature",
            Self::KeyStanding => "key_standing",
            Self::BatchItem => "batch_item",
            Self::Artifact => "artifact",
            Self::Freshness => "freshness",
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed(Fault),
    /// It was not made.
    Skipped(&'static str),
}

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub code: Code,
    /// How it ended.
    pub outcome: Outcome,
}

/// Why the author could use the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The author's DID is made of this very key.
    SelfCertified,
    /// The DID does not show it: that the submission was executed, and so stands in the log, means that the
    /// validators found the key among the author's registered ones at that place.
    AttestedByLog,
    /// A leaf that was proven lists the key among the author's.
    Listed {
        /// That leaf.
        by: LeafIndex,
    },
}

/// What the entry says, once it is known to stand in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryFacts {
    /// The genesis of a network.
    Genesis {
        /// Its id.
        network: NetworkId,
    },
    /// The beginning of an epoch, and whose it is.
    Epoch(EpochEntry),
    /// A submission that was executed.
    Submission(Box<SubmissionFacts>),
    /// The end of a block.
    Block {
        /// Its height.
        height: Height,
        /// Its time.
        time: TimeMs,
    },
}

impl EntryFacts {
    /// What kind of entry it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Genesis { .. } => "genesis",
            Self::Epoch(_) => "epoch",
            Self::Submission(_) => "submission",
            Self::Block { .. } => "block",
        }
    }
}

/// What an executed submission says; its signature is a check of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionFacts {
    /// Its id.
    pub id: SubmissionId,
    /// Height of its block; none of a statement that is a leaf by itself, which only its block's entry places.
    pub height: Option<Height>,
    /// Time of its block; none as above.
    pub time: Option<TimeMs>,
    /// The network it was signed for; none of a statement, which names none.
    pub network: Option<NetworkId>,
    /// Its tenant.
    pub tenant: Tenant,
    /// Who speaks.
    pub author: Did,
    /// By which key.
    pub key: KeyId,
    /// Why the author could use that key.
    pub standing: Standing,
    /// How that key ended, if a leaf was shown that ended it; said whether or not it ended before it signed. That none was
    /// shown does not mean that it did not end.
    pub key_end: Option<KeyEnd>,
    /// Name of the operation.
    pub operation: &'static str,
    /// SHA-256 of the content it is about, if it is about one.
    pub content: Option<Digest>,
    /// What a statement says of itself, if it is one.
    pub statement: Option<Box<proto::statement::Facts>>,
}

/// The item of an anchored batch, once its path has led to the batch's root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemFacts {
    /// SHA-256 of its content.
    pub digest: Digest,
    /// Its place in the batch.
    pub index: LeafIndex,
    /// How many items the batch has.
    pub count: u64,
}

/// All checks in order, and what they show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// One for each code, in order. After the first that failed the rest are skipped.
    pub checks: Vec<Check>,
    /// What the checkpoint shows, once the quorum is reached.
    pub checkpoint: Option<CheckpointFacts>,
    /// Where the entry stands, once the proof has led to the root.
    pub index: Option<LeafIndex>,
    /// What the entry says, once it is read.
    pub entry: Option<EntryFacts>,
    /// The item of the batch that the entry anchors, if the receipt is about one and its path holds.
    pub item: Option<ItemFacts>,
}

impl Report {
    /// Whether the receipt is true: no check failed.
    pub fn is_true(&self) -> bool {
        self.failure().is_none()
    }

    /// The check that failed, if one did, and why.
    pub fn failure(&self) -> Option<(Code, &Fault)> {
        self.checks.iter().find_map(|check| match &check.outcome {
            Outcome::Failed(fault) => Some((check.code, fault)),
            Outcome::Passed | Outcome::Skipped(_) => None,
        })
    }
}
