//! ML-DSA-65: pure, with the empty context.
//!
//! Keys come from 32-byte seeds. Signing is hedged: the library mixes fresh randomness in, so two
//! signatures of one message differ, and both verify. A domain tag goes inside the message.
//! Source: FIPS 204; library and alternatives in `adr/001-ml-dsa-library.md`.

use std::sync::Arc;

use aws_lc_rs::signature::{KeyPair, ML_DSA_65, ML_DSA_65_SIGNING, PqdsaKeyPair, VerificationAlgorithm};

use crate::error::{KeyError, SignatureError};
use crate::scheme::Scheme;

const SCHEME: Scheme = Scheme::MlDsa65;

/// A public key. Every string of the right length is one: FIPS 204 packs it without gaps.
#[derive(Clone)]
pub(crate) struct Key(Arc<[u8]>);

impl Key {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let expected = SCHEME.public_key_bytes();
        if bytes.len() != expected {
            return Err(KeyError::Length { scheme: SCHEME, expected, found: bytes.len() });
        }
        Ok(Self(bytes.into()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        ML_DSA_65
            .verify_sig(&self.0, message, signature)
            .map_err(|_| SignatureError::Invalid { scheme: SCHEME })
    }
}

/// A secret key; AWS-LC wipes what it frees, so dropping it leaves nothing behind.
pub(crate) struct Secret(PqdsaKeyPair);

impl Secret {
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_65_SIGNING, seed)
            .map_err(|_| KeyError::Seed { scheme: SCHEME })?;
        Ok(Self(pair))
    }

    pub(crate) fn public(&self) -> Key {
        Key(self.0.public_key().as_ref().into())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; SCHEME.signature_bytes()];
        self.0
            .sign(message, &mut signature)
            .expect("the pair was made by from_seed and the buffer has a signature's length");
        signature
    }
}
