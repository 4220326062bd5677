//! What a submission may ask of the ledger.

use std::cmp::Ordering;
use std::fmt;

use crypto::{Digest, KeyId, PublicKey, Signature};

use crate::canonical::Canonical as _;
use crate::counter::{Epoch, LeafIndex, TimeMs, TreeSize};
use crate::domain::Domain;
use crate::id::{Did, NetworkId, SubmissionId, ValidatorIndex};
use crate::statement::Facts;
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
        /// 1 to 8 keys; the DID follows from the first.
        keys: Vec<PublicKey>,
        /// Consents of the keys that do not sign the submission, in their order: signatures over
        /// [`identity_possession_bytes`]. All of them or, in entries of networks that did not ask for any, none.
        possessions: Vec<Signature>,
    },
    /// `key.add`: gives an identity one more key.
    KeyAdd {
        /// The identity.
        identity: Did,
        /// The new key.
        key: PublicKey,
        /// The new key's consent: its signature over [`addition_possession_bytes`]. None in entries of networks that
        /// did not ask for it.
        possession: Option<Signature>,
    },
    /// `key.rotate`: puts a new key in the place of an old one.
    KeyRotate {
        /// The identity.
        identity: Did,
        /// The key that retires; it signs this submission.
        retires: KeyId,
        /// The new key.
        key: PublicKey,
        /// The new key's consent: its signature over [`possession_bytes`].
        possession: Signature,
    },
    /// `key.revoke`: a key is no longer good for anything that comes later in the log, and if so said, for what it
    /// signed since it came into other hands.
    KeyRevoke {
        /// The identity.
        identity: Did,
        /// The key.
        key: KeyId,
        /// Why, for people.
        reason: String,
        /// From where on it is not believed.
        from: RevokedFrom,
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
    /// `artifact.commit`: bytes that are kept beside the log, and may be erased without a proof becoming less true.
    ArtifactCommit {
        /// SHA-256 of the content, or of the salt and the content.
        address: Digest,
        /// Whether 32 random bytes stand before the content, so that nobody who guesses it finds it confirmed here.
        salted: bool,
        /// Length of the content, in bytes; 0 where that is nobody's business.
        content_bytes: u64,
        /// Media type (RFC 6838), or empty.
        media_type: String,
        /// What it is about; may be empty.
        subject: String,
        /// How long it is kept.
        retention: Retention,
    },
    /// `retention.tombstone`: erases an artifact. What was said of it stays.
    RetentionTombstone {
        /// The submission that committed it.
        artifact: SubmissionId,
        /// Why, for people.
        reason: String,
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
    /// `statement.register`: a statement signed elsewhere. It is never written as part of a body: its facts are derived
    /// from the statement's own bytes.
    Statement(Box<Facts>),
}

/// From where on a revoked key is not believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevokedFrom {
    /// From the leaf after the one that revokes it.
    #[default]
    Here,
    /// From this size of the log, at least 1: the leaf with this index is the first that is not believed.
    Size(TreeSize),
    /// From this block time, at least 1.
    Time(TimeMs),
}

impl RevokedFrom {
    /// Whether a leaf, of a block of that time, is not believed if it is signed by a key that the leaf `at` revoked from
    /// here on. The revocation itself is believed: what ends a key may be signed by it.
    pub fn reaches(self, at: LeafIndex, leaf: LeafIndex, time: TimeMs) -> bool {
        match leaf.cmp(&at) {
            Ordering::Greater => true,
            Ordering::Equal => false,
            Ordering::Less => match self {
                Self::Here => false,
                Self::Size(_) | Self::Time(_) if crypto::broken!(RevokedFromIgnored) => false,
                Self::Size(size) => leaf.get() >= size.get(),
                Self::Time(from) => time >= from,
            },
        }
    }
}

impl fmt::Display for RevokedFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("its own leaf"),
            Self::Size(size) => write!(f, "size {size}"),
            Self::Time(time) => write!(f, "block time {time} ms"),
        }
    }
}

/// How long an artifact is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Until it is erased.
    UntilErased,
    /// Until this block time, or until it is erased.
    Until(TimeMs),
    /// Until this block time, and nobody erases it before.
    WriteOnce(TimeMs),
}

