//! A submission: one signed operation, or a statement that was signed elsewhere.
//!
//! Its bytes are kept as they came and hashed as they came; the id is their SHA-256, so a client knows it
//! before sending, and the same bytes are the same submission on every node, for ever. A statement has a body, too: it is
//! derived from the statement's bytes, so that rules need not ask which of the two they judge.

use std::sync::Arc;

use crypto::{PublicKey, SecretKey, Signature, SignatureError, sha256};

use crate::canonical::{Canonical, DecodeError};
use crate::counter::TimeMs;
use crate::domain::Domain;
use crate::id::{Did, NetworkId, SubmissionId, Tenant};
use crate::operation::issuer::{IssuerKeyChange, issuer_possession_bytes};
use crate::operation::{Operation, addition_possession_bytes, identity_possession_bytes, possession_bytes};
use crate::primitive::Primitive;
use crate::signer::SignerChange;
use crate::statement::{self, Format, Reading, Signatures, StatementError, cose};
use crate::verified::{SignatureChecker, Unverified, Verified};
use crate::wire;
use crate::wire::submission::Written;

/// What an author signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The network it is meant for. All zeros in a statement's, which names none: nobody who signed it knew of one.
    pub network: NetworkId,
    /// The tenant it belongs to.
    pub tenant: Tenant,
    /// Who speaks.
    pub author: Did,
    /// The key the author signs with.
    pub key: PublicKey,
    /// Tells apart submissions that are otherwise equal; chosen freely.
    pub nonce: u64,
    /// Block time from which it may no longer be executed; none: never.
    pub expires_at: Option<TimeMs>,
    /// What is asked.
    pub operation: Operation,
}

impl Body {
    /// The bytes the author signs: domain tag, network id, canonical body.
    pub fn signed_bytes(&self) -> Vec<u8> {
        Domain::Submission.signed_bytes(&self.network, &wire::submission::encode_body(self))
    }

    /// Signs and seals the body.
    pub fn sign(self, secret: &SecretKey) -> Submission {
        let signature = secret.sign(&self.signed_bytes());
        self.seal(signature)
    }

    /// Joins the body with a signature made elsewhere. The signature is not checked here.
    pub fn seal(self, signature: Signature) -> Submission {
        let bytes: Arc<[u8]> = wire::submission::encode(&self, &signature).into();
        let (id, proof) = (SubmissionId::new(sha256(&bytes)), Proof::Author(signature));
        Submission(Arc::new(Sealed { id, body: self, proof, bytes }))
    }
}

/// A signed operation with its canonical bytes and its id. Cheap to clone: it never changes, and goes from the pool into a
/// batch, its messages, the journal and the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission(Arc<Sealed>);

#[derive(Debug, PartialEq, Eq)]
struct Sealed {
    body: Body,
    proof: Proof,
    bytes: Arc<[u8]>,
    id: SubmissionId,
}

/// Who signed what.
#[derive(Debug, PartialEq, Eq)]
enum Proof {
    /// The author, the body.
    Author(Signature),
    /// The statement's own keys, what its format says.
    Statement(Signatures),
}

/// Why a submission's signatures do not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    /// Meant for another network. A statement is meant for none, so for any.
    #[error("signed for network {found}, this is network {expected}")]
    Network {
        /// Network in the body.
        found: NetworkId,
        /// Network asked.
        expected: NetworkId,
    },
    /// The author's signature does not hold.
    #[error("the author's signature does not hold: {0}")]
    Signature(SignatureError),
    /// A key that should be listed did not consent.
    #[error("the new key's proof of possession does not hold: {0}")]
    Possession(SignatureError),
    /// The issuer's signature of a proof does not hold.
    #[error("the issuer's signature of the proof does not hold: {0}")]
    Issuer(SignatureError),
    /// A new identity comes with consents, and not with one of each key that has to give it.
    #[error("{found} keys consented to the identity, {needed} have to beside the one that signs")]
    PossessionCount {
        /// Consents found.
        found: usize,
        /// Keys that do not sign the submission.
        needed: usize,
    },
}

