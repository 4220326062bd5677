//! Operations in JSON: one shape for each kind of `proto::operation`, told apart by `type`.

use crypto::{PublicKey, Scheme, Signature};
use proto::counter::{Epoch, TimeMs, TreeSize};
use proto::id::Did;
use proto::operation::{Retention, RevokedFrom};
use proto::statement::Facts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::membership::{Approval, Validator, ed25519};
use crate::scalar::{Bytes, Hash, Uint};

/// What a submission asks of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Operation {
    /// Registers an identity with its first keys.
    #[serde(rename = "identity.create")]
    IdentityCreate {
        /// The DID.
        identity: String,
        /// Its keys.
        #[serde(deserialize_with = "crate::strict::named_list")]
        keys: Vec<Key>,
        /// Consents of the keys that do not sign the submission, in their order.
        #[serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            deserialize_with = "crate::strict::named_list"
        )]
        possessions: Vec<Consent>,
    },
    /// Gives an identity one more key.
    #[serde(rename = "key.add")]
    KeyAdd {
        /// The DID.
        identity: String,
        /// The new key.
        #[serde(deserialize_with = "crate::strict::named")]
        key: Key,
        /// The new key's consent: its signature. Entries of networks that did not ask for it have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        possession: Option<Bytes>,
    },
    /// Puts a new key in the place of an old one.
    #[serde(rename = "key.rotate")]
    KeyRotate {
        /// The DID.
        identity: String,
        /// Id of the key that retires.
        retires: String,
        /// The new key.
        #[serde(deserialize_with = "crate::strict::named")]
        key: Key,
        /// The new key's consent: its signature.
        possession: Bytes,
    },
    /// Ends a key.
    #[serde(rename = "key.revoke")]
    KeyRevoke {
        /// The DID.
        identity: String,
        /// The key's id.
        key: String,
        /// Why, for people.
        #[serde(default)]
        reason: String,
        /// The size of the log from which on the key is not believed, at least 1; without it and `from_time_ms`, from now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_size: Option<Uint>,
        /// The block time from which on the key is not believed, in milliseconds since 1970, at least 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_time_ms: Option<Uint>,
    },
    /// Says that some bytes exist.
    #[serde(rename = "proof.submit")]
    ProofSubmit {
        /// SHA-256 of the content.
        content: Hash,
        /// Length of the content, in bytes.
        content_bytes: Uint,
        /// Media type, or empty.
        #[serde(default)]
        media_type: String,
        /// What it is about, or empty.
        #[serde(default)]
        subject: String,
    },
    /// States something about a subject.
    #[serde(rename = "attestation.issue")]
    AttestationIssue {
        /// Whom or what it is about.
        subject: String,
        /// The kind of statement, a URI.
        predicate_type: String,
        /// The statement's bytes.
        predicate: Bytes,
        /// SHA-256 of the artifact it speaks of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Hash>,
        /// From when on it no longer holds, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at_ms: Option<Uint>,
    },
    /// Withdraws one's own attestation.
    #[serde(rename = "attestation.revoke")]
    AttestationRevoke {
        /// The submission that issued it.
        attestation: Hash,
        /// Why, for people.
        #[serde(default)]
        reason: String,
    },
    /// Records the root of a tree kept elsewhere. Who keeps the leaves of a `rfc6962-sha256-digests` tree makes a receipt
    /// for each of them out of this one's: no other call is needed.
    #[serde(rename = "batch.anchor")]
    BatchAnchor {
        /// The root.
        root: Hash,
        /// Number of leaves.
        count: Uint,
        /// How the tree is made. `rfc6962-sha256-digests`: RFC 6962 with SHA-256, over the 32-byte SHA-256 digests of
        /// the items. Any other name is for its author to understand.
        tree: String,
    },
    /// Commits bytes that nodes may keep beside the log, until they are erased.
    #[serde(rename = "artifact.commit")]
    ArtifactCommit {
        /// SHA-256 of the content, or of the salt and the content.
        address: Hash,
        /// Whether 32 random bytes, the salt, stand before the content.
        #[serde(default)]
        salted: bool,
        /// Length of the content, in bytes; 0 where that is nobody's business.
        #[serde(default = "none")]
        content_bytes: Uint,
        /// Media type, or empty.
        #[serde(default)]
        media_type: String,
        /// What it is about, or empty.
        #[serde(default)]
        subject: String,
        /// Block time until which it is kept, in milliseconds since 1970; none: until it is erased.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep_until_ms: Option<Uint>,
        /// Whether nobody may erase it before.
        #[serde(default)]
        write_once: bool,
    },
    /// Erases one's own artifact. Every proof of it stays true.
    #[serde(rename = "retention.tombstone")]
    RetentionTombstone {
        /// The submission that committed it.
        artifact: Hash,
        /// Why, for people.
        #[serde(default)]
        reason: String,
    },
    /// Adds a validator, from the next epoch on.
    #[serde(rename = "validator.join")]
    ValidatorJoin {
        /// The epoch whose validators approve.
        epoch: Uint,
        /// The validator.
        #[serde(deserialize_with = "crate::strict::named")]
        validator: Validator,
        /// Its consensus key's consent: a signature.
        possession: Bytes,
        /// Consents of a quorum.
        #[serde(deserialize_with = "crate::strict::named_list")]
        approvals: Vec<Approval>,
    },
    /// Removes a validator, from the next epoch on.
    #[serde(rename = "validator.leave")]
    ValidatorLeave {
        /// The epoch whose validators approve.
        epoch: Uint,
        /// The validator's name.
        name: String,
        /// Consents of a quorum.
        #[serde(deserialize_with = "crate::strict::named_list")]
        approvals: Vec<Approval>,
    },
    /// Registers a statement that was signed elsewhere. It is shown so, and submitted as its own bytes.
    #[serde(rename = "statement.register")]
    Statement {
        /// `cose`, `jws`, `jws-json`, `dsse` or `http-signature`.
        format: String,
        /// Whom it names as its issuer, or empty.
        issuer: String,
        /// What it is about, or empty.
        subject: String,
        /// What its payload is, or empty.
        media_type: String,
        /// SHA-256 of the payload.
        payload: Hash,
        /// Length of the payload, in bytes.
        payload_bytes: Uint,
        /// SHA-256 of the one artifact it names instead of carrying it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifact: Option<Hash>,
    },
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// `ed25519`, `ml-dsa-65`, `ed25519+ml-dsa-65` or `dilithium3-r3`.
    pub scheme: String,
    /// The key's bytes.
    pub public_key: Bytes,
}

