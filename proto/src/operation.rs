//! What a submission may ask of the ledger.

use crypto::{Digest, KeyId, PublicKey, Signature};

use crate::canonical::Canonical as _;
use crate::counter::Epoch;
use crate::domain::Domain;
use crate::id::{Did, NetworkId, SubmissionId, ValidatorIndex};
use crate::validators::Validator;

/// Longest subject, media type, predicate type, tree name or reason, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// Longest predicate of an attestation, in bytes.
pub const PREDICATE_BYTES_MAX: usize = 32 << 10;
/// The tree of a batch whose items have receipts of their own: the tree of RFC 6962 with SHA-256, whose entries are the
/// 32-byte SHA-256 digests of the items. A leaf's hash is `SHA-256(0x00 ‖ digest)`. Other names are other trees, of which
/// nothing is known here but the root.
pub const BATCH_TREE: &str = "rfc6962-sha256-digests";
/// Most keys one `identity.create` may name.
pub const IDENTITY_KEYS_MAX: usize = 8;

/// One thing asked of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `identity.create`: registers an identity with its first keys.
    IdentityCreate {
        /// The identity; its text must follow from the first key.
        identity: Did,
        /// 1 to 8 keys; the first signs the submission.
        keys: Vec<PublicKey>,
    },
    /// `key.add`: gives an identity one more key.
    KeyAdd {
        /// The identity.
        identity: Did,
        /// The new key.
        key: PublicKey,
    },
    /// `key.rotate`: puts a new key in the place of an old one.
    KeyRotate {
        /// The identity.
        identity: Did,
        /// The key that retires; it may sign this submission.
        retires: KeyId,
        /// The new key.
        key: PublicKey,
        /// The new key's consent: its signature over [`possession_bytes`].
        possession: Signature,
    },
    /// `key.revoke`: a key is no longer good for anything that comes later in the log.
    KeyRevoke {
        /// The identity.
        identity: Did,
        /// The key.
        key: KeyId,
        /// Why, for people.
        reason: String,
    },
    /// `proof.submit`: that these bytes existed, and who said so.
    ProofSubmit {
        /// SHA-256 of the content.
        content: Digest,
        /// Length of the content, in bytes.
        content_bytes: u64,
        /// Media type (RFC 6838), or empty.
        media_type: String,
        /// What it is about: a file name, a URI; may be empty.
        subject: String,
    },
    /// `attestation.issue`: a statement about a subject.
    AttestationIssue {
        /// Whom or what it is about.
        subject: String,
        /// The kind of statement, a URI.
        predicate_type: String,
        /// The statement, bytes as issued.
        predicate: Vec<u8>,
        /// SHA-256 of the artifact it speaks of, if it speaks of one.
        content: Option<Digest>,
        /// Block time from which it no longer holds; none: it holds until revoked.
        expires_at_ms: Option<u64>,
    },
    /// `attestation.revoke`: withdraws one's own attestation.
    AttestationRevoke {
        /// The submission that issued it.
        attestation: SubmissionId,
        /// Why, for people.
        reason: String,
    },
    /// `batch.anchor`: the root of a tree that someone keeps elsewhere.
    BatchAnchor {
        /// The root.
        root: Digest,
        /// Number of leaves, at least 1.
        count: u64,
        /// How the tree is made: [`BATCH_TREE`], or any other name that its author understands.
        tree: String,
    },
    /// `validator.join`: one more validator, from the next epoch on.
    ValidatorJoin {
        /// The epoch whose validators approve.
        epoch: Epoch,
        /// The validator.
        validator: Box<Validator>,
        /// Its consensus key's signature over [`membership_possession_bytes`].
        possession: Signature,
        /// Signatures of a quorum over [`approval_bytes`].
        approvals: Vec<Approval>,
    },
    /// `validator.leave`: one validator less, from the next epoch on.
    ValidatorLeave {
        /// The epoch whose validators approve.
        epoch: Epoch,
        /// The validator's name.
        name: String,
        /// Signatures of a quorum over [`approval_bytes`].
        approvals: Vec<Approval>,
    },
}

/// One change of the validator set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// One more.
    Join(Box<Validator>),
    /// One less, by its name.
    Leave(String),
}

/// One validator's consent to a change of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who, in the epoch the change names.
    pub approver: ValidatorIndex,
    /// By its consensus key, Ed25519.
    pub signature: Signature,
}

impl Operation {
    /// The operation's name: noun, dot, verb.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IdentityCreate { .. } => "identity.create",
            Self::KeyAdd { .. } => "key.add",
            Self::KeyRotate { .. } => "key.rotate",
            Self::KeyRevoke { .. } => "key.revoke",
            Self::ProofSubmit { .. } => "proof.submit",
            Self::AttestationIssue { .. } => "attestation.issue",
            Self::AttestationRevoke { .. } => "attestation.revoke",
            Self::BatchAnchor { .. } => "batch.anchor",
            Self::ValidatorJoin { .. } => "validator.join",
            Self::ValidatorLeave { .. } => "validator.leave",
        }
    }

    /// The SHA-256 of the artifact the operation speaks of, if it speaks of one.
    pub const fn content(&self) -> Option<&Digest> {
        match self {
            Self::ProofSubmit { content, .. } => Some(content),
            Self::AttestationIssue { content, .. } => content.as_ref(),
            Self::IdentityCreate { .. }
            | Self::KeyAdd { .. }
            | Self::KeyRotate { .. }
            | Self::KeyRevoke { .. }
            | Self::AttestationRevoke { .. }
            | Self::BatchAnchor { .. }
            | Self::ValidatorJoin { .. }
            | Self::ValidatorLeave { .. } => None,
        }
    }
}

/// What a new key signs to enter by `key.rotate`: the identity's length (u32, big-endian) and text, the id of
/// the key that retires, the id of the new key.
pub fn possession_bytes(network: &NetworkId, identity: &Did, retires: &KeyId, key: &KeyId) -> Vec<u8> {
    let name = identity.as_str().as_bytes();
    let length = (name.len() as u32).to_be_bytes();
    let message = [&length, name, retires.digest().as_bytes(), key.digest().as_bytes()].concat();
    Domain::KeyPossession.signed_bytes(network, &message)
}

/// What a joining validator's consensus key signs: the epoch (u64, big-endian), the canonical validator.
pub fn membership_possession_bytes(network: &NetworkId, epoch: Epoch, validator: &Validator) -> Vec<u8> {
    let message = [&epoch.get().to_be_bytes()[..], &validator.encode()].concat();
    Domain::ValidatorPossession.signed_bytes(network, &message)
}

/// What a validator's consensus key signs to approve of a change: the epoch (u64, big-endian), then 1 and the canonical
/// validator that joins, or 2 and the name of the one that leaves.
pub fn approval_bytes(network: &NetworkId, epoch: Epoch, change: &Membership) -> Vec<u8> {
    let (kind, what) = match change {
        Membership::Join(validator) => (1, validator.encode()),
        Membership::Leave(name) => (2, name.as_bytes().to_vec()),
    };
    let message = [&epoch.get().to_be_bytes()[..], &[kind], &what].concat();
    Domain::ValidatorApproval.signed_bytes(network, &message)
}
