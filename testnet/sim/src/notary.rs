//! Signatures without cost: an ideal notary that knows every secret.
//!
//! A signature is a keyed hash, so only who holds a member's secret can sign for it, and a check is a hash instead of a
//! curve operation. Seeds that ask for real cryptography use the schemes themselves. The rules cannot tell the difference:
//! they ask a `SignatureChecker` either way.

use std::collections::BTreeMap;

use crypto::{Hasher, PublicKey, Scheme, SecretKey, Signature, SignatureError};
use proto::verified::{SignatureChecker, Strict};

/// Who signs and checks in one simulated world.
#[derive(Debug)]
pub enum Notary {
    /// Keyed hashes; public keys and their secrets.
    Ideal(BTreeMap<Vec<u8>, [u8; 32]>),
    /// The schemes of real networks.
    Real,
}

/// A key pair of a simulated member or author.
#[derive(Debug)]
pub struct Signer {
    secret: [u8; 32],
    key: SecretKey,
}

impl Signer {
    /// The key pair of a seed.
    pub fn new(scheme: Scheme, secret: [u8; 32]) -> Self {
        let key =
            SecretKey::from_seed(scheme, &secret).expect("the simulator asks only for schemes that sign");
        Self { secret, key }
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// Signs by the scheme itself, whatever the notary does.
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.key.sign(message)
    }
}

impl Notary {
    /// Lets the notary know a key pair.
    pub fn register(&mut self, signer: &Signer) {
        if let Self::Ideal(secrets) = self {
            secrets.insert(signer.public().as_bytes().to_vec(), signer.secret);
        }
    }

    /// Signs.
    pub fn sign(&self, signer: &Signer, message: &[u8]) -> Signature {
        match self {
            Self::Ideal(_) => keyed(signer.public().scheme(), &signer.secret, message),
            Self::Real => signer.key.sign(message),
        }
    }
}

fn keyed(scheme: Scheme, secret: &[u8; 32], message: &[u8]) -> Signature {
    let mut hasher = Hasher::new();
    hasher.update(secret).update(message);
    let digest = hasher.finish();
    let bytes: Vec<u8> = digest.as_bytes().iter().copied().cycle().take(scheme.signature_bytes()).collect();
    Signature::parse(scheme, &bytes).expect("it has the length of the scheme")
}

impl SignatureChecker for Notary {
    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let Self::Ideal(secrets) = self else { return Strict.check(key, message, signature) };
        let invalid = SignatureError::Invalid { scheme: key.scheme() };
        match secrets.get(key.as_bytes()) {
            Some(secret) if keyed(key.scheme(), secret, message) == *signature => Ok(()),
            Some(_) | None => Err(invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_signs_for_another() {
        let (ours, theirs) = (Signer::new(Scheme::Ed25519, [1; 32]), Signer::new(Scheme::Ed25519, [2; 32]));
        let mut notary = Notary::Ideal(BTreeMap::new());
        notary.register(&ours);
        notary.register(&theirs);
        let signature = notary.sign(&ours, b"message");
        assert!(notary.check(ours.public(), b"message", &signature).is_ok());
        assert!(notary.check(theirs.public(), b"message", &signature).is_err());
        assert!(notary.check(ours.public(), b"other", &signature).is_err());
    }
}
