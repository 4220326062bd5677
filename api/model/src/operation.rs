//! Operations in JSON: one shape for each kind of `proto::operation`, told apart by `type`.

use crypto::{PublicKey, Scheme, Signature};
use proto::counter::{Epoch, TimeMs, TreeSize};
use proto::id::Did;
use proto::operation::{Retention, RetentionClass, RevokedFrom};
use proto::session::{Act, Intent, Sample, SessionId};
use proto::statement::Facts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::issuing::{IssuerKey, IssuerSet, Seal};
use crate::job::{
    EvidenceDelete, EvidenceSeal, EvidenceVerified, JobOpen, JobState, SignerList, SignerRevoke,
};
use crate::membership::{Approval, Validator, ed25519};
use crate::primitive::Proof;
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
    /// Says who an issuer of attestations that are JWTs is.
    #[serde(rename = "issuer.set")]
    IssuerSet(IssuerSet),
    /// Lists a key that signs such attestations, or lists it no longer.
    #[serde(rename = "issuer.key")]
    IssuerKey(IssuerKey),
    /// Puts such an attestation on the ledger.
    #[serde(rename = "attestation.seal")]
    AttestationSeal(Seal),
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
        /// Instead of these two a class: `standard` (365 days), or `compliance` (seven years, and nobody erases it before).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
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
    /// Says of the key that signs it that it is a validator's, for what it does on behalf of its callers.
    #[serde(rename = "service.endorse")]
    ServiceEndorse {
        /// The validator's name.
        validator: String,
        /// Its consensus key's signature.
        endorsement: Bytes,
    },
    /// Asks for a quality.
    #[serde(rename = "session.open")]
    SessionOpen {
        /// The session: a UUID.
        session: String,
        /// In the words of who asks, 1 to 5,000 characters.
        text: String,
        /// 95 of 100 packets are to be no later than this, 1 to 60,000 ms.
        target_p95_latency_ms: Uint,
        /// 0 to 60,000 ms.
        target_jitter_ms: Uint,
        /// 1 to 86,400 s.
        duration_s: Uint,
        /// 1 to 200 characters.
        flow_label: String,
    },
    /// Adds a measurement to a session.
    #[serde(rename = "session.sample")]
    SessionSample {
        /// The session: a UUID.
        session: String,
        /// Packets it speaks of, 1 to 100,000.
        packets: Uint,
        /// Median, 0 to 60,000,000 µs.
        p50_us: Uint,
        /// 95th percentile, at least the median.
        p95_us: Uint,
        /// 0 to 60,000,000 µs.
        jitter_us: Uint,
        /// For people, at most 500 characters.
        #[serde(default)]
        notes: String,
    },
    /// Makes the proof of a session.
    #[serde(rename = "session.finalize")]
    SessionFinalize {
        /// The session: a UUID.
        session: String,
    },
    /// Withdraws what is served beside the proof of a session.
    #[serde(rename = "session.delete")]
    SessionDelete {
        /// The session: a UUID.
        session: String,
    },
    /// Tells a PROOF of ProofNest.
    #[serde(rename = "proof.primitive")]
    ProofPrimitive {
        /// The proof.
        #[serde(deserialize_with = "crate::strict::named")]
        proof: Box<Proof>,
    },
    /// Opens a job of which evidence is to be kept.
    #[serde(rename = "job.open")]
    JobOpen(Box<JobOpen>),
    /// Says how a job goes on.
    #[serde(rename = "job.state")]
    JobState(Box<JobState>),
    /// Seals the evidence of a job.
    #[serde(rename = "evidence.seal")]
    EvidenceSeal(Box<EvidenceSeal>),
    /// Says that the evidence of a job was verified, for the first time.
    #[serde(rename = "evidence.verified")]
    EvidenceVerified(EvidenceVerified),
    /// Deletes the evidence of a job: it is served no more.
    #[serde(rename = "evidence.delete")]
    EvidenceDelete(EvidenceDelete),
    /// Lists a key that signs evidence.
    #[serde(rename = "signer.list")]
    SignerList(Box<SignerList>),
    /// Revokes a key that signs evidence.
    #[serde(rename = "signer.revoke")]
    SignerRevoke(SignerRevoke),
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
    /// `ed25519`, `ml-dsa-65`, `ed25519+ml-dsa-65`, `dilithium3-r3` or `dilithium3-r3+ed25519`.
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
        let scheme = Scheme::from_name(&self.scheme).filter(|scheme| scheme.is_for_authors());
        let scheme = scheme.ok_or_else(|| {
            let authors = Scheme::ALL.into_iter().filter(|scheme| scheme.is_for_authors());
            let known = authors.map(Scheme::name).collect::<Vec<_>>().join(", ");
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
            Domain::IssuerSet(set) => Self::IssuerSet((&**set).into()),
            Domain::IssuerKey(key) => Self::IssuerKey((&**key).into()),
            Domain::AttestationSeal(seal) => Self::AttestationSeal((&**seal).into()),
            Domain::ArtifactCommit { address, salted, content_bytes, media_type, subject, retention } => {
                Self::ArtifactCommit {
                    address: Hash(*address),
                    salted: *salted,
                    content_bytes: Uint(*content_bytes),
                    media_type: media_type.clone(),
                    subject: subject.clone(),
                    keep_until_ms: retention.until().map(|until| Uint(until.get())),
                    write_once: matches!(retention, Retention::WriteOnce(_)),
                    class: retention.class().map(|class| class.name().to_owned()),
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
            Domain::ServiceEndorse { validator, endorsement } => Self::ServiceEndorse {
                validator: validator.clone(),
                endorsement: Bytes(endorsement.as_bytes().to_vec()),
            },
            Domain::Session { session, act } => Self::of_session(session, act),
            Domain::Job { job, act } => Self::of_job(job, act),
            Domain::Evidence { job, act } => Self::of_evidence(job, act),
            Domain::Signer(change) => Self::of_signer(change),
            Domain::ProofPrimitive(primitive) => {
                Self::ProofPrimitive { proof: Box::new(Proof::from(&**primitive)) }
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
    fn of_session(session: &SessionId, act: &Act) -> Self {
        let session = session.to_string();
        match act {
            Act::Open(intent) => {
                let Intent { text, target_p95_latency_ms, target_jitter_ms, duration_s, flow_label } =
                    &**intent;
                Self::SessionOpen {
                    session,
                    text: text.clone(),
                    target_p95_latency_ms: Uint((*target_p95_latency_ms).into()),
                    target_jitter_ms: Uint((*target_jitter_ms).into()),
                    duration_s: Uint((*duration_s).into()),
                    flow_label: flow_label.clone(),
                }
            }
            Act::Sample(sample) => {
                let Sample { packets, p50_us, p95_us, jitter_us, notes } = &**sample;
                Self::SessionSample {
                    session,
                    packets: Uint((*packets).into()),
                    p50_us: Uint(*p50_us),
                    p95_us: Uint(*p95_us),
                    jitter_us: Uint(*jitter_us),
                    notes: notes.clone(),
                }
            }
            Act::Finalize => Self::SessionFinalize { session },
            Act::Delete => Self::SessionDelete { session },
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
            Self::IssuerSet(set) => Domain::IssuerSet(Box::new(set.parse()?)),
            Self::IssuerKey(key) => Domain::IssuerKey(Box::new(key.parse()?)),
            Self::AttestationSeal(seal) => Domain::AttestationSeal(Box::new(seal.parse()?)),
            Self::ArtifactCommit {
                address,
                salted,
                content_bytes,
                media_type,
                subject,
                keep_until_ms,
                write_once,
                class,
            } => Domain::ArtifactCommit {
                address: address.0,
                salted: *salted,
                content_bytes: content_bytes.0,
                media_type: media_type.clone(),
                subject: subject.clone(),
                retention: match (keep_until_ms, write_once, class) {
                    (None, false, None) => Retention::UntilErased,
                    (None, true, None) => return Err("write_once: needs keep_until_ms".to_owned()),
                    (Some(until), false, None) => Retention::Until(TimeMs::new(until.0)),
                    (Some(until), true, None) => Retention::WriteOnce(TimeMs::new(until.0)),
                    (None, false, Some(class)) => Retention::Of(
                        RetentionClass::ALL
                            .into_iter()
                            .find(|known| known.name() == class)
                            .ok_or_else(|| format!("class: {class:?} is neither standard nor compliance"))?,
                    ),
                    (_, _, Some(_)) => {
                        return Err(
                            "class: says by itself how long; no keep_until_ms or write_once".to_owned()
                        );
                    }
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
            Self::ServiceEndorse { validator, endorsement } => Domain::ServiceEndorse {
                validator: validator.clone(),
                endorsement: ed25519("endorsement", endorsement)?,
            },
            Self::SessionOpen {
                session,
                text,
                target_p95_latency_ms,
                target_jitter_ms,
                duration_s,
                flow_label,
            } => {
                let intent = Intent {
                    text: text.clone(),
                    target_p95_latency_ms: small("target_p95_latency_ms", target_p95_latency_ms)?,
                    target_jitter_ms: small("target_jitter_ms", target_jitter_ms)?,
                    duration_s: small("duration_s", duration_s)?,
                    flow_label: flow_label.clone(),
                };
                intent.check().map_err(|fault| fault.to_string())?;
                act(session, Act::Open(Box::new(intent)))?
            }
            Self::SessionSample { session, packets, p50_us, p95_us, jitter_us, notes } => {
                let sample = Sample {
                    packets: small("packets", packets)?,
                    p50_us: p50_us.0,
                    p95_us: p95_us.0,
                    jitter_us: jitter_us.0,
                    notes: notes.clone(),
                };
                sample.check().map_err(|fault| fault.to_string())?;
                act(session, Act::Sample(Box::new(sample)))?
            }
            Self::JobOpen(open) => open.parse()?,
            Self::JobState(state) => state.parse()?,
            Self::EvidenceSeal(seal) => seal.parse()?,
            Self::EvidenceVerified(verified) => verified.parse()?,
            Self::EvidenceDelete(delete) => delete.parse()?,
            Self::SignerList(list) => list.parse()?,
            Self::SignerRevoke(revoke) => revoke.parse()?,
            Self::SessionFinalize { session } => act(session, Act::Finalize)?,
            Self::SessionDelete { session } => act(session, Act::Delete)?,
            Self::ProofPrimitive { proof } => Domain::ProofPrimitive(Box::new(proof.parse()?)),
            Self::Statement { .. } => {
                return Err(
                    "a statement is signed by its issuer and submitted as its own bytes, to /v1/statements"
                        .to_owned(),
                );
            }
        })
    }
}

fn act(session: &str, act: Act) -> Result<Domain, String> {
    let session = SessionId::parse(session).map_err(|fault| format!("session: {fault}"))?;
    Ok(Domain::Session { session, act })
}

fn small(field: &str, number: &Uint) -> Result<u32, String> {
    u32::try_from(number.0).map_err(|_| format!("{field}: {} is too large", number.0))
}

fn none() -> Uint {
    Uint(0)
}

fn did(text: &str) -> Result<Did, String> {
    Did::parse(text).map_err(|fault| format!("identity: {fault}"))
}

#[cfg(test)]
mod tests;