impl Retention {
    /// Block time from which it is not kept.
    pub const fn until(self) -> Option<TimeMs> {
        match self {
            Self::UntilErased => None,
            Self::Until(until) | Self::WriteOnce(until) => Some(until),
        }
    }
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
            Self::ArtifactCommit { .. } => "artifact.commit",
            Self::RetentionTombstone { .. } => "retention.tombstone",
            Self::ValidatorJoin { .. } => "validator.join",
            Self::ValidatorLeave { .. } => "validator.leave",
            Self::Statement(_) => "statement.register",
        }
    }

    /// What a statement says of itself, if the operation registers one.
    pub fn statement(&self) -> Option<&Facts> {
        match self {
            Self::Statement(facts) => Some(facts),
            Self::IdentityCreate { .. }
            | Self::KeyAdd { .. }
            | Self::KeyRotate { .. }
            | Self::KeyRevoke { .. }
            | Self::ProofSubmit { .. }
            | Self::AttestationIssue { .. }
            | Self::AttestationRevoke { .. }
            | Self::ArtifactCommit { .. }
            | Self::RetentionTombstone { .. }
            | Self::BatchAnchor { .. }
            | Self::ValidatorJoin { .. }
            | Self::ValidatorLeave { .. } => None,
        }
    }

    /// The first key it lists that has not signed that it belongs to the identity: neither by its consent nor by signing
    /// the submission itself.
    pub fn unasked_key<'a>(&'a self, signer: &'a PublicKey) -> Option<&'a PublicKey> {
        match self {
            Self::IdentityCreate { keys, possessions, .. } => {
                let mut others = keys.iter().filter(|key| *key != signer);
                others.nth(possessions.len())
            }
            Self::KeyAdd { key, possession: None, .. } => Some(key),
            Self::KeyAdd { possession: Some(_), .. }
            | Self::ArtifactCommit { .. }
            | Self::RetentionTombstone { .. }
            | Self::KeyRotate { .. }
            | Self::KeyRevoke { .. }
            | Self::ProofSubmit { .. }
            | Self::AttestationIssue { .. }
            | Self::AttestationRevoke { .. }
            | Self::BatchAnchor { .. }
            | Self::ValidatorJoin { .. }
            | Self::ValidatorLeave { .. }
            | Self::Statement(_) => None,
        }
    }

    /// The SHA-256 of the artifact the operation speaks of, if it speaks of one.
    pub fn content(&self) -> Option<&Digest> {
        match self {
            Self::ProofSubmit { content, .. } | Self::ArtifactCommit { address: content, .. } => {
                Some(content)
            }
            Self::AttestationIssue { content, .. } => content.as_ref(),
            Self::Statement(facts) => Some(facts.content()),
            Self::IdentityCreate { .. }
            | Self::KeyAdd { .. }
            | Self::KeyRotate { .. }
            | Self::KeyRevoke { .. }
            | Self::AttestationRevoke { .. }
            | Self::BatchAnchor { .. }
            | Self::RetentionTombstone { .. }
            | Self::ValidatorJoin { .. }
            | Self::ValidatorLeave { .. } => None,
        }
    }
}

/// What a new key signs to enter by `key.rotate`: the identity's length (u32, big-endian) and text, the id of
/// the key that retires, the id of the new key.
pub fn possession_bytes(network: &NetworkId, identity: &Did, retires: &KeyId, key: &KeyId) -> Vec<u8> {
    Domain::KeyPossession.signed_bytes(network, &named(identity, [*retires, *key]))
}

/// What a new key signs to enter by `key.add`: the identity's length (u32, big-endian) and text, the id of the new key.
pub fn addition_possession_bytes(network: &NetworkId, identity: &Did, key: &KeyId) -> Vec<u8> {
    Domain::AdditionPossession.signed_bytes(network, &named(identity, [*key]))
}

/// What each key of a new identity signs, except the one that signs the submission: the identity's length (u32,
/// big-endian) and text, the ids of all its keys in their order. So each agrees to those beside it.
pub fn identity_possession_bytes(network: &NetworkId, identity: &Did, keys: &[PublicKey]) -> Vec<u8> {
    Domain::IdentityPossession.signed_bytes(network, &named(identity, keys.iter().map(PublicKey::id)))
}

fn named(identity: &Did, keys: impl IntoIterator<Item = KeyId>) -> Vec<u8> {
    let name = identity.as_str().as_bytes();
    let mut message = (name.len() as u32).to_be_bytes().to_vec();
    message.extend_from_slice(name);
    for key in keys {
        message.extend_from_slice(key.digest().as_bytes());
    }
    message
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
