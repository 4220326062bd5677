//! ES256: ECDSA on P-256 with SHA-256, verified strictly.
//!
//! Signing is deterministic, so one key and one message have one signature; and of the two values of s that fit, only the
//! lower one is taken, so nobody makes another signature of the same message out of it. Keys are written without
//! compression: 0x04, x, y. Whoever verifies outside needs to know none of this.
//! Sources: FIPS 186-5 §6, RFC 6979, RFC 7518 §3.4, SEC 1 §2.3.3.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

use crate::derive::derive_seed;
use crate::error::{KeyError, SignatureError};
use crate::scheme::Scheme;

const SCHEME: Scheme = Scheme::Es256;
/// The tag of a point that is not compressed.
const UNCOMPRESSED: u8 = 4;

/// A public key: a point of the curve, not the one at infinity.
#[derive(Clone)]
pub(crate) struct Key {
    bytes: [u8; 65],
    key: VerifyingKey,
}

impl Key {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; 65] = bytes.try_into().map_err(|_| KeyError::Length {
            scheme: SCHEME,
            expected: SCHEME.public_key_bytes(),
            found: bytes.len(),
        })?;
        if bytes[0] != UNCOMPRESSED {
            return Err(KeyError::NotOnP256);
        }
        // The library checks that both coordinates are reduced, and the equation of the curve.
        let key = VerifyingKey::from_sec1_bytes(&bytes).map_err(|_| KeyError::NotOnP256)?;
        Ok(Self { bytes, key })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let invalid = SignatureError::Invalid { scheme: SCHEME };
        let signature = Signature::from_slice(signature).map_err(|_| invalid)?;
        if signature.normalize_s() != signature {
            return Err(invalid);
        }
        self.key.verify(message, &signature).map_err(|_| invalid)
    }
}

/// The two coordinates of a key that was parsed.
pub(crate) fn coordinates(key: &[u8]) -> (&[u8], &[u8]) {
    key.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default()
}

/// A secret key; the library wipes it when it is dropped.
pub(crate) struct Secret(SigningKey);

impl Secret {
    /// The seed itself, if it is a scalar between 1 and the order, as all but one in 2^32 are; else the first seed derived
    /// from it that is one.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        let mut seed = zeroize::Zeroizing::new(*seed);
        loop {
            match SigningKey::from_slice(&*seed) {
                Ok(key) => return Self(key),
                Err(_) => *seed = derive_seed(&seed, "es256/next"),
            }
        }
    }

    pub(crate) fn public(&self) -> Key {
        let key = *self.0.verifying_key();
        let point = key.to_sec1_point(false);
        let bytes = point.as_bytes().try_into().expect("a point that is not compressed has 65 bytes");
        Key { bytes, key }
    }

    /// Signs with the nonce that RFC 6979 derives, and takes the lower s.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.normalize_s().to_bytes().to_vec()
    }
}
