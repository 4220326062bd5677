//! Why a receipt is not believed.

use crypto::{Digest, KeyId, SignatureError};
use merkle::inclusion::InclusionError;
use proto::canonical::DecodeError;
use proto::counter::{Epoch, LeafIndex, TreeSize};
use proto::id::SubmissionId;
use proto::note::KeyName;
use proto::operation::RevokedFrom;
use proto::submission::SubmissionError;

use crate::checkpoint::CheckpointFault;
use crate::key_proof::KeyProofFault;

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
    /// A COSE receipt is by the issuer of another log.
    #[error("the COSE receipt is issued by {found:?}, the checkpoint is of {expected}")]
    OtherIssuer {
        /// The issuer it names.
        found: String,
        /// Origin of the checkpoint.
        expected: KeyName,
    },
    /// A COSE receipt is signed with a key that the policy does not name for this log and this algorithm.
    #[error(
        "the COSE receipt is signed by key {kid} with algorithm {algorithm}; the policy has no such key of this log"
    )]
    UnknownIssuerKey {
        /// The algorithm, as COSE numbers it.
        algorithm: i64,
        /// Thumbprint of the key.
        kid: Digest,
    },
    /// The signature of a COSE receipt is not over the checkpoint's root.
    #[error("the signature of the COSE receipt over the checkpoint's root: {0}")]
    IssuerSignature(SignatureError),
    /// A COSE receipt speaks of another leaf or another tree.
    #[error(
        "the COSE receipt is of leaf {index} of {size}, the receipt of leaf {expected_index} of {expected_size}"
    )]
    OtherLeaf {
        /// Leaf in the COSE receipt.
        index: LeafIndex,
        /// Size in the COSE receipt.
        size: TreeSize,
        /// Leaf of the receipt.
        expected_index: LeafIndex,
        /// Size of the checkpoint.
        expected_size: TreeSize,
    },
    /// A COSE receipt names another subject than the entry's.
    #[error("the COSE receipt is about {found:?}, the entry is {expected:?}")]
    OtherSubject {
        /// The subject it names.
        found: String,
        /// The entry's.
        expected: String,
    },
    /// The envelope beside the entry is not the one in it.
    #[error("the submission beside the entry is not the one in it")]
    OtherEnvelope,
    /// The author's key is not shown to have been good.
    #[error(transparent)]
    KeyProof(#[from] KeyProofFault),
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
