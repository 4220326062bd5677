//! ML-DSA-44: pure, with the empty context. For cosignatures of checkpoints alone.
//!
//! Witnesses outside cosign with it, and so do ours for the logs of others; nothing of this ledger is signed with it. So
//! it is no `Scheme`: it has no number, and no canonical bytes can hold a key of it.
//! Source: FIPS 204; C2SP tlog-cosignature.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, PqdsaKeyPair, VerificationAlgorithm};

/// A public key. Every string of the right length is one: FIPS 204 packs it without gaps.
#[derive(Clone, PartialEq, Eq)]
pub struct MlDsa44Key(Arc<[u8]>);

/// Why a key or signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MlDsa44Error {
    /// The bytes have another length than a key.
    #[error("a key of ml-dsa-44 has {} bytes, this has {found}", MlDsa44Key::BYTES)]
    KeyLength {
        /// Length found, in bytes.
        found: usize,
    },
    /// The bytes have another length than a signature.
    #[error("a signature of ml-dsa-44 has {} bytes, this has {found}", MlDsa44Key::SIGNATURE_BYTES)]
    SignatureLength {
        /// Length found, in bytes.
        found: usize,
    },
    /// The signature does not belong to this key and message.
    #[error("the ml-dsa-44 signature does not fit the key and the message")]
    Invalid,
    /// The library refuses the seed.
    #[error("the seed gives no ml-dsa-44 key")]
    Seed,
}

impl MlDsa44Key {
    /// Length of a key, in bytes.
    pub const BYTES: usize = 1312;
    /// Length of a signature, in bytes.
    pub const SIGNATURE_BYTES: usize = 2420;

    /// Reads a key.
    ///
    /// # Errors
    /// `KeyLength`.
    pub fn parse(bytes: &[u8]) -> Result<Self, MlDsa44Error> {
        match bytes.len() == Self::BYTES {
            true => Ok(Self(bytes.into())),
            false => Err(MlDsa44Error::KeyLength { found: bytes.len() }),
        }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Checks a signature over exactly `message`.
    ///
    /// # Errors
    /// `SignatureLength` or `Invalid`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), MlDsa44Error> {
        if signature.len() != Self::SIGNATURE_BYTES {
            return Err(MlDsa44Error::SignatureLength { found: signature.len() });
        }
        ML_DSA_44.verify_sig(&self.0, message, signature).map_err(|_| MlDsa44Error::Invalid)
    }
}

impl fmt::Debug for MlDsa44Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ml-dsa-44 {}", hex::encode(&self.0[..6]))
    }
}

/// A secret key; AWS-LC wipes what it frees, so dropping it leaves nothing behind.
pub struct MlDsa44Secret {
    pair: PqdsaKeyPair,
    public: MlDsa44Key,
}

impl MlDsa44Secret {
    /// The key pair that belongs to a seed: always the same one.
    ///
    /// # Errors
    /// `Seed` if the library refuses the seed.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, MlDsa44Error> {
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).map_err(|_| MlDsa44Error::Seed)?;
        let public = MlDsa44Key::parse(pair.public_key().as_ref())?;
        Ok(Self { pair, public })
    }

    /// The public key.
    pub const fn public(&self) -> &MlDsa44Key {
        &self.public
    }

    /// Signs exactly `message`, with fresh randomness, which the library draws itself.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; MlDsa44Key::SIGNATURE_BYTES];
        self.pair
            .sign(message, &mut signature)
            .expect("the pair was made by from_seed and the buffer has a signature's length");
        signature
    }
}

impl fmt::Debug for MlDsa44Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret of {:?}", self.public)
    }
}
