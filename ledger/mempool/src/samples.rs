//! What the tests of this room are made of: submissions that are verified because their checker is ideal.

use crypto::{Digest, PublicKey, Scheme, SecretKey, Signature, SignatureError, sha256};
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::submission::{Body, Submission};
use proto::verified::{SignatureChecker, Unverified, Verified};

/// What tells samples apart.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub tenant: Tenant,
    pub nonce: u64,
    /// Of the operation's content; the envelope has a little more.
    pub bytes: usize,
}

impl Sample {
    pub(crate) fn new(tenant: &str) -> Self {
        Self { tenant: Tenant::parse(tenant).expect("a name"), nonce: 0, bytes: 0 }
    }
}

/// Believes everything: what waits here was checked at the door.
struct Ideal;

impl SignatureChecker for Ideal {
    fn check(&self, _: &PublicKey, _: &[u8], _: &Signature) -> Result<(), SignatureError> {
        Ok(())
    }
}

pub(crate) fn submission(sample: Sample) -> Verified<Submission> {
    let secret = SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("any seed will do");
    let network = NetworkId::new(Digest::ZERO);
    let body = Body {
        network,
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        tenant: sample.tenant,
        nonce: sample.nonce,
        expires_at: None,
        operation: Operation::AttestationIssue {
            subject: String::new(),
            predicate_type: "https://example.org/sample".to_owned(),
            predicate: vec![0; sample.bytes],
            content: Some(sha256(b"")),
            expires_at_ms: None,
        },
    };
    Unverified::new(body.sign(&secret)).verify(&network, &Ideal).expect("the checker believes everything")
}