/// A key's consent to be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The key's scheme.
    pub scheme: String,
    /// Its signature.
    pub signature: Bytes,
}

impl From<&Signature> for Consent {
    fn from(signature: &Signature) -> Self {
        let signature_bytes = Bytes(signature.as_bytes().to_vec());
        Self { scheme: signature.scheme().name().to_owned(), signature: signature_bytes }
    }
}

impl Consent {
    fn parse(&self) -> Result<Signature, String> {
        let scheme = Scheme::from_name(&self.scheme).ok_or_else(|| {
            let found = self.scheme.chars().take(40).collect::<String>();
            format!("possessions: {found:?} is not a scheme")
        })?;
        Signature::parse(scheme, &self.signature.0).map_err(|fault| format!("possessions: {fault}"))
    }
}

impl From<&PublicKey> for Key {
    fn from(key: &PublicKey) -> Self {
        Self { scheme: key.scheme().name().to_owned(), public_key: Bytes(key.as_bytes().to_vec()) }
    }
}

impl Key {
    /// The key, checked.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(&self) -> Result<PublicKey, String> {
        let scheme = Scheme::from_name(&self.scheme).ok_or_else(|| {
            let known = Scheme::ALL.map(Scheme::name).join(", ");
            format!(
                "{:?} is not a scheme; there are {known}",
                self.scheme.chars().take(40).collect::<String>()
            )
        })?;
        PublicKey::parse(scheme, &self.public_key.0).map_err(|fault| fault.to_string())
    }
}

type Domain = proto::operation::Operation;

