//! Who submits, and what.

use crypto::{Scheme, SecretKey, sha256};
use proto::id::{Did, NetworkId, Tenant};
use proto::operation::Operation;
use proto::submission::{Body, Submission};

/// Who submits.
pub fn author() -> SecretKey {
    SecretKey::from_seed(Scheme::Ed25519, &[7; 32]).expect("Ed25519 signs")
}

/// A proof of content that no other number has.
pub fn proof(number: u64) -> Operation {
    Operation::ProofSubmit {
        content: sha256(&number.to_be_bytes()),
        content_bytes: 8,
        media_type: String::new(),
        subject: format!("test {number}"),
    }
}

/// An operation, signed for a network.
pub fn signed(network: &str, secret: &SecretKey, nonce: u64, operation: Operation) -> Submission {
    let network: NetworkId = network.parse().expect("a network id");
    Body {
        network,
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        nonce,
        expires_at: None,
        operation,
    }
    .sign(secret)
}
