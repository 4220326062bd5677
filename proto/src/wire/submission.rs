//! Submissions and their operations.

use crypto::Scheme::Ed25519;
use crypto::{PublicKey, Signature};
use prost::Message as _;

use super::part::{did, digest, key_id, optional, signature, submission_id, text, validator_index};
use super::session;
use super::{Wire, each, pb, required};
use super::{evidence, job, primitive};
use crate::canonical::DecodeError;
use crate::counter::{Epoch, TimeMs, TreeSize};
use crate::id::{Did, NetworkId, Tenant};
use crate::operation::issuer::{IssuerKey, IssuerSet};
use crate::operation::seal::Seal;
use crate::operation::{
    Approval, IDENTITY_KEYS_MAX, Operation, PREDICATE_BYTES_MAX, Retention, RetentionClass, RevokedFrom,
    TEXT_BYTES_MAX,
};
use crate::session::Act;
use crate::statement::Format;
use crate::submission::Body;
use crate::validators::{Validator, ValidatorSet};

pub(crate) fn encode_body(body: &Body) -> Vec<u8> {
    body.to_wire().encode_to_vec()
}

pub(crate) fn encode(body: &Body, signature: &Signature) -> Vec<u8> {
    let (body, signature) = (Some(body.to_wire()), Some(signature.to_wire()));
    pb::Submission { body, signature, statement: None }.encode_to_vec()
}

pub(crate) fn encode_statement(format: Format, statement: &[u8], keys: &[PublicKey]) -> Vec<u8> {
    let keys = keys.iter().map(Wire::to_wire).collect();
    let statement = pb::Statement { format: format.id(), statement: statement.to_vec(), keys };
    pb::Submission { body: None, signature: None, statement: Some(statement) }.encode_to_vec()
}

/// What an envelope holds.
pub(crate) enum Written {
    Native(Box<Body>, Signature),
    Statement { format: Format, statement: Vec<u8>, keys: Vec<PublicKey> },
}

/// Reads an envelope; the caller bounds its length before and compares the encoding after.
pub(crate) fn decode(bytes: &[u8]) -> Result<Written, DecodeError> {
    let wire = pb::Submission::decode(bytes)
        .map_err(|fault| DecodeError::Malformed { what: "submission", fault: fault.to_string() })?;
    let Some(pb::Statement { format, statement, keys }) = wire.statement else {
        let body = Box::new(required(wire.body, "submission.body")?);
        return Ok(Written::Native(body, required(wire.signature, "submission.signature")?));
    };
    if wire.body.is_some() || wire.signature.is_some() {
        return Err(DecodeError::field("submission", "holds a statement and a body"));
    }
    // A statement of COSE is the submission itself.
    let format = Format::parse(format).filter(|format| *format != Format::Cose);
    let format =
        format.ok_or_else(|| DecodeError::field("statement.format", "is none that is written so"))?;
    Ok(Written::Statement { format, statement, keys: each(keys, "statement.keys", 2)? })
}

impl Wire for Body {
    type Proto = pb::SubmissionBody;

    fn to_wire(&self) -> pb::SubmissionBody {
        let Self { network, tenant, author, key, nonce, expires_at, operation } = self;
        pb::SubmissionBody {
            network: network.as_bytes().to_vec(),
            tenant: tenant.as_str().to_owned(),
            author: author.as_str().to_owned(),
            key: Some(key.to_wire()),
            nonce: *nonce,
            expires_at_ms: expires_at.map_or(0, TimeMs::get),
            operation: operation_to_wire(operation),
        }
    }

    fn from_wire(wire: pb::SubmissionBody) -> Result<Self, DecodeError> {
        let operation = wire
            .operation
            .ok_or_else(|| DecodeError::field("operation", "is missing or of an unknown kind"))?;
        let key: PublicKey = required(wire.key, "key")?;
        let author =
            Did::parse_beside(&wire.author, &key).map_err(|fault| DecodeError::field("author", fault))?;
        Ok(Self {
            network: NetworkId::new(digest(&wire.network, "network")?),
            tenant: Tenant::parse(&wire.tenant).map_err(|fault| DecodeError::field("tenant", fault))?,
            author,
            key,
            nonce: wire.nonce,
            expires_at: (wire.expires_at_ms != 0).then(|| TimeMs::new(wire.expires_at_ms)),
            operation: operation_from_wire(operation)?,
        })
    }
}

