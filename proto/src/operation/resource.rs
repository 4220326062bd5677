//! What an operation is about, and what else an audit log says of it: a resource of a kind by its name, and short facts.
//!
//! Both follow from the submission's own bytes, for ever: whoever has a leaf can say them, and says the same.

use super::evidence::EvidenceAct;
use super::issuer::IssuerKeyChange;
use super::{Operation, RevokedFrom};
use crate::id::SubmissionId;
use crate::session::Act;
use crate::signer::SignerChange;

/// What an operation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its kind, a noun.
    pub kind: &'static str,
    /// Its name.
    pub name: Name,
}

/// How a resource is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// As the submission that made it.
    Own,
    /// Otherwise.
    Other(String),
}

impl Resource {
    /// Its name as text; `own` is the submission whose operation it is of.
    pub fn id(&self, own: &SubmissionId) -> String {
        match &self.name {
            Name::Own => own.to_string(),
            Name::Other(name) => name.clone(),
        }
    }
}

/// Something more that is said of an operation: a word, and a short text.
pub type Fact = (&'static str, String);

impl Operation {
    /// What it is about.
    pub fn resource(&self) -> Resource {
        let own = |kind| Resource { kind, name: Name::Own };
        let named = |kind, name: String| Resource { kind, name: Name::Other(name) };
        match self {
            Self::IdentityCreate { identity, .. } => named("identity", identity.to_string()),
            Self::KeyAdd { key, .. } | Self::KeyRotate { key, .. } => named("key", key.id().to_string()),
            Self::KeyRevoke { key, .. } => named("key", key.to_string()),
            Self::ProofSubmit { .. } => own("proof"),
            Self::AttestationIssue { .. } => own("attestation"),
            Self::AttestationRevoke { attestation, .. } => named("attestation", attestation.to_string()),
            Self::IssuerSet(set) => named("issuer", set.issuer.to_string()),
            Self::IssuerKey(asked) => named("issuer", asked.issuer.to_string()),
            Self::AttestationSeal(seal) => named("attestation", seal.id.to_string()),
            Self::BatchAnchor { root, .. } => named("batch", root.to_string()),
            Self::ArtifactCommit { .. } => own("artifact"),
            Self::RetentionTombstone { artifact, .. } => named("artifact", artifact.to_string()),
            Self::ValidatorJoin { validator, .. } => named("validator", validator.name.clone()),
            Self::ValidatorLeave { name, .. } => named("validator", name.clone()),
            Self::ServiceEndorse { validator, .. } => named("service", validator.clone()),
            Self::Session { session, act: _ } => named("session", session.to_string()),
            Self::ProofPrimitive(primitive) => named("proof", primitive.id().to_string()),
            Self::Job { job, act: _ } => named("job", job.as_str().to_owned()),
            Self::Evidence { job, act: _ } => named("evidence", job.as_str().to_owned()),
            Self::Signer(change) => named("signer", change.key().to_string()),
            Self::Statement(_) => own("statement"),
        }
    }

    /// What else is short and worth saying of it, in a fixed order; empty texts are left out.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = match self {
            Self::IdentityCreate { keys, .. } => {
                let keys: Vec<_> = keys.iter().map(|key| key.id().to_string()).collect();
                vec![("keys", keys.join(" "))]
            }
            Self::KeyAdd { identity, .. } => vec![("identity", identity.to_string())],
            Self::KeyRotate { identity, retires, .. } => {
                vec![("identity", identity.to_string()), ("retires", retires.to_string())]
            }
            Self::KeyRevoke { identity, reason, from, .. } => {
                let from = match from {
                    RevokedFrom::Here => String::new(),
                    RevokedFrom::Size(_) | RevokedFrom::Time(_) => from.to_string(),
                };
                vec![("identity", identity.to_string()), ("reason", reason.clone()), ("from", from)]
            }
            Self::ProofSubmit { content, media_type, subject, .. } => vec![
                ("content", content.to_string()),
                ("media_type", media_type.clone()),
                ("subject", subject.clone()),
            ],
            Self::AttestationIssue { subject, predicate_type, content, .. } => vec![
                ("subject", subject.clone()),
                ("predicate_type", predicate_type.clone()),
                ("content", content.map(|content| content.to_string()).unwrap_or_default()),
            ],
            Self::AttestationRevoke { reason, .. } | Self::RetentionTombstone { reason, .. } => {
                vec![("reason", reason.clone())]
            }
            Self::IssuerSet(set) => {
                vec![("name", set.name.clone()), ("certification", set.certification.clone())]
            }
            Self::IssuerKey(asked) => match &asked.change {
                IssuerKeyChange::List { key, .. } => vec![("listed", key.id().to_string())],
                IssuerKeyChange::Drop { key } => vec![("dropped", key.to_string())],
            },
            Self::AttestationSeal(seal) => {
                vec![("issuer", seal.issuer.to_string()), ("query", seal.query.to_string())]
            }
            Self::BatchAnchor { count, tree, .. } => {
                vec![("count", count.to_string()), ("tree", tree.clone())]
            }
            Self::ArtifactCommit { address, media_type, subject, .. } => vec![
                ("address", address.to_string()),
                ("media_type", media_type.clone()),
                ("subject", subject.clone()),
            ],
            Self::ValidatorJoin { epoch, .. } | Self::ValidatorLeave { epoch, .. } => {
                vec![("epoch", epoch.to_string())]
            }
            Self::ServiceEndorse { .. } => Vec::new(),
            Self::Session { act, .. } => match act {
                Act::Open(intent) => vec![("flow_label", intent.flow_label.clone())],
                Act::Sample(_) | Act::Finalize | Act::Delete => Vec::new(),
            },
            Self::ProofPrimitive(primitive) => vec![("issuer", primitive.issuer.to_string())],
            Self::Job { .. } => Vec::new(),
            Self::Evidence { act, .. } => match act {
                EvidenceAct::Seal(seal) => {
                    vec![("record", seal.record.as_str().to_owned()), ("bundle", seal.bundle.to_string())]
                }
                EvidenceAct::Verified => Vec::new(),
                EvidenceAct::Delete { reason } => vec![("reason", reason.clone())],
            },
            Self::Signer(change) => match change.as_ref() {
                SignerChange::List(_) => Vec::new(),
                SignerChange::Revoke { reason, .. } => vec![("reason", reason.clone())],
            },
            Self::Statement(facts) => vec![
                ("issuer", facts.issuer.clone()),
                ("subject", facts.subject.clone()),
                ("media_type", facts.media_type.clone()),
                ("content", facts.content().to_string()),
            ],
        };
        facts.retain(|(_, text)| !text.is_empty());
        facts
    }
}

#[cfg(test)]
mod tests {
    use crypto::sha256;

    use super::*;

    #[test]
    fn what_is_made_is_named_by_its_submission_and_what_is_ended_by_what_made_it() {
        let made = SubmissionId::new(sha256(b"made"));
        let ended = SubmissionId::new(sha256(b"ended"));
        let commit = Operation::BatchAnchor { root: sha256(b"root"), count: 3, tree: String::new() };
        assert_eq!(commit.resource().id(&made), sha256(b"root").to_string());
        assert_eq!(commit.facts(), [("count", "3".to_owned())]);
        let revoke = Operation::AttestationRevoke { attestation: made, reason: "typo".to_owned() };
        let issue = Operation::AttestationIssue {
            subject: "s".to_owned(),
            predicate_type: "https://example.org/p".to_owned(),
            predicate: vec![0; 9],
            content: None,
            expires_at_ms: None,
        };
        assert_eq!(issue.resource(), Resource { kind: "attestation", name: Name::Own });
        assert_eq!(issue.resource().id(&made), revoke.resource().id(&ended));
        assert_eq!(revoke.resource().kind, "attestation");
        assert_eq!(revoke.facts(), [("reason", "typo".to_owned())]);
    }
}
