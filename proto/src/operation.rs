//! What a submission may ask of the ledger.

use crypto::{Digest, KeyId, PublicKey, Signature};

use crate::domain::Domain;
use crate::id::{Did, NetworkId, SubmissionId};

/// Longest subject, media type, predicate type, tree name or reason, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// Longest predicate of an attestation, in bytes.
pub const PREDICATE_BYTES_MAX: usize = 32 << 10;
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
        /// How the tree is made, e.g. `rfc6962-sha256`.
        tree: String,
    },
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
            | Self::BatchAnchor { .. } => None,
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
