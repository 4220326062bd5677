//! Entries: the leaves of the log.
//!
//! An entry's canonical bytes are hashed as they are; they are at most 65,535 bytes long, which is what
//! a tlog-tiles entry bundle can hold.

use crypto::Digest;

use crate::batch::BatchRef;
use crate::counter::{Epoch, Height, TimeMs, View};
use crate::id::{NetworkId, ValidatorIndex};
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
}
