//! Why the ledger does not go on, and why a submission may not.

use proto::block::Handover;
use proto::canonical::DecodeError;
use proto::counter::{Height, TimeMs};
use proto::id::{BlockId, NetworkId};
use proto::policy::PolicyError;

use crate::batch::BatchesError;
use crate::read::ReadError;
use crate::rejection::Rejection;

/// Why a store is not opened or a block not applied. All of these are permanent: the same call fails again, and a
/// node that meets one while it runs stops. Nothing was changed by the call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The genesis does not hold.
    #[error("the genesis does not hold: {0}")]
    Genesis(DecodeError),
    /// The store holds another network's ledger.
    #[error("the store holds the ledger of network {found}, the genesis is of network {expected}")]
    OtherNetwork {
        /// Network of the store.
        found: NetworkId,
        /// Network of the genesis.
        expected: NetworkId,
    },
    /// No policy says what a quorum of the validators is.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A closing block names other validators than were computed here, or none are to be named.
    #[error("the closing block of height {height} hands over by {found:?}, computed here: {expected:?}")]
    Handover {
        /// Height of the block.
        height: Height,
        /// What it says.
        found: Handover,
        /// What it should say; none when nothing changes as of that height.
        expected: Option<Handover>,
    },
    /// An entry is larger than a leaf can be, which the limits of what makes entries exclude.
    #[error("the {what} entry has {found} bytes, a leaf holds {max}")]
    LeafTooLarge {
        /// Which entry.
        what: &'static str,
        /// Its length, in bytes.
        found: usize,
        /// The most a leaf holds, in bytes.
        max: usize,
    },
    /// The log has as many leaves as can be counted.
    #[error(transparent)]
    Full(#[from] merkle::range::RangeError),
    /// Not the next height: each is applied once, in order.
    #[error("block of height {found}, the next to apply is {expected}")]
    OutOfOrder {
        /// Height of the block.
        found: Height,
        /// Height expected.
        expected: Height,
    },
    /// The block, or the certificate beside it, is not of the block applied last.
    #[error("the block of height {height} stands on {found}, applied last was {expected}")]
    OtherParent {
        /// Height of the block.
        height: Height,
        /// What it stands on.
        found: BlockId,
        /// The block applied last.
        expected: BlockId,
    },
    /// Block time goes forward, else what expired could return.
    #[error("the block of height {height} is of {found} ms, not later than its parent of {parent} ms")]
    TimeNotLater {
        /// Height of the block.
        height: Height,
        /// Its time.
        found: TimeMs,
        /// Its parent's.
        parent: TimeMs,
    },
    /// The bodies are not the batches the block names.
    #[error(transparent)]
    Batches(#[from] BatchesError),
}

/// Why a submission may not be executed now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It breaks a rule.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The rule could not be asked: the store cannot be read. Says nothing of the submission.
    #[error(transparent)]
    Read(#[from] ReadError),
}
