//! What a submission may ask of the ledger.

use std::cmp::Ordering;
use std::fmt;

use crypto::{Digest, KeyId, PublicKey, Signature};

use crate::canonical::Canonical as _;
use crate::counter::{Epoch, LeafIndex, TimeMs, TreeSize};
use crate::domain::Domain;
use crate::id::{Did, NetworkId, SubmissionId, ValidatorIndex};
use crate::job::{self, JobId};
use crate::primitive::{Primitive, Told};
use crate::session::{Act, SessionId};
use crate::signer::SignerChange;
use crate::statement::Facts;
use crate::validators::Validator;

pub mod evidence;
pub mod issuer;
pub mod resource;
pub mod seal;

use evidence::EvidenceAct;
use issuer::{IssuerKey, IssuerSet};
use seal::Seal;

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
    /// `issuer.set`: says who an issuer of attestations that are JWTs is, and whether it is to be believed.
    IssuerSet(Box<IssuerSet>),
    /// `issuer.key`: lists a key that signs such attestations, or lists it no longer.
    IssuerKey(Box<IssuerKey>),
    /// `attestation.seal`: puts such an attestation on the ledger. It is revoked like any other.
    AttestationSeal(Box<Seal>),
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
    /// `service.endorse`: the key that signs this is a validator's, for what it does on behalf of its callers.
    ServiceEndorse {
        /// The validator's name.
        validator: String,
        /// Its consensus key's signature over [`endorsement_bytes`].
        endorsement: Signature,
    },
    /// `session.open`, `session.sample`, `session.finalize`, `session.delete`: of a quality that was asked for.
    Session {
        /// The session.
        session: SessionId,
        /// What is done with it.
        act: Act,
    },
    /// `proof.primitive`: a PROOF of ProofNest, signed by an identity of its own.
    ProofPrimitive(Box<Primitive>),
    /// `job.open`, `job.state`: work done elsewhere, of which evidence is kept.
    Job {
        /// The job, among those of the submission's tenant.
        job: JobId,
        /// What is done with it.
        act: job::Act,
    },
    /// `evidence.seal`, `evidence.verified`, `evidence.delete`: the evidence of a job.
    Evidence {
        /// The job.
        job: JobId,
        /// What is done with its evidence.
        act: EvidenceAct,
    },
    /// `signer.list`, `signer.revoke`: a key that signs evidence.
    Signer(Box<SignerChange>),
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
    /// As long as its class says, from the time of the block that commits it.
    Of(RetentionClass),
}

/// A class of retention that everybody means the same by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RetentionClass {
    /// 365 days, or until it is erased.
    Standard,
    /// Seven years, and nobody erases it before.
    Compliance,
}

impl RetentionClass {
    /// Every class.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Compliance];

    /// Its number in canonical bytes; 0 is no class.
    pub const fn code(self) -> u32 {
        match self {
            Self::Standard => 1,
            Self::Compliance => 2,
        }
    }

    /// The class of a number.
    pub fn of_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code() == code)
    }

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Compliance => "compliance",
        }
    }

    /// How long it keeps, in days. Seven years have at most two leap days.
    pub const fn days(self) -> u32 {
        match self {
            Self::Standard => 365,
            Self::Compliance => 7 * 365 + 2,
        }
    }

    /// Whether nobody erases before what it keeps.
    pub const fn is_write_once(self) -> bool {
        match self {
            Self::Standard => false,
            Self::Compliance => true,
        }
    }
}

impl Retention {
    /// Block time from which it is not kept. Of a class that follows from the block: see [`Retention::from_block`].
    pub const fn until(self) -> Option<TimeMs> {
        match self {
            Self::UntilErased | Self::Of(_) => None,
            Self::Until(until) | Self::WriteOnce(until) => Some(until),
        }
    }

    /// What it comes to when it is committed in a block of this time.
    pub fn from_block(self, time: TimeMs) -> Self {
        match self {
            Self::Of(class) if class.is_write_once() => Self::WriteOnce(time.plus_days(class.days())),
            Self::Of(class) => Self::Until(time.plus_days(class.days())),
            Self::UntilErased | Self::Until(_) | Self::WriteOnce(_) => self,
        }
    }

