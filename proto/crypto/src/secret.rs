//! Secret keys: made from a seed, wiped when dropped, never shown.
//!
//! The seed enters and does not come out again; whoever keeps it keeps it elsewhere.

use std::fmt;

use crate::error::KeyError;
use crate::key::PublicKey;
use crate::scheme::Scheme;
use crate::signature::Signature;
use crate::{ed25519, hybrid, mldsa65, p256};

/// A secret key with its public key.
pub struct SecretKey {
    public: PublicKey,
    secret: Secret,
}

/// The libraries behind each variant wipe their own memory on drop.
enum Secret {
    Ed25519(ed25519::Secret),
    MlDsa65(mldsa65::Secret),
    Hybrid(hybrid::Secret),
    Es256(p256::Secret),
}

impl SecretKey {
    /// The key pair that belongs to a seed: always the same one.
    ///
    /// # Errors
    /// `VerifyOnly` for a scheme that does not sign, `Seed` if the library refuses the seed.
    pub fn from_seed(scheme: Scheme, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let (public, secret) = match scheme {
            Scheme::Ed25519 => {
                let secret = ed25519::Secret::from_seed(seed);
                (PublicKey::from_ed25519(secret.public()), Secret::Ed25519(secret))
            }
            Scheme::MlDsa65 => {
                let secret = mldsa65::Secret::from_seed(seed)?;
                (PublicKey::from_mldsa65(secret.public()), Secret::MlDsa65(secret))
            }
            Scheme::HybridEd25519MlDsa65 => {
                let secret = hybrid::Secret::from_seed(seed)?;
                (PublicKey::from_hybrid(secret.public()), Secret::Hybrid(secret))
            }
            Scheme::Es256 => {
                let secret = p256::Secret::from_seed(seed);
                (PublicKey::from_p256(secret.public()), Secret::Es256(secret))
            }
            Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => {
                return Err(KeyError::VerifyOnly { scheme });
            }
        };
        Ok(Self { public, secret })
    }

    /// The public key.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs exactly `message`. Ed25519 and ES256 sign deterministically, ML-DSA-65 with fresh randomness, which
    /// the library draws itself; so only signatures of the first two may be compared byte by byte.
    pub fn sign(&self, message: &[u8]) -> Signature {
        let bytes = match &self.secret {
            Secret::Ed25519(secret) => secret.sign(message),
            Secret::MlDsa65(secret) => secret.sign(message),
            Secret::Hybrid(secret) => secret.sign(message),
            Secret::Es256(secret) => secret.sign(message),
        };
        Signature::parse(self.public.scheme(), &bytes).expect("a scheme signs with its own length")
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret of {:?}", self.public)
    }
}