impl Submission {
    /// Largest envelope, in bytes; with its entry it must fit a leaf of 65,535 bytes.
    pub const BYTES_MAX: usize = 60 << 10;

    /// What was signed.
    pub fn body(&self) -> &Body {
        &self.0.body
    }

    /// A statement that was signed elsewhere, with the keys that it does not hold itself: at most one of ed25519 and one
    /// of ml-dsa-65, in this order. One of COSE is stripped before (`statement::cose::submission`), and holds its key.
    ///
    /// # Errors
    /// `StatementError`. No signature is checked here.
    pub fn statement(format: Format, statement: &[u8], keys: Vec<PublicKey>) -> Result<Self, StatementError> {
        let bytes = match (format, keys.len()) {
            (Format::Cose, 0) => statement.to_vec(),
            // It is a leaf by itself, so nothing can stand beside it.
            (Format::Cose, given) => return Err(StatementError::KeysBeside { given, needed: 0 }),
            (Format::Jws | Format::JwsJson | Format::Dsse | Format::Http, _) => {
                wire::submission::encode_statement(format, statement, &keys)
            }
        };
        if bytes.len() > Self::BYTES_MAX {
            return Err(StatementError::TooLarge { found: bytes.len(), max: Self::BYTES_MAX });
        }
        let Reading { author, key, expires_at, facts, signatures } =
            statement::read(format, statement, &keys)?;
        let body = Body {
            network: NetworkId::default(),
            tenant: Tenant::default_tenant(),
            author,
            key,
            nonce: 0,
            expires_at,
            operation: Operation::Statement(Box::new(facts)),
        };
        let (id, proof) = (SubmissionId::new(sha256(&bytes)), Proof::Statement(signatures));
        Ok(Self(Arc::new(Sealed { body, proof, bytes: bytes.into(), id })))
    }

    /// The author's signature over the body; none in a statement, whose signatures are over what its format says.
    pub fn signature(&self) -> Option<&Signature> {
        match &self.0.proof {
            Proof::Author(signature) => Some(signature),
            Proof::Statement(_) => None,
        }
    }

    /// Whether it was signed elsewhere, for no network in particular.
    pub fn is_statement(&self) -> bool {
        match &self.0.proof {
            Proof::Statement(_) => true,
            Proof::Author(_) => false,
        }
    }

    /// Whether its bytes are a leaf of the log as they are.
    pub fn is_leaf(&self) -> bool {
        self.is_statement() && cose::begins(self.bytes())
    }

