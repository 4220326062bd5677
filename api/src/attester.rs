//! The attester: this node's part in an issuer of attestations.
//!
//! It signs tokens with its own ES256 key, deterministically, before anything is submitted. That the issuer lists the key
//! is said on the ledger when the first token is asked for, not when the node starts: an idle network stays idle.

use crypto::{PublicKey, Scheme, SecretKey, Signature};
use proto::id::{Did, NetworkId};
use proto::operation::issuer::{Continuity, IssuerDid, IssuerKey, IssuerKeyChange, issuer_possession_bytes};
use tokio::sync::{Mutex, MutexGuard};

/// Signs attestations of one issuer.
#[derive(Debug)]
pub struct Attester {
    issuer: IssuerDid,
    name: String,
    key: Option<SigningKey>,
    listing: Mutex<()>,
}

/// A key that signs tokens.
#[derive(Debug)]
pub struct SigningKey {
    secret: SecretKey,
    continuity: Continuity,
}

/// Why a key cannot be an attester's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tokens are signed with es256; this is a key of {found}")]
pub struct AttesterError {
    /// The key's scheme.
    pub found: Scheme,
}

impl SigningKey {
    /// A key of ES256, and how long it lives.
    ///
    /// # Errors
    /// `AttesterError` for a key of another scheme.
    pub fn new(secret: SecretKey, continuity: Continuity) -> Result<Self, AttesterError> {
        match secret.public().scheme() {
            Scheme::Es256 => {}
            found @ (Scheme::Ed25519
            | Scheme::MlDsa65
            | Scheme::HybridEd25519MlDsa65
            | Scheme::Dilithium3R3
            | Scheme::HybridDilithium3R3Ed25519) => return Err(AttesterError { found }),
        }
        if continuity == Continuity::Ephemeral {
            generated(&secret.public().id().to_string(), continuity, "made for this process");
        }
        Ok(Self { secret, continuity })
    }

    /// The public key.
    pub(crate) const fn public(&self) -> &PublicKey {
        self.secret.public()
    }

    /// Signs a token's first two parts.
    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        self.secret.sign(message)
    }
}

/// Says that there is a new key; whoever audits continuity looks for this event.
fn generated(kid: &str, continuity: Continuity, how: &str) {
    let (event, policy) = ("attestation.key_generated", continuity.name());
    tracing::info!(
        event,
        kid,
        key_continuity_policy = policy,
        how,
        "a key that signs attestations was generated"
    );
}

impl Attester {
    /// An attester for this issuer. Without a key it signs nothing.
    pub fn new(issuer: IssuerDid, name: String, key: Option<SigningKey>) -> Self {
        Self { issuer, name, key, listing: Mutex::new(()) }
    }

    /// The issuer.
    pub(crate) const fn issuer(&self) -> &IssuerDid {
        &self.issuer
    }

    /// The issuer's name for people, as configured.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The key, if it signs.
    pub(crate) const fn key(&self) -> Option<&SigningKey> {
        self.key.as_ref()
    }

    /// One at a time sees to it that the key is listed.
    pub(crate) async fn listing(&self) -> MutexGuard<'_, ()> {
        self.listing.lock().await
    }

    /// What lists the key; by the author that puts on the ledger what it signs.
    pub(crate) fn listed(
        &self,
        key: &SigningKey,
        network: &NetworkId,
        author: &Did,
        now_s: u64,
    ) -> IssuerKey {
        let public = key.public();
        let kid = named(&self.issuer, public);
        generated(&kid, key.continuity, "listed by its issuer for the first time");
        let message = issuer_possession_bytes(network, &self.issuer, author, &public.id());
        let change = IssuerKeyChange::List {
            key: public.clone(),
            continuity: key.continuity,
            generated_at_s: now_s,
            possession: key.sign(&message),
        };
        IssuerKey { issuer: self.issuer.clone(), change }
    }
}

/// The name by which tokens call an issuer's key.
pub(crate) fn named(issuer: &IssuerDid, key: &PublicKey) -> String {
    format!("{issuer}#{}", key.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_signed_with_es256_and_nothing_else() {
        let key = |scheme| SecretKey::from_seed(scheme, &[9; 32]).expect("signs");
        let refused =
            SigningKey::new(key(Scheme::Ed25519), Continuity::Persistent).expect_err("not for tokens");
        assert_eq!(refused, AttesterError { found: Scheme::Ed25519 });
        let signing = SigningKey::new(key(Scheme::Es256), Continuity::Persistent).expect("for tokens");
        assert_eq!(signing.sign(b"a.b"), signing.sign(b"a.b"));
    }
}
