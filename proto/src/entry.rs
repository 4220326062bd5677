//! Entries: the leaves of the log.
//!
//! An entry's canonical bytes are hashed as they are; they are at most 65,535 bytes long, which is what
//! a tlog-tiles entry bundle can hold. A signed statement of COSE is a leaf by itself, as RFC 9943 wants it; its first byte
//! tells it from all others.

use crypto::Digest;

use crate::batch::BatchRef;
use crate::canonical::{Canonical, DecodeError};
use crate::counter::{Epoch, Height, TimeMs, View};
use crate::id::{NetworkId, ValidatorIndex};
use crate::statement::cose;
use crate::submission::Submission;

/// Largest entry, in bytes (C2SP tlog-tiles: lengths are 16 bits).
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// One leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Leaf 0: which network's log this is.
    Genesis(GenesisEntry),
    /// Leaf 1, and the last leaf of each block that closes an epoch: who reigns from here on.
    Epoch(EpochEntry),
    /// An executed submission.
    Submission(Box<SubmissionEntry>),
    /// An executed submission whose own bytes are the leaf: a statement of COSE.
    Statement(StatementEntry),
    /// The end of each block that ordered something or closed its epoch.
    Block(BlockEntry),
}

/// The genesis by its digest, so that a leaf holds it however many validators it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisEntry {
    /// SHA-256 of the canonical genesis.
    pub network: NetworkId,
    /// The log's origin.
    pub origin: String,
}

/// The beginning of an epoch. Under a checkpoint that the validators before signed, its receipt hands trust over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    /// The epoch that begins.
    pub epoch: Epoch,
    /// Height of the block that opened it; 0 for epoch 0.
    pub height: Height,
    /// Its validators, by [`ValidatorSet::digest_of`](crate::validators::ValidatorSet::digest_of).
    pub validators: Digest,
    /// SHA-256 of their C2SP tlog-policy text.
    pub policy: Digest,
}

impl Entry {
    /// The submission that it is of, if it is of one.
    pub fn submission(&self) -> Option<&Submission> {
        match self {
            Self::Submission(entry) => Some(&entry.submission),
            Self::Statement(entry) => Some(entry.submission()),
            Self::Genesis(_) | Self::Epoch(_) | Self::Block(_) => None,
        }
    }

    /// The leaf of a submission that was executed at a place and time.
    pub fn of(submission: Submission, height: Height, time: TimeMs) -> Self {
        match submission.is_leaf() {
            true => Self::Statement(StatementEntry(submission)),
            false => Self::Submission(Box::new(SubmissionEntry { height, time, submission })),
        }
    }
}

/// A statement of COSE, which says nothing of where it was executed: its block's entry does, the first behind it that is
/// a block's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementEntry(Submission);

impl StatementEntry {
    /// The statement.
    pub const fn submission(&self) -> &Submission {
        &self.0
    }
}

impl Canonical for Entry {
    const BYTES_MAX: usize = ENTRY_BYTES_MAX;

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Statement(StatementEntry(statement)) => statement.bytes().to_vec(),
            Self::Genesis(_) | Self::Epoch(_) | Self::Submission(_) | Self::Block(_) => {
                crate::wire::encode_entry(self)
            }
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(DecodeError::TooLarge { what: "entry", found: bytes.len(), max: Self::BYTES_MAX });
        }
        if cose::begins(bytes) {
            return Submission::decode(bytes).map(|statement| Self::Statement(StatementEntry(statement)));
        }
        let entry = crate::wire::decode_entry(bytes)?;
        match entry.encode() == bytes {
            true => Ok(entry),
            false => Err(DecodeError::NotCanonical { what: "entry" }),
        }
    }
}

/// An executed submission, as it came, with the place and time of its execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionEntry {
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
    /// The envelope.
    pub submission: Submission,
}

/// What a block did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockEntry {
    /// Its height.
    pub height: Height,
    /// The view it was proposed in.
    pub view: View,
    /// Who proposed it.
    pub proposer: ValidatorIndex,
    /// Its time.
    pub time: TimeMs,
    /// The batches it ordered.
    pub batches: Vec<BatchRef>,
    /// Number of submissions executed: the leaves directly before this one.
    pub accepted: u32,
    /// Number of submissions refused.
    pub rejected: u32,
    /// Digest of the refused ones and the reasons, in order.
    pub rejections: Digest,
    /// Digest of the state after this block: chained over all changes since genesis.
    pub state: Digest,
    /// Digest of the directory of the index over the leaves before this one; none in a log that has no index yet.
    pub lookup: Option<Digest>,
}
