//! Ed25519, verified strictly.
//!
//! One verdict for a key, a message and a signature, on every machine: keys are canonical and not of
//! small order, R is canonical and not of small order, S is reduced, and the equation is the one
//! without cofactor. Batched verification is not offered, because its verdict differs on points with
//! torsion.
//! Source: RFC 8032 §5.1; where it leaves room, `verify_strict` of ed25519-dalek decides.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};

use crate::error::{KeyError, SignatureError};
use crate::scheme::Scheme;

const SCHEME: Scheme = Scheme::Ed25519;

/// A public key that may take part in strict verification.
#[derive(Clone)]
pub(crate) struct Key(VerifyingKey);

impl Key {
    /// Reads a key: 32 bytes, the canonical encoding of a point that is not of small order.
    ///
    /// A point with a torsion component that is not of small order is accepted: strict
    /// verification gives one verdict for it too, and proving its absence costs as much as a verification.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let array = bytes.try_into().map_err(|_| KeyError::Length {
            scheme: SCHEME,
            expected: SCHEME.public_key_bytes(),
            found: bytes.len(),
        })?;
        let key = VerifyingKey::from_bytes(array).map_err(|_| KeyError::NotAPoint)?;
        // The library takes y modulo p.
        if !is_reduced(array) {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            // Only here is x = 0, whose sign can be written in two ways.
            return Err(match key.to_edwards().compress().as_bytes() == array {
                true => KeyError::SmallOrder,
                false => KeyError::NotCanonical,
            });
        }
        Ok(Self(key))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let signature =
            ed25519_dalek::Signature::from_slice(signature).map_err(|_| SignatureError::Length {
                scheme: SCHEME,
                expected: SCHEME.signature_bytes(),
                found: signature.len(),
            })?;
        self.0.verify_strict(message, &signature).map_err(|_| SignatureError::Invalid { scheme: SCHEME })
    }
}

/// Whether the 255 bits of y, the lowest byte first, are less than p = 2^255 - 19. RFC 8032 §5.1.3, step 1.
fn is_reduced(key: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = key;
    *low < 0xed || high & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

/// A secret key; the library wipes it when it is dropped.
pub(crate) struct Secret(SigningKey);

impl Secret {
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(crate) fn public(&self) -> Key {
        Key(self.0.verifying_key())
    }

    /// Signs deterministically, as RFC 8032 does.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}
