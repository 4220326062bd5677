//! Why a receipt is not believed.

use crypto::{Digest, KeyId};
use merkle::inclusion::InclusionError;
use proto::canonical::DecodeError;
use proto::counter::{Epoch, LeafIndex, TreeSize};
use proto::id::SubmissionId;
use proto::note::KeyName;
use proto::operation::RevokedFrom;
use proto::submission::SubmissionError;

use crate::checkpoint::CheckpointFault;

/// What a check found wrong. Permanent: the same receipt fails under the same policy for ever; only `TooOld` and
/// `FromTheFuture` depend on when one asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The checkpoint is not the quorum's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// The signatures hold, and those who made them reigned no more.
    #[error(
        "a head of {size} leaves is signed by the validators of epoch {epoch}, whose last head has {last}"
    )]
    Retired {
        /// Whose validators signed.
        epoch: Epoch,
        /// Size of the head.
        size: TreeSize,
        /// Size of the last head they could sign.
        last: TreeSize,
    },
    /// The entry does not stand where the receipt says.
    #[error(transparent)]
    Inclusion(#[from] InclusionError),
    /// The entry is not one of this ledger.
    #[error(transparent)]
    Entry(#[from] DecodeError),
    /// The genesis in the log is the genesis of another log.
    #[error("the genesis is of {found}, the log is {expected}")]
    OtherOrigin {
        /// Origin in the genesis.
        found: String,
        /// Origin of the checkpoint.
        expected: KeyName,
    },
    /// The entry is another submission than the one asked for.
    #[error("the entry is submission {found}, asked for was {expected}")]
    OtherSubmission {
        /// Id of the submission found.
        found: SubmissionId,
        /// Id asked for.
        expected: SubmissionId,
    },
    /// The entry is no submission, though one was asked for.
    #[error("the entry is a {kind}, not submission {expected}")]
    NoSubmission {
        /// What it is.
        kind: &'static str,
        /// Id asked for.
        expected: SubmissionId,
    },
    /// A signature in the submission does not hold.
    #[error(transparent)]
    Author(#[from] SubmissionError),
    /// The key was the author's only later.
    #[error("key {key} signed entry {index}, and was listed by entry {listed}, later")]
    KeyNotListed {
        /// The key.
        key: KeyId,
        /// What it signed.
        index: LeafIndex,
        /// What listed it.
        listed: LeafIndex,
    },
    /// Another key had taken its place.
    #[error("key {key} was retired by entry {at}, and signed entry {index} after that")]
    KeyRetired {
        /// The key.
        key: KeyId,
        /// What it signed.
        index: LeafIndex,
        /// What retired it.
        at: LeafIndex,
    },
    /// The key was in other hands when it signed, as its identity said later, or was withdrawn already.
    #[error("key {key} was revoked by entry {at} from {from} on, and signed entry {index} after that")]
    KeyRevoked {
        /// The key.
        key: KeyId,
        /// What it signed.
        index: LeafIndex,
        /// What revoked it.
        at: LeafIndex,
        /// From where on it is not believed.
        from: RevokedFrom,
    },
    /// The receipt is about the item of a batch, and the entry anchors none.
    #[error("the receipt is about an item of a batch, and the entry is {found}, not batch.anchor")]
    NoBatch {
        /// The operation, or that there is none.
        found: &'static str,
    },
    /// The batch is another tree than the one whose items can be proven.
    #[error("the batch is a tree {found:?}, items are proven in {expected:?} alone")]
    OtherTree {
        /// The tree's name in the entry.
        found: String,
        /// The name that is known here.
        expected: &'static str,
    },
    /// The item does not stand in the batch where the receipt says.
    #[error("in the batch, {0}")]
    Item(InclusionError),
    /// The entry, or the item of its batch, speaks of other bytes than the artifact's.
    #[error("the receipt is about content {found}, the artifact is {expected}")]
    OtherArtifact {
        /// Digest in the entry, or of the item.
        found: Digest,
        /// Digest of the artifact.
        expected: Digest,
    },
    /// The entry speaks of no artifact.
    #[error("the entry is about no content, so not about the artifact {expected}")]
    NoArtifact {
        /// Digest of the artifact.
        expected: Digest,
    },
    /// Nobody said when.
    #[error("the policy asks for no cosigners, so nothing says how old the checkpoint is")]
    NoTime,
    /// The quorum's time is too long ago.
    #[error("the quorum cosigned {age_s} s ago, at most {max_age_s} s are wanted")]
    TooOld {
        /// Age found, in seconds.
        age_s: u64,
        /// Age wanted, in seconds.
        max_age_s: u64,
    },
    /// The quorum's time is not yet.
    #[error("the quorum cosigned at {time_s} s, and it is only {now_s} s")]
    FromTheFuture {
        /// Time of the quorum, in seconds since 1970.
        time_s: u64,
        /// Time of the caller, in seconds since 1970.
        now_s: u64,
    },
}