impl From<&Domain> for Operation {
    fn from(operation: &Domain) -> Self {
        match operation {
            Domain::IdentityCreate { identity, keys, possessions } => Self::IdentityCreate {
                identity: identity.to_string(),
                keys: keys.iter().map(Key::from).collect(),
                possessions: possessions.iter().map(Consent::from).collect(),
            },
            Domain::KeyAdd { identity, key, possession } => Self::KeyAdd {
                identity: identity.to_string(),
                key: Key::from(key),
                possession: possession.as_ref().map(|possession| Bytes(possession.as_bytes().to_vec())),
            },
            Domain::KeyRotate { identity, retires, key, possession } => Self::KeyRotate {
                identity: identity.to_string(),
                retires: retires.to_string(),
                key: Key::from(key),
                possession: Bytes(possession.as_bytes().to_vec()),
            },
            Domain::KeyRevoke { identity, key, reason, from } => {
                let (from_size, from_time_ms) = match from {
                    RevokedFrom::Here => (None, None),
                    RevokedFrom::Size(size) => (Some(Uint(size.get())), None),
                    RevokedFrom::Time(time) => (None, Some(Uint(time.get()))),
                };
                let (identity, key, reason) = (identity.to_string(), key.to_string(), reason.clone());
                Self::KeyRevoke { identity, key, reason, from_size, from_time_ms }
            }
            Domain::ProofSubmit { content, content_bytes, media_type, subject } => Self::ProofSubmit {
                content: Hash(*content),
                content_bytes: Uint(*content_bytes),
                media_type: media_type.clone(),
                subject: subject.clone(),
            },
            Domain::AttestationIssue { subject, predicate_type, predicate, content, expires_at_ms } => {
                Self::AttestationIssue {
                    subject: subject.clone(),
                    predicate_type: predicate_type.clone(),
                    predicate: Bytes(predicate.clone()),
                    content: content.map(Hash),
                    expires_at_ms: expires_at_ms.map(Uint),
                }
            }
            Domain::AttestationRevoke { attestation, reason } => {
                Self::AttestationRevoke { attestation: (*attestation).into(), reason: reason.clone() }
            }
            Domain::ArtifactCommit { address, salted, content_bytes, media_type, subject, retention } => {
                Self::ArtifactCommit {
                    address: Hash(*address),
                    salted: *salted,
                    content_bytes: Uint(*content_bytes),
                    media_type: media_type.clone(),
                    subject: subject.clone(),
                    keep_until_ms: retention.until().map(|until| Uint(until.get())),
                    write_once: matches!(retention, Retention::WriteOnce(_)),
                }
            }
            Domain::RetentionTombstone { artifact, reason } => {
                Self::RetentionTombstone { artifact: (*artifact).into(), reason: reason.clone() }
            }
            Domain::ValidatorJoin { epoch, validator, possession, approvals } => Self::ValidatorJoin {
                epoch: Uint(epoch.get()),
                validator: Validator::from(&**validator),
                possession: Bytes(possession.as_bytes().to_vec()),
                approvals: approvals.iter().map(Approval::from).collect(),
            },
            Domain::ValidatorLeave { epoch, name, approvals } => Self::ValidatorLeave {
                epoch: Uint(epoch.get()),
                name: name.clone(),
                approvals: approvals.iter().map(Approval::from).collect(),
            },
            Domain::BatchAnchor { root, count, tree } => {
                Self::BatchAnchor { root: Hash(*root), count: Uint(*count), tree: tree.clone() }
            }
            Domain::Statement(facts) => {
                let Facts { format, issuer, subject, media_type, payload, payload_bytes, artifact } =
                    &**facts;
                Self::Statement {
                    format: format.name().to_owned(),
                    issuer: issuer.clone(),
                    subject: subject.clone(),
                    media_type: media_type.clone(),
                    payload: Hash(*payload),
                    payload_bytes: Uint(*payload_bytes),
                    artifact: artifact.map(Hash),
                }
            }
        }
    }
}