    /// The canonical envelope.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.0.bytes
    }

    /// SHA-256 of the canonical envelope.
    pub fn id(&self) -> SubmissionId {
        self.0.id
    }

    /// Checks every signature in the envelope. Says nothing of whether the author may do what is asked: that is
    /// the state machine's rule.
    ///
    /// # Errors
    /// `SubmissionError`, the first that fails.
    pub fn verify_signatures(
        &self,
        network: &NetworkId,
        checker: &dyn SignatureChecker,
    ) -> Result<(), SubmissionError> {
        let body = self.body();
        let signature = match &self.0.proof {
            Proof::Author(signature) => signature,
            Proof::Statement(signatures) => {
                return signatures.check(checker).map_err(SubmissionError::Signature);
            }
        };
        if body.network != *network {
            return Err(SubmissionError::Network { found: body.network, expected: *network });
        }
        checker.check(&body.key, &body.signed_bytes(), signature).map_err(SubmissionError::Signature)?;
        self.verify_inner(network, checker)
    }

    /// Checks what is signed inside: the consents that came with it, and what it carries for another. That none is lacking
    /// is the state machine's rule, because entries are read that were executed before there was one.
    fn verify_inner(
        &self,
        network: &NetworkId,
        checker: &dyn SignatureChecker,
    ) -> Result<(), SubmissionError> {
        let check = |key: &PublicKey, message: &[u8], possession: &Signature| {
            checker.check(key, message, possession).map_err(SubmissionError::Possession)
        };
        let body = self.body();
        match &body.operation {
            Operation::KeyRotate { identity, retires, key, possession } => {
                check(key, &possession_bytes(network, identity, retires, &key.id()), possession)
            }
            Operation::KeyAdd { identity, key, possession: Some(possession) } => {
                check(key, &addition_possession_bytes(network, identity, &key.id()), possession)
            }
            Operation::IdentityCreate { identity, keys, possessions } if !possessions.is_empty() => {
                let others: Vec<_> = keys.iter().filter(|key| **key != body.key).collect();
                let (found, needed) = (possessions.len(), others.len());
                if found != needed {
                    return Err(SubmissionError::PossessionCount { found, needed });
                }
                let message = identity_possession_bytes(network, identity, keys);
                others.iter().zip(possessions).try_for_each(|(key, it)| check(key, &message, it))
            }
            Operation::ProofPrimitive(primitive) => {
                let Primitive { key, signature, .. } = &**primitive;
                checker.check(key, &primitive.signed_bytes(), signature).map_err(SubmissionError::Issuer)
            }
            Operation::IssuerKey(change) => match &change.change {
                IssuerKeyChange::List { key, possession, .. } => {
                    let message = issuer_possession_bytes(network, &change.issuer, &body.author, &key.id());
                    check(key, &message, possession)
                }
                IssuerKeyChange::Drop { .. } => Ok(()),
            },
            Operation::Signer(change) => match &**change {
                SignerChange::List(listing) => {
                    check(&listing.key, &listing.possession_bytes(network, &body.author), &listing.possession)
                }
                SignerChange::Revoke { .. } => Ok(()),
            },
            Operation::KeyAdd { possession: None, .. }
            | Operation::IdentityCreate { .. }
            | Operation::KeyRevoke { .. }
            | Operation::ProofSubmit { .. }
            | Operation::AttestationIssue { .. }
            | Operation::AttestationRevoke { .. }
            | Operation::IssuerSet(_)
            | Operation::AttestationSeal(_)
            | Operation::BatchAnchor { .. }
            | Operation::ArtifactCommit { .. }
            | Operation::RetentionTombstone { .. }
            | Operation::ValidatorJoin { .. }
            | Operation::ValidatorLeave { .. }
            | Operation::ServiceEndorse { .. }
            | Operation::Session { .. }
            | Operation::Job { .. }
            | Operation::Evidence { .. }
            | Operation::Statement(_) => Ok(()),
        }
    }
}

impl Unverified<Submission> {
    /// Checks every signature in the envelope.
    ///
    /// # Errors
    /// As [`Submission::verify_signatures`].
    pub fn verify(
        self,
        network: &NetworkId,
        checker: &dyn SignatureChecker,
    ) -> Result<Verified<Submission>, SubmissionError> {
        self.get().verify_signatures(network, checker)?;
        Ok(self.vouch())
    }
}

impl Canonical for Submission {
    const BYTES_MAX: usize = Self::BYTES_MAX;

    fn encode(&self) -> Vec<u8> {
        self.bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(DecodeError::TooLarge {
                what: "submission",
                found: bytes.len(),
                max: Self::BYTES_MAX,
            });
        }
        let statement = |format, statement: &[u8], keys| {
            Self::statement(format, statement, keys).map_err(|fault| DecodeError::field("statement", fault))
        };
        if cose::begins(bytes) {
            return statement(Format::Cose, bytes, Vec::new());
        }
        let submission = match wire::submission::decode(bytes)? {
            Written::Native(body, signature) => body.seal(signature),
            Written::Statement { format, statement: bytes, keys } => statement(format, &bytes, keys)?,
        };
        if **submission.bytes() != *bytes {
            return Err(DecodeError::NotCanonical { what: "submission" });
        }
        Ok(submission)
    }
}
