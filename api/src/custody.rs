//! Keys that this node holds for others: for development, where a caller has no key of its own.
//!
//! Whoever holds a key can speak in its owner's name, so a node does this only where its operator says so, and a caller who
//! keeps its key signs envelopes itself. The keys are encrypted where they are kept; never does one stand in a submission,
//! an answer or a line of the log. Where that is, is the node's matter: here is what it promises.

use std::fmt;

use crypto::{ImportedSecret, KeyError, PublicKey, Scheme, SecretKey, Signature};
use proto::id::Did;
use zeroize::Zeroizing;

/// A key that is held for somebody.
pub struct HeldKey {
    secret: Zeroizing<Vec<u8>>,
    signer: Signer,
}

enum Signer {
    Seeded(Box<SecretKey>),
    Imported(Box<ImportedSecret>),
}

impl HeldKey {
    /// A new key; `seed` is 32 bytes that nobody else knows.
    ///
    /// # Errors
    /// `KeyError` when the library refuses the seed.
    pub fn draw(scheme: Scheme, seed: &[u8; 32]) -> Result<Self, KeyError> {
        match scheme {
            Scheme::Ed25519 | Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => {
                let signer = Signer::Seeded(Box::new(SecretKey::from_seed(scheme, seed)?));
                Ok(Self { secret: Zeroizing::new(seed.to_vec()), signer })
            }
            Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => {
                let imported = ImportedSecret::generate(scheme, seed)?;
                let secret = Zeroizing::new(imported.expose().to_vec());
                Ok(Self { secret, signer: Signer::Imported(Box::new(imported)) })
            }
        }
    }

    /// A key as it was kept.
    ///
    /// # Errors
    /// `KeyError` when the two do not belong together.
    pub fn parse(public: &PublicKey, secret: &[u8]) -> Result<Self, KeyError> {
        let scheme = public.scheme();
        let kept = match scheme {
            Scheme::Ed25519 | Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => {
                let (expected, found) = (32, secret.len());
                let seed = secret.try_into();
                let seed: &[u8; 32] = seed.map_err(|_| KeyError::SecretLength { scheme, expected, found })?;
                Self::draw(scheme, seed)?
            }
            Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => {
                let imported = ImportedSecret::parse(public, secret)?;
                let secret = Zeroizing::new(secret.to_vec());
                Self { secret, signer: Signer::Imported(Box::new(imported)) }
            }
        };
        match kept.public() == public {
            true => Ok(kept),
            false => Err(KeyError::OtherSecret { scheme }),
        }
    }

    /// The public key.
    pub const fn public(&self) -> &PublicKey {
        match &self.signer {
            Signer::Seeded(secret) => secret.public(),
            Signer::Imported(secret) => secret.public(),
        }
    }

    /// Signs exactly `message`.
    pub fn sign(&self, message: &[u8]) -> Signature {
        match &self.signer {
            Signer::Seeded(secret) => secret.sign(message),
            Signer::Imported(secret) => secret.sign(message),
        }
    }

    /// The secret itself, for whoever encrypts it.
    pub fn expose(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for HeldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret of {:?}", self.public())
    }
}

/// Why a key could not be kept or found again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct CustodyError {
    /// What happened, without anything of a secret.
    pub fault: String,
}

/// Where keys are held for others.
pub trait Custody: Send + Sync + fmt::Debug {
    /// Keeps a key for an identity; durable when this returns. A later key of the same identity takes its place.
    ///
    /// # Errors
    /// `CustodyError`.
    fn keep(&self, identity: &Did, key: &HeldKey) -> Result<(), CustodyError>;

    /// The key that is held for an identity.
    ///
    /// # Errors
    /// `CustodyError`.
    fn find(&self, identity: &Did) -> Result<Option<HeldKey>, CustodyError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_key_is_the_key_it_was() {
        for scheme in Scheme::ALL {
            let key = HeldKey::draw(scheme, &[5; 32]).expect("every scheme");
            let again = HeldKey::parse(key.public(), key.expose()).expect("its own");
            assert_eq!(again.public(), key.public());
            assert_eq!(key.public().verify(b"any", &again.sign(b"any")), Ok(()));
            let other = HeldKey::draw(scheme, &[6; 32]).expect("every scheme");
            let refused = HeldKey::parse(other.public(), key.expose()).err();
            assert_eq!(refused, Some(KeyError::OtherSecret { scheme }));
            assert!(HeldKey::parse(key.public(), &key.expose()[1..]).is_err());
            assert!(!format!("{key:?}").contains("05050505"));
        }
    }
}
