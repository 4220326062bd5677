//! Entries: the leaves of the log.
//!
//! An entry's canonical bytes are hashed as they are; they are at most 65,535 bytes long, which is what
//! a tlog-tiles entry bundle can hold.

use crypto::Digest;

use crate::batch::BatchRef;
use crate::counter::{Height, TimeMs, View};
use crate::id::ValidatorIndex;
use crate::submission::Submission;

/// Largest entry, in bytes (C2SP tlog-tiles: lengths are 16 bits).
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// One leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Leaf 0: the canonical genesis.
    Genesis(Vec<u8>),
    /// Leaf 1 (and each later policy): a C2SP tlog-policy text.
    Policy(String),
    /// An executed submission.
    Submission(Box<SubmissionEntry>),
    /// The last leaf of each block that ordered something.
    Block(BlockEntry),
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