impl Operation {
    /// The operation, its parts checked; lengths are checked when the envelope is decoded.
    ///
    /// # Errors
    /// Which member is wrong, in words.
    pub fn parse(&self) -> Result<Domain, String> {
        Ok(match self {
            Self::IdentityCreate { identity, keys, possessions } => Domain::IdentityCreate {
                identity: did(identity)?,
                keys: keys.iter().map(Key::parse).collect::<Result<_, _>>()?,
                possessions: possessions.iter().map(Consent::parse).collect::<Result<_, _>>()?,
            },
            Self::KeyAdd { identity, key, possession } => {
                let (identity, key) = (did(identity)?, key.parse()?);
                let parse = |possession: &Bytes| Signature::parse(key.scheme(), &possession.0);
                let possession = possession.as_ref().map(parse).transpose();
                let possession = possession.map_err(|fault| format!("possession: {fault}"))?;
                Domain::KeyAdd { identity, key, possession }
            }
            Self::KeyRotate { identity, retires, key, possession } => {
                let key = key.parse()?;
                let possession = Signature::parse(key.scheme(), &possession.0)
                    .map_err(|fault| format!("possession: {fault}"))?;
                Domain::KeyRotate {
                    identity: did(identity)?,
                    retires: retires.parse().map_err(|fault| format!("retires: {fault}"))?,
                    key,
                    possession,
                }
            }
            Self::KeyRevoke { identity, key, reason, from_size, from_time_ms } => Domain::KeyRevoke {
                identity: did(identity)?,
                key: key.parse().map_err(|fault| format!("key: {fault}"))?,
                reason: reason.clone(),
                from: match (from_size, from_time_ms) {
                    (None, None) => RevokedFrom::Here,
                    (Some(Uint(size @ 1..)), None) => RevokedFrom::Size(TreeSize::new(*size)),
                    (None, Some(Uint(time @ 1..))) => RevokedFrom::Time(TimeMs::new(*time)),
                    (Some(_), Some(_)) => {
                        return Err("from_size, from_time_ms: one of them, not both".to_owned());
                    }
                    (Some(_), None) | (None, Some(_)) => {
                        return Err("from_size, from_time_ms: at least 1".to_owned());
                    }
                },
            },
            Self::ProofSubmit { content, content_bytes, media_type, subject } => Domain::ProofSubmit {
                content: content.0,
                content_bytes: content_bytes.0,
                media_type: media_type.clone(),
                subject: subject.clone(),
            },
            Self::AttestationIssue { subject, predicate_type, predicate, content, expires_at_ms } => {
                Domain::AttestationIssue {
                    subject: subject.clone(),
                    predicate_type: predicate_type.clone(),
                    predicate: predicate.0.clone(),
                    content: content.map(|content| content.0),
                    expires_at_ms: expires_at_ms.map(|time| time.0),
                }
            }
            Self::AttestationRevoke { attestation, reason } => {
                Domain::AttestationRevoke { attestation: attestation.submission(), reason: reason.clone() }
            }
            Self::ArtifactCommit {
                address,
                salted,
                content_bytes,
                media_type,
                subject,
                keep_until_ms,
                write_once,
            } => Domain::ArtifactCommit {
                address: address.0,
                salted: *salted,
                content_bytes: content_bytes.0,
                media_type: media_type.clone(),
                subject: subject.clone(),
                retention: match (keep_until_ms, write_once) {
                    (None, false) => Retention::UntilErased,
                    (None, true) => return Err("write_once: needs keep_until_ms".to_owned()),
                    (Some(until), false) => Retention::Until(TimeMs::new(until.0)),
                    (Some(until), true) => Retention::WriteOnce(TimeMs::new(until.0)),
                },
            },
            Self::RetentionTombstone { artifact, reason } => {
                Domain::RetentionTombstone { artifact: artifact.submission(), reason: reason.clone() }
            }
            Self::ValidatorJoin { epoch, validator, possession, approvals } => Domain::ValidatorJoin {
                epoch: Epoch::new(epoch.0),
                validator: Box::new(validator.parse()?),
                possession: ed25519("possession", possession)?,
                approvals: approvals.iter().map(Approval::parse).collect::<Result<_, _>>()?,
            },
            Self::ValidatorLeave { epoch, name, approvals } => Domain::ValidatorLeave {
                epoch: Epoch::new(epoch.0),
                name: name.clone(),
                approvals: approvals.iter().map(Approval::parse).collect::<Result<_, _>>()?,
            },
            Self::BatchAnchor { root, count, tree } => {
                Domain::BatchAnchor { root: root.0, count: count.0, tree: tree.clone() }
            }
            Self::Statement { .. } => {
                return Err(
                    "a statement is signed by its issuer and submitted as its own bytes, to /v1/statements"
                        .to_owned(),
                );
            }
        })
    }
}

fn none() -> Uint {
    Uint(0)
}

fn did(text: &str) -> Result<Did, String> {
    Did::parse(text).map_err(|fault| format!("identity: {fault}"))
}

#[cfg(test)]
mod tests {
    use crypto::{Digest, SecretKey, sha256};

    use super::*;

    fn validator() -> proto::validators::Validator {
        let key = |scheme, seed| SecretKey::from_seed(scheme, &[seed; 32]).expect("signs").public().clone();
        proto::validators::Validator {
            name: "v5".to_owned(),
            power: 1,
            consensus: key(Scheme::Ed25519, 1),
            network: key(Scheme::Ed25519, 2),
            log: key(Scheme::Ed25519, 3),
            cosigner_ed25519: key(Scheme::Ed25519, 4),
            cosigner_ml_dsa_65: key(Scheme::MlDsa65, 5),
        }
    }

