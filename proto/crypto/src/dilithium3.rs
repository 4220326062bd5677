//! Dilithium3 of round 3, for keys made before FIPS 204.
//!
//! Verified only: nothing here signs. It is another scheme than ML-DSA-65 (signatures of 3293 bytes
//! against 3309, another hashing of the message), and neither accepts the other's signatures.
//! Source: the Dilithium submission, round 3 (version 3.1); library in `adr/002-dilithium3-r3.md`.

use std::sync::Arc;

use pqcrypto_dilithium::dilithium3;
use pqcrypto_traits::sign::{DetachedSignature as _, PublicKey as _};

use crate::error::{KeyError, SignatureError};
use crate::scheme::Scheme;

const SCHEME: Scheme = Scheme::Dilithium3R3;

/// A public key. Every string of the right length is one.
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
        let invalid = SignatureError::Invalid { scheme: SCHEME };
        let key = dilithium3::PublicKey::from_bytes(&self.0).map_err(|_| invalid)?;
        let signature = dilithium3::DetachedSignature::from_bytes(signature).map_err(|_| invalid)?;
        dilithium3::verify_detached_signature(&signature, message, &key).map_err(|_| invalid)
    }
}
