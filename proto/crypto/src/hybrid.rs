//! Ed25519 beside ML-DSA-65: a signature that holds while either scheme does.
//!
//! A key is 32 ‖ 1952 bytes, a signature 64 ‖ 3309 bytes, Ed25519 first. Both halves sign the same
//! message behind a label which names this scheme, and both must verify. So a half that is cut off signs
//! the labelled message only, never the message itself, and a plain signature cannot become a half.
//! Nothing else in the house may sign bytes that begin with the label.
//! Source: the label follows the LAMPS composite signatures; RFC 9955 on why halves must not separate.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::derive::derive_seed;
use crate::error::{KeyError, SignatureError};
use crate::scheme::Scheme;
use crate::{ed25519, mldsa65};

const SCHEME: Scheme = Scheme::HybridEd25519MlDsa65;

/// Stands before the message in both halves. It ends in a zero byte, so no longer label begins with it.
const LABEL: &[u8] = b"quorate/hybrid/ed25519+ml-dsa-65/v1\0";

/// A public key of both schemes.
#[derive(Clone)]
pub(crate) struct Key {
    bytes: Arc<[u8]>,
    ed25519: ed25519::Key,
    mldsa65: mldsa65::Key,
}

impl Key {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let expected = SCHEME.public_key_bytes();
        if bytes.len() != expected {
            return Err(KeyError::Length { scheme: SCHEME, expected, found: bytes.len() });
        }
        let (first, second) = bytes.split_at(Scheme::Ed25519.public_key_bytes());
        Ok(Self {
            bytes: bytes.into(),
            ed25519: ed25519::Key::parse(first)?,
            mldsa65: mldsa65::Key::parse(second)?,
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Checks both halves, the cheaper one first; the error names the half that refused.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let (first, second) =
            signature.split_at_checked(Scheme::Ed25519.signature_bytes()).ok_or(SignatureError::Length {
                scheme: SCHEME,
                expected: SCHEME.signature_bytes(),
                found: signature.len(),
            })?;
        let labelled = labelled(message);
        self.ed25519.verify(&labelled, first)?;
        self.mldsa65.verify(&labelled, second)
    }
}

/// The secret keys of both halves.
pub(crate) struct Secret {
    ed25519: ed25519::Secret,
    mldsa65: mldsa65::Secret,
}

impl Secret {
    /// Derives a seed for each half, so that neither half's seed says anything about the other's.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let first = Zeroizing::new(derive_seed(seed, "hybrid/ed25519"));
        let second = Zeroizing::new(derive_seed(seed, "hybrid/ml-dsa-65"));
        Ok(Self {
            ed25519: ed25519::Secret::from_seed(&first),
            mldsa65: mldsa65::Secret::from_seed(&second)?,
        })
    }

    pub(crate) fn public(&self) -> Key {
        let (ed25519, mldsa65) = (self.ed25519.public(), self.mldsa65.public());
        let bytes = [ed25519.as_bytes(), mldsa65.as_bytes()].concat();
        Key { bytes: bytes.into(), ed25519, mldsa65 }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let labelled = labelled(message);
        [self.ed25519.sign(&labelled), self.mldsa65.sign(&labelled)].concat()
    }
}

fn labelled(message: &[u8]) -> Vec<u8> {
    [LABEL, message].concat()
}