    #[test]
    fn each_kind_survives_the_journey() {
        let secret = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs");
        let key = secret.public().clone();
        let identity = Did::of(&key);
        let revoke = |from| Domain::KeyRevoke {
            identity: Did::of(secret.public()),
            key: secret.public().id(),
            reason: "lost".to_owned(),
            from,
        };
        let approval = proto::operation::Approval {
            approver: proto::id::ValidatorIndex::new(2),
            signature: secret.sign(b"any"),
        };
        let all = [
            Domain::IdentityCreate {
                identity: identity.clone(),
                keys: vec![key.clone()],
                possessions: Vec::new(),
            },
            Domain::IdentityCreate {
                identity: identity.clone(),
                keys: vec![key.clone(), key.clone()],
                possessions: vec![secret.sign(b"any")],
            },
            Domain::KeyAdd { identity: identity.clone(), key: key.clone(), possession: None },
            Domain::KeyAdd {
                identity: identity.clone(),
                key: key.clone(),
                possession: Some(secret.sign(b"any")),
            },
            revoke(RevokedFrom::Size(TreeSize::new(7))),
            revoke(RevokedFrom::Time(TimeMs::new(u64::MAX))),
            Domain::KeyRotate {
                identity: identity.clone(),
                retires: key.id(),
                key: key.clone(),
                possession: secret.sign(b"any"),
            },
            revoke(RevokedFrom::Here),
            Domain::ProofSubmit {
                content: sha256(b"x"),
                content_bytes: u64::MAX,
                media_type: "text/plain".to_owned(),
                subject: String::new(),
            },
            Domain::AttestationIssue {
                subject: "pkg:a".to_owned(),
                predicate_type: "https://example.org/p".to_owned(),
                predicate: vec![0, 255],
                content: None,
                expires_at_ms: Some(1),
            },
            Domain::AttestationRevoke {
                attestation: proto::id::SubmissionId::new(Digest::ZERO),
                reason: String::new(),
            },
            Domain::BatchAnchor { root: Digest::ZERO, count: 1, tree: "rfc6962-sha256".to_owned() },
            Domain::ArtifactCommit {
                address: sha256(b"salt and content"),
                salted: true,
                content_bytes: 0,
                media_type: String::new(),
                subject: "file".to_owned(),
                retention: Retention::WriteOnce(TimeMs::new(9)),
            },
            Domain::RetentionTombstone {
                artifact: proto::id::SubmissionId::new(Digest::ZERO),
                reason: "asked for".to_owned(),
            },
            Domain::ValidatorJoin {
                epoch: Epoch::new(3),
                validator: Box::new(validator()),
                possession: secret.sign(b"any"),
                approvals: vec![approval.clone()],
            },
            Domain::ValidatorLeave { epoch: Epoch::ZERO, name: "v5".to_owned(), approvals: vec![approval] },
        ];
        for operation in all {
            let json = serde_json::to_value(Operation::from(&operation)).expect("writes");
            assert_eq!(json["type"], operation.name());
            let read: Operation = serde_json::from_value(json.clone()).expect("reads");
            assert_eq!(read.parse().expect("holds"), operation);
            let mut extra = json;
            extra["surprise"] = true.into();
            assert!(serde_json::from_value::<Operation>(extra).is_err(), "{}", operation.name());
        }
    }

    #[test]
    fn a_statement_is_shown_and_never_asked_for() {
        let facts = Facts {
            format: proto::statement::Format::Dsse,
            issuer: String::new(),
            subject: "a file".to_owned(),
            media_type: "text/plain".to_owned(),
            payload: sha256(b"payload"),
            payload_bytes: 7,
            artifact: Some(sha256(b"artifact")),
        };
        let shown = Operation::from(&Domain::Statement(Box::new(facts)));
        let json = serde_json::to_value(&shown).expect("writes");
        assert_eq!((&json["type"], &json["format"]), (&"statement.register".into(), &"dsse".into()));
        assert_eq!(serde_json::from_value::<Operation>(json).expect("reads"), shown);
        assert!(shown.parse().expect_err("nobody signs it here").contains("/v1/statements"));
    }

    #[test]
    fn faults_name_their_member() {
        let bad = Operation::KeyRevoke {
            identity: "did:web:x".to_owned(),
            key: String::new(),
            reason: String::new(),
            from_size: None,
            from_time_ms: None,
        };
        assert!(bad.parse().expect_err("no such did method").starts_with("identity:"));
        let key = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("signs").public().clone();
        for (from_size, from_time_ms) in [(Some(0), None), (None, Some(0)), (Some(1), Some(1))] {
            let bad = Operation::KeyRevoke {
                identity: Did::of(&key).to_string(),
                key: key.id().to_string(),
                reason: String::new(),
                from_size: from_size.map(Uint),
                from_time_ms: from_time_ms.map(Uint),
            };
            assert!(bad.parse().expect_err("no such beginning").starts_with("from_size, from_time_ms:"));
        }
        let key = Key { scheme: "rsa".to_owned(), public_key: Bytes(vec![]) };
        assert!(key.parse().expect_err("no such scheme").contains("ml-dsa-65"));
    }
}
