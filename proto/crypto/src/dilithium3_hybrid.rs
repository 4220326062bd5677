//! Dilithium3 of round 3 beside Ed25519, as ProofNest joins them, for keys made there.
//!
//! A key is 1952 ‖ 32 bytes, a signature 3293 ‖ 64 bytes, Dilithium first. Both halves sign the message as it is, with
//! nothing before it, and both must verify. So each half is a signature of its own scheme too: who lists this key and also
//! one of its halves by itself lets the half speak alone. Our own pair (`hybrid`) has a label against that; this one is
//! what was published, and is read as it is. Source: ProofNest 0.2.1, by what it signs and accepts.

use std::sync::Arc;

use crate::error::{KeyError, SignatureError};
use crate::scheme::Scheme;
use crate::{dilithium3, ed25519};

const SCHEME: Scheme = Scheme::HybridDilithium3R3Ed25519;

/// A public key of both schemes.
#[derive(Clone)]
pub(crate) struct Key {
    bytes: Arc<[u8]>,
    dilithium3: dilithium3::Key,
    ed25519: ed25519::Key,
}

impl Key {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let (expected, found) = (SCHEME.public_key_bytes(), bytes.len());
        if found != expected {
            return Err(KeyError::Length { scheme: SCHEME, expected, found });
        }
        let (first, second) = bytes.split_at(Scheme::Dilithium3R3.public_key_bytes());
        Ok(Self {
            bytes: bytes.into(),
            dilithium3: dilithium3::Key::parse(first)?,
            ed25519: ed25519::Key::parse(second)?,
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Checks both halves, the cheaper one first; the error names the half that refused.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let (first, second) = signature.split_at_checked(Scheme::Dilithium3R3.signature_bytes()).ok_or(
            SignatureError::Length {
                scheme: SCHEME,
                expected: SCHEME.signature_bytes(),
                found: signature.len(),
            },
        )?;
        self.ed25519.verify(message, second)?;
        self.dilithium3.verify(message, first)
    }
}
