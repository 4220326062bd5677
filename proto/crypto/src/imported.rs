//! Secret keys of the schemes that are verified here for others' sake: Dilithium3 of round 3, alone and beside Ed25519.
//!
//! Nothing of this ledger is signed with them. A node that keeps keys for the callers of a development network signs with
//! them in their name, and so do tests; everybody else has keys of this kind elsewhere. They do not follow from a seed: the
//! library draws the key itself, so both halves are kept as they are, in the lengths that ProofNest has: 4000 bytes, or
//! 4000 ‖ 32. Source: the Dilithium submission, round 3 (version 3.1), §5.4 on the bytes of a secret key.

use std::fmt;

use pqcrypto_dilithium::dilithium3;
use pqcrypto_traits::sign::{DetachedSignature as _, PublicKey as _, SecretKey as _};
use zeroize::Zeroizing;

use crate::ed25519;
use crate::error::KeyError;
use crate::key::PublicKey;
use crate::scheme::Scheme;
use crate::shake::shake256;
use crate::signature::Signature;

/// Length of a Dilithium3 secret key of round 3, in bytes.
pub const DILITHIUM3_SECRET_BYTES: usize = 4_000;

/// Where the digest of the public key stands in a secret key: behind ρ and K, 32 bytes each.
const TR: std::ops::Range<usize> = 64..96;

/// A secret key with its public key. Its bytes are wiped when it is dropped; what the library copies while it signs is not.
pub struct ImportedSecret {
    public: PublicKey,
    dilithium: Zeroizing<Vec<u8>>,
    ed25519: Option<ed25519::Secret>,
    /// All of it as it was given or made.
    bytes: Zeroizing<Vec<u8>>,
}

impl ImportedSecret {
    /// A new key of one of the two schemes, drawn by the library from the system's randomness; `seed` is that of the
    /// Ed25519 half, and unused without one.
    ///
    /// # Errors
    /// `Seedless` for every other scheme: keys of those are made from a seed.
    pub fn generate(scheme: Scheme, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let (public, secret) = dilithium3::keypair();
        let mut public = public.as_bytes().to_vec();
        let mut bytes = Zeroizing::new(secret.as_bytes().to_vec());
        match scheme {
            Scheme::Dilithium3R3 => {}
            Scheme::HybridDilithium3R3Ed25519 => {
                public.extend_from_slice(ed25519::Secret::from_seed(seed).public().as_bytes());
                bytes.extend_from_slice(seed);
            }
            Scheme::Ed25519 | Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => {
                return Err(KeyError::Seedless { scheme });
            }
        }
        Self::parse(&PublicKey::parse(scheme, &public)?, &bytes)
    }

    /// Takes a key pair that was made elsewhere.
    ///
    /// # Errors
    /// `Seedless` for a public key of another scheme, `SecretLength`, or `OtherSecret` when the two do not belong together.
    pub fn parse(public: &PublicKey, secret: &[u8]) -> Result<Self, KeyError> {
        let (scheme, found) = (public.scheme(), secret.len());
        let expected = match scheme {
            Scheme::Dilithium3R3 => DILITHIUM3_SECRET_BYTES,
            Scheme::HybridDilithium3R3Ed25519 => DILITHIUM3_SECRET_BYTES + 32,
            Scheme::Ed25519 | Scheme::MlDsa65 | Scheme::HybridEd25519MlDsa65 | Scheme::Es256 => {
                return Err(KeyError::Seedless { scheme });
            }
        };
        if found != expected {
            return Err(KeyError::SecretLength { scheme, expected, found });
        }
        let (dilithium, seed) = secret.split_at(DILITHIUM3_SECRET_BYTES);
        let (first, second) = public.as_bytes().split_at(Scheme::Dilithium3R3.public_key_bytes());
        let ed25519 = <[u8; 32]>::try_from(seed).ok().map(|seed| ed25519::Secret::from_seed(&seed));
        let belongs = dilithium[TR] == shake256::<32>(first)
            && dilithium[..32] == first[..32]
            && ed25519.as_ref().is_none_or(|secret| secret.public().as_bytes() == second);
        if !belongs {
            return Err(KeyError::OtherSecret { scheme });
        }
        let dilithium = Zeroizing::new(dilithium.to_vec());
        Ok(Self { public: public.clone(), dilithium, ed25519, bytes: Zeroizing::new(secret.to_vec()) })
    }

    /// The public key.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The secret itself, for whoever encrypts it.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Signs exactly `message`: always the same signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        let secret = dilithium3::SecretKey::from_bytes(&self.dilithium).expect("parse checked its length");
        let mut bytes = dilithium3::detached_sign(message, &secret).as_bytes().to_vec();
        if let Some(ed25519) = &self.ed25519 {
            bytes.extend_from_slice(&ed25519.sign(message));
        }
        Signature::parse(self.public.scheme(), &bytes).expect("a scheme signs with its own length")
    }
}

impl fmt::Debug for ImportedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret of {:?}", self.public)
    }
}