/// None for what has no place in a body: a statement is its own bytes, and a body without operation is not read.
fn operation_to_wire(operation: &Operation) -> Option<pb::submission_body::Operation> {
    use pb::submission_body::Operation as Proto;
    Some(match operation {
        Operation::IdentityCreate { identity, keys, possessions } => {
            Proto::IdentityCreate(pb::IdentityCreate {
                identity: identity.as_str().to_owned(),
                keys: keys.iter().map(Wire::to_wire).collect(),
                possessions: possessions.iter().map(Wire::to_wire).collect(),
            })
        }
        Operation::KeyAdd { identity, key, possession } => Proto::KeyAdd(pb::KeyAdd {
            identity: identity.as_str().to_owned(),
            key: Some(key.to_wire()),
            possession: possession.as_ref().map(Wire::to_wire),
        }),
        Operation::KeyRotate { identity, retires, key, possession } => Proto::KeyRotate(pb::KeyRotate {
            identity: identity.as_str().to_owned(),
            retires: retires.digest().as_bytes().to_vec(),
            key: Some(key.to_wire()),
            possession: Some(possession.to_wire()),
        }),
        Operation::KeyRevoke { identity, key, reason, from } => {
            let (from_size, from_time_ms) = match from {
                RevokedFrom::Here => (0, 0),
                RevokedFrom::Size(size) => (size.get(), 0),
                RevokedFrom::Time(time) => (0, time.get()),
            };
            Proto::KeyRevoke(pb::KeyRevoke {
                identity: identity.as_str().to_owned(),
                key: key.digest().as_bytes().to_vec(),
                reason: reason.clone(),
                from_size,
                from_time_ms,
            })
        }
        Operation::ProofSubmit { content, content_bytes, media_type, subject } => {
            Proto::ProofSubmit(pb::ProofSubmit {
                content: content.as_bytes().to_vec(),
                content_bytes: *content_bytes,
                media_type: media_type.clone(),
                subject: subject.clone(),
            })
        }
        Operation::AttestationIssue { subject, predicate_type, predicate, content, expires_at_ms } => {
            Proto::AttestationIssue(pb::AttestationIssue {
                subject: subject.clone(),
                predicate_type: predicate_type.clone(),
                predicate: predicate.clone(),
                content: content.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
                expires_at_ms: expires_at_ms.unwrap_or(0),
            })
        }
        Operation::AttestationRevoke { attestation, reason } => {
            Proto::AttestationRevoke(pb::AttestationRevoke {
                attestation: attestation.as_bytes().to_vec(),
                reason: reason.clone(),
            })
        }
        Operation::IssuerSet(set) => Proto::IssuerSet(set.to_wire()),
        Operation::IssuerKey(change) => Proto::IssuerKey(change.to_wire()),
        Operation::AttestationSeal(seal) => Proto::AttestationSeal(seal.to_wire()),
        Operation::BatchAnchor { root, count, tree } => Proto::BatchAnchor(pb::BatchAnchor {
            root: root.as_bytes().to_vec(),
            count: *count,
            tree: tree.clone(),
        }),
        Operation::ArtifactCommit { address, salted, content_bytes, media_type, subject, retention } => {
            Proto::ArtifactCommit(pb::ArtifactCommit {
                address: address.as_bytes().to_vec(),
                salted: *salted,
                content_bytes: *content_bytes,
                media_type: media_type.clone(),
                subject: subject.clone(),
                keep_until_ms: retention.until().map_or(0, TimeMs::get),
                write_once: matches!(retention, Retention::WriteOnce(_)),
                class: retention.class().map_or(0, RetentionClass::code),
            })
        }
        Operation::RetentionTombstone { artifact, reason } => {
            Proto::RetentionTombstone(pb::RetentionTombstone {
                artifact: artifact.as_bytes().to_vec(),
                reason: reason.clone(),
            })
        }
        Operation::ValidatorJoin { epoch, validator, possession, approvals } => {
            Proto::ValidatorJoin(pb::ValidatorJoin {
                epoch: epoch.get(),
                validator: Some(validator.to_wire()),
                possession: possession.as_bytes().to_vec(),
                approvals: approvals.iter().map(Wire::to_wire).collect(),
            })
        }
        Operation::ValidatorLeave { epoch, name, approvals } => Proto::ValidatorLeave(pb::ValidatorLeave {
            epoch: epoch.get(),
            name: name.clone(),
            approvals: approvals.iter().map(Wire::to_wire).collect(),
        }),
        Operation::ServiceEndorse { validator, endorsement } => Proto::ServiceEndorse(pb::ServiceEndorse {
            validator: validator.clone(),
            endorsement: endorsement.as_bytes().to_vec(),
        }),
        Operation::Session { session, act } => session::to_wire(session, act),
        Operation::ProofPrimitive(it) => Proto::ProofPrimitive(primitive::to_wire(it)),
        Operation::Job { job, act } => job::to_wire(job, act),
        Operation::Evidence { job, act } => evidence::act_to_wire(job, act),
        Operation::Signer(change) => evidence::change_to_wire(change),
        Operation::Statement(_) => return None,
    })
}