    /// The class it names, if it names one.
    pub const fn class(self) -> Option<RetentionClass> {
        match self {
            Self::Of(class) => Some(class),
            Self::UntilErased | Self::Until(_) | Self::WriteOnce(_) => None,
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
    /// Every name there is, those of later rooms behind those before.
    pub const NAMES: [&str; 29] = [
        "identity.create",
        "key.add",
        "key.rotate",
        "key.revoke",
        "proof.submit",
        "attestation.issue",
        "attestation.revoke",
        "issuer.set",
        "issuer.key",
        "attestation.seal",
        "batch.anchor",
        "artifact.commit",
        "retention.tombstone",
        "validator.join",
        "validator.leave",
        "service.endorse",
        "session.open",
        "session.sample",
        "session.finalize",
        "session.delete",
        "proof.primitive",
        "statement.register",
        "job.open",
        "job.state",
        "evidence.seal",
        "evidence.verified",
        "evidence.delete",
        "signer.list",
        "signer.revoke",
    ];

    /// The operation's name: noun, dot, verb; one of [`Self::NAMES`].
    pub const fn name(&self) -> &'static str {
        match self {
            Self::IdentityCreate { .. } => "identity.create",
            Self::KeyAdd { .. } => "key.add",
            Self::KeyRotate { .. } => "key.rotate",
            Self::KeyRevoke { .. } => "key.revoke",
            Self::ProofSubmit { .. } => "proof.submit",
            Self::AttestationIssue { .. } => "attestation.issue",
            Self::AttestationRevoke { .. } => "attestation.revoke",
            Self::IssuerSet(_) => "issuer.set",
            Self::IssuerKey(_) => "issuer.key",
            Self::AttestationSeal(_) => "attestation.seal",
            Self::BatchAnchor { .. } => "batch.anchor",
            Self::ArtifactCommit { .. } => "artifact.commit",
            Self::RetentionTombstone { .. } => "retention.tombstone",
            Self::ValidatorJoin { .. } => "validator.join",
            Self::ValidatorLeave { .. } => "validator.leave",
            Self::ServiceEndorse { .. } => "service.endorse",
            Self::Session { act, .. } => act.name(),
            Self::ProofPrimitive(_) => "proof.primitive",
            Self::Job { act, .. } => act.name(),
            Self::Evidence { act, .. } => act.name(),
            Self::Signer(change) => change.name(),
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
            | Self::IssuerSet(_)
            | Self::IssuerKey(_)
            | Self::AttestationSeal(_)
            | Self::ArtifactCommit { .. }
            | Self::RetentionTombstone { .. }
            | Self::BatchAnchor { .. }
            | Self::ValidatorJoin { .. }
            | Self::ValidatorLeave { .. }
            | Self::ServiceEndorse { .. }
            | Self::Session { .. } => None,
            Self::ProofPrimitive(_) | Self::Job { .. } | Self::Evidence { .. } | Self::Signer(_) => None,
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
            | Self::IssuerSet(_)
            | Self::IssuerKey(_)
            | Self::AttestationSeal(_)
            | Self::BatchAnchor { .. }
            | Self::ValidatorJoin { .. }
            | Self::ValidatorLeave { .. }
            | Self::ServiceEndorse { .. }
            | Self::Session { .. }
            | Self::ProofPrimitive(_)
            | Self::Job { .. }
            | Self::Evidence { .. }
            | Self::Signer(_)
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
            Self::ProofPrimitive(primitive) => match &primitive.told {
                // The digest of a short claim says what it is, and the claim stands beside it.
                Told::Whole(_) => None,
                Told::Hashes { claim, .. } => Some(claim),
            },
            Self::IdentityCreate { .. }
            | Self::KeyAdd { .. }
            | Self::KeyRotate { .. }
            | Self::KeyRevoke { .. }
            | Self::AttestationRevoke { .. }
            | Self::IssuerSet(_)
            | Self::IssuerKey(_)
            | Self::AttestationSeal(_)
            | Self::BatchAnchor { .. }
            | Self::RetentionTombstone { .. }
            | Self::ValidatorJoin { .. }
            | Self::ValidatorLeave { .. }
            | Self::ServiceEndorse { .. }
            | Self::Job { .. }
            | Self::Evidence { .. }
            | Self::Signer(_)
            | Self::Session { .. } => None,
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

/// What a validator's consensus key signs so that a key is its service's: the validator's name's length (u32, big-endian)
/// and text, the id of the key.
pub fn endorsement_bytes(network: &NetworkId, validator: &str, key: &KeyId) -> Vec<u8> {
    let length = (validator.len() as u32).to_be_bytes();
    let message = [&length[..], validator.as_bytes(), key.digest().as_bytes()].concat();
    Domain::ServiceEndorsement.signed_bytes(network, &message)
}
