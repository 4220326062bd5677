//! Public keys: parsed once, valid ever after.
//!
//! A `PublicKey` belongs to one scheme, and verifies signatures of that scheme alone: what a message
//! says about its algorithm is never asked.

use std::cmp::Ordering;
use std::fmt;

use crate::error::{KeyError, SignatureError};
use crate::key_id::KeyId;
use crate::scheme::Scheme;
use crate::signature::Signature;
use crate::{dilithium3, dilithium3_hybrid, ed25519, hybrid, mldsa65, p256};

/// A public key of one of the schemes. Ordered by scheme, then by bytes.
#[derive(Clone)]
pub struct PublicKey(Parsed);

#[derive(Clone)]
enum Parsed {
    Ed25519(ed25519::Key),
    MlDsa65(mldsa65::Key),
    Hybrid(hybrid::Key),
    Dilithium3(dilithium3::Key),
    Dilithium3Hybrid(dilithium3_hybrid::Key),
    Es256(p256::Key),
}

impl PublicKey {
    /// Reads a key of `scheme`.
    ///
    /// # Errors
    /// `Length`; and for an Ed25519 key or half `NotAPoint`, `NotCanonical` or `SmallOrder`; for an ES256 key
    /// `NotOnP256`.
    pub fn parse(scheme: Scheme, bytes: &[u8]) -> Result<Self, KeyError> {
        let parsed = match scheme {
            Scheme::Ed25519 => Parsed::Ed25519(ed25519::Key::parse(bytes)?),
            Scheme::MlDsa65 => Parsed::MlDsa65(mldsa65::Key::parse(bytes)?),
            Scheme::HybridEd25519MlDsa65 => Parsed::Hybrid(hybrid::Key::parse(bytes)?),
            Scheme::Dilithium3R3 => Parsed::Dilithium3(dilithium3::Key::parse(bytes)?),
            Scheme::HybridDilithium3R3Ed25519 => {
                Parsed::Dilithium3Hybrid(dilithium3_hybrid::Key::parse(bytes)?)
            }
            Scheme::Es256 => Parsed::Es256(p256::Key::parse(bytes)?),
        };
        Ok(Self(parsed))
    }

    pub(crate) const fn from_ed25519(key: ed25519::Key) -> Self {
        Self(Parsed::Ed25519(key))
    }

    pub(crate) const fn from_mldsa65(key: mldsa65::Key) -> Self {
        Self(Parsed::MlDsa65(key))
    }

    pub(crate) const fn from_hybrid(key: hybrid::Key) -> Self {
        Self(Parsed::Hybrid(key))
    }

    pub(crate) const fn from_p256(key: p256::Key) -> Self {
        Self(Parsed::Es256(key))
    }

    /// The key's scheme.
    pub const fn scheme(&self) -> Scheme {
        match &self.0 {
            Parsed::Ed25519(_) => Scheme::Ed25519,
            Parsed::MlDsa65(_) => Scheme::MlDsa65,
            Parsed::Hybrid(_) => Scheme::HybridEd25519MlDsa65,
            Parsed::Dilithium3(_) => Scheme::Dilithium3R3,
            Parsed::Dilithium3Hybrid(_) => Scheme::HybridDilithium3R3Ed25519,
            Parsed::Es256(_) => Scheme::Es256,
        }
    }

    /// The key's bytes, as `parse` takes them.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Parsed::Ed25519(key) => key.as_bytes(),
            Parsed::MlDsa65(key) => key.as_bytes(),
            Parsed::Hybrid(key) => key.as_bytes(),
            Parsed::Dilithium3(key) => key.as_bytes(),
            Parsed::Dilithium3Hybrid(key) => key.as_bytes(),
            Parsed::Es256(key) => key.as_bytes(),
        }
    }

    /// The coordinates x and y of an ES256 key, 32 bytes each, as a JWK spells them; none for other schemes.
    pub fn coordinates(&self) -> Option<(&[u8], &[u8])> {
        match &self.0 {
            Parsed::Es256(key) => Some(p256::coordinates(key.as_bytes())),
            Parsed::Ed25519(_)
            | Parsed::MlDsa65(_)
            | Parsed::Hybrid(_)
            | Parsed::Dilithium3(_)
            | Parsed::Dilithium3Hybrid(_) => None,
        }
    }

    /// The key's RFC 7638 thumbprint.
    pub fn id(&self) -> KeyId {
        KeyId::thumbprint(self.scheme(), self.as_bytes())
    }

    /// Checks that `signature` is this key's signature of exactly `message`.
    ///
    /// # Errors
    /// `OtherScheme` if the signature is of another scheme, `Invalid` if it does not verify.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        if signature.scheme() != self.scheme() {
            return Err(SignatureError::OtherScheme { key: self.scheme(), signature: signature.scheme() });
        }
        match &self.0 {
            Parsed::Ed25519(key) => key.verify(message, signature.as_bytes()),
            Parsed::MlDsa65(key) => key.verify(message, signature.as_bytes()),
            Parsed::Hybrid(key) => key.verify(message, signature.as_bytes()),
            Parsed::Dilithium3(key) => key.verify(message, signature.as_bytes()),
            Parsed::Dilithium3Hybrid(key) => key.verify(message, signature.as_bytes()),
            Parsed::Es256(key) => key.verify(message, signature.as_bytes()),
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    /// What was parsed follows from scheme and bytes, so these two decide.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.scheme(), self.as_bytes()).cmp(&(other.scheme(), other.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}…", self.scheme(), hex::encode(&self.as_bytes()[..6]))
    }
}