impl Wire for Approval {
    type Proto = pb::Approval;

    fn to_wire(&self) -> pb::Approval {
        let Self { approver, signature } = self;
        pb::Approval { approver: approver.get().into(), signature: signature.as_bytes().to_vec() }
    }

    fn from_wire(wire: pb::Approval) -> Result<Self, DecodeError> {
        Ok(Self {
            approver: validator_index(wire.approver, "approval.approver")?,
            signature: signature(Ed25519, &wire.signature, "approval.signature")?,
        })
    }
}

fn operation_from_wire(wire: pb::submission_body::Operation) -> Result<Operation, DecodeError> {
    use pb::submission_body::Operation as Proto;
    Ok(match wire {
        Proto::IdentityCreate(pb::IdentityCreate { identity, keys, possessions }) => {
            if keys.is_empty() {
                return Err(DecodeError::field("keys", "an identity begins with at least one key"));
            }
            Operation::IdentityCreate {
                identity: did(&identity, "identity")?,
                keys: each::<PublicKey>(keys, "keys", IDENTITY_KEYS_MAX)?,
                possessions: each::<Signature>(possessions, "possessions", IDENTITY_KEYS_MAX)?,
            }
        }
        Proto::KeyAdd(pb::KeyAdd { identity, key, possession }) => Operation::KeyAdd {
            identity: did(&identity, "identity")?,
            key: required(key, "key")?,
            possession: optional(possession)?,
        },
        Proto::KeyRotate(pb::KeyRotate { identity, retires, key, possession }) => Operation::KeyRotate {
            identity: did(&identity, "identity")?,
            retires: key_id(&retires, "retires")?,
            key: required(key, "key")?,
            possession: required(possession, "possession")?,
        },
        Proto::KeyRevoke(pb::KeyRevoke { identity, key, reason, from_size, from_time_ms }) => {
            Operation::KeyRevoke {
                identity: did(&identity, "identity")?,
                key: key_id(&key, "key")?,
                reason: text(reason, "reason", TEXT_BYTES_MAX)?,
                from: match (from_size, from_time_ms) {
                    (0, 0) => RevokedFrom::Here,
                    (size, 0) => RevokedFrom::Size(TreeSize::new(size)),
                    (0, time) => RevokedFrom::Time(TimeMs::new(time)),
                    (_, _) => {
                        return Err(DecodeError::field("from", "is a size or a time, and not both"));
                    }
                },
            }
        }
        Proto::ProofSubmit(pb::ProofSubmit { content, content_bytes, media_type, subject }) => {
            Operation::ProofSubmit {
                content: digest(&content, "content")?,
                content_bytes,
                media_type: text(media_type, "media_type", TEXT_BYTES_MAX)?,
                subject: text(subject, "subject", TEXT_BYTES_MAX)?,
            }
        }
        Proto::AttestationIssue(pb::AttestationIssue {
            subject,
            predicate_type,
            predicate,
            content,
            expires_at_ms,
        }) => {
            DecodeError::at_most("predicate", predicate.len(), PREDICATE_BYTES_MAX)?;
            if subject.is_empty() || predicate_type.is_empty() {
                return Err(DecodeError::field("attestation", "needs a subject and a predicate type"));
            }
            Operation::AttestationIssue {
                subject: text(subject, "subject", TEXT_BYTES_MAX)?,
                predicate_type: text(predicate_type, "predicate_type", TEXT_BYTES_MAX)?,
                predicate,
                content: (!content.is_empty()).then(|| digest(&content, "content")).transpose()?,
                expires_at_ms: (expires_at_ms != 0).then_some(expires_at_ms),
            }
        }
        Proto::AttestationRevoke(pb::AttestationRevoke { attestation, reason }) => {
            Operation::AttestationRevoke {
                attestation: submission_id(&attestation, "attestation")?,
                reason: text(reason, "reason", TEXT_BYTES_MAX)?,
            }
        }
        Proto::IssuerSet(wire) => Operation::IssuerSet(Box::new(IssuerSet::from_wire(wire)?)),
        Proto::IssuerKey(wire) => Operation::IssuerKey(Box::new(IssuerKey::from_wire(wire)?)),
        Proto::AttestationSeal(wire) => Operation::AttestationSeal(Box::new(Seal::from_wire(wire)?)),
        Proto::BatchAnchor(pb::BatchAnchor { root, count, tree }) => {
            if count == 0 {
                return Err(DecodeError::field("count", "a tree that is anchored has at least one leaf"));
            }
            Operation::BatchAnchor {
                root: digest(&root, "root")?,
                count,
                tree: text(tree, "tree", TEXT_BYTES_MAX)?,
            }
        }
        Proto::ArtifactCommit(pb::ArtifactCommit {
            address,
            salted,
            content_bytes,
            media_type,
            subject,
            keep_until_ms,
            write_once,
            class,
        }) => Operation::ArtifactCommit {
            address: digest(&address, "address")?,
            salted,
            content_bytes,
            media_type: text(media_type, "media_type", TEXT_BYTES_MAX)?,
            subject: text(subject, "subject", TEXT_BYTES_MAX)?,
            retention: match (keep_until_ms, write_once, class) {
                (0, false, 0) => Retention::UntilErased,
                (0, true, 0) => {
                    let fault = "what nobody may erase needs a time until which it is kept";
                    return Err(DecodeError::field("keep_until_ms", fault));
                }
                (until, false, 0) => Retention::Until(TimeMs::new(until)),
                (until, true, 0) => Retention::WriteOnce(TimeMs::new(until)),
                (0, false, class) => match RetentionClass::of_code(class) {
                    Some(class) => Retention::Of(class),
                    None => return Err(DecodeError::field("class", "there is no such class of retention")),
                },
                (_, _, _) => {
                    let fault = "a class says by itself how long, and whether it may be erased";
                    return Err(DecodeError::field("class", fault));
                }
            },
        },
        Proto::RetentionTombstone(pb::RetentionTombstone { artifact, reason }) => {
            Operation::RetentionTombstone {
                artifact: submission_id(&artifact, "artifact")?,
                reason: text(reason, "reason", TEXT_BYTES_MAX)?,
            }
        }
        Proto::ValidatorJoin(pb::ValidatorJoin { epoch, validator, possession, approvals }) => {
            Operation::ValidatorJoin {
                epoch: Epoch::new(epoch),
                validator: Box::new(required(validator, "validator")?),
                possession: signature(Ed25519, &possession, "possession")?,
                approvals: each::<Approval>(approvals, "approvals", ValidatorSet::COUNT_MAX)?,
            }
        }
        Proto::ProofPrimitive(wire) => Operation::ProofPrimitive(Box::new(primitive::from_wire(wire)?)),
        Proto::ValidatorLeave(pb::ValidatorLeave { epoch, name, approvals }) => Operation::ValidatorLeave {
            epoch: Epoch::new(epoch),
            name: text(name, "name", Validator::NAME_BYTES_MAX)?,
            approvals: each::<Approval>(approvals, "approvals", ValidatorSet::COUNT_MAX)?,
        },
        Proto::ServiceEndorse(pb::ServiceEndorse { validator, endorsement }) => Operation::ServiceEndorse {
            validator: text(validator, "validator", Validator::NAME_BYTES_MAX)?,
            endorsement: signature(Ed25519, &endorsement, "endorsement")?,
        },
        Proto::JobOpen(open) => job::opened(open)?,
        Proto::JobState(state) => job::moved(state)?,
        Proto::EvidenceSeal(seal) => evidence::sealed(seal)?,
        Proto::EvidenceVerified(verified) => evidence::verified(verified)?,
        Proto::EvidenceDelete(delete) => evidence::deleted(delete)?,
        Proto::SignerList(list) => evidence::listed(list)?,
        Proto::SignerRevoke(revoke) => evidence::revoked(revoke)?,
        Proto::SessionOpen(open) => session::opened(open)?,
        Proto::SessionSample(sample) => session::sampled(sample)?,
        Proto::SessionFinalize(pb::SessionFinalize { session }) => session::act(&session, Act::Finalize)?,
        Proto::SessionDelete(pb::SessionDelete { session }) => session::act(&session, Act::Delete)?,
    })
}
