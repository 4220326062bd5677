//! Signatures of others under evidence of what a machine did: the algorithms they name, verified only.
//!
//! All of them sign one digest: SHA-256 of what is signed. ML-DSA and Ed25519 take its 32 bytes for their message; ECDSA and
//! RSA-PSS take it for the hash they would have made themselves, so to a library of those the message is what was hashed.
//! None is a `Scheme`: a number in canonical bytes means one of ours. Keys are as their owners publish them: raw for ML-DSA
//! and Ed25519, a `SubjectPublicKeyInfo` or a SEC 1 point for ECDSA, a `SubjectPublicKeyInfo` for RSA; signatures of ECDSA
//! are in DER, those of RSA-PSS have the longest salt their key allows.
//! Sources: FIPS 204, RFC 8032, FIPS 186-5, RFC 8017 §8.1.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ML_DSA_44, ML_DSA_65, ML_DSA_87,
    RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPssSaltLength, VerificationAlgorithm,
};

use crate::digest::sha256;
use crate::ed25519;

/// An algorithm that others sign evidence with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outside {
    /// ML-DSA-44: pure, with the empty context.
    MlDsa44,
    /// ML-DSA-65: pure, with the empty context.
    MlDsa65,
    /// ML-DSA-87: pure, with the empty context.
    MlDsa87,
    /// Ed25519, verified strictly.
    Ed25519,
    /// RSA-PSS with SHA-256, also in its mask, of 2,048 to 8,192 bits.
    RsaPssSha256,
    /// ECDSA on P-256 over the digest.
    EcdsaP256,
    /// ECDSA on P-384 over the same digest.
    EcdsaP384,
}

/// Why a signature of others is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// The bytes are no key of the algorithm, as far as that is told apart from a signature that does not fit.
    #[error("{found} bytes are no public key of {algorithm}")]
    Key {
        /// What the key should be of.
        algorithm: Outside,
        /// Length found, in bytes.
        found: usize,
    },
    /// Key, signed bytes and signature do not belong together.
    #[error("the {algorithm} signature does not fit the key and the digest")]
    Invalid {
        /// What the signature should be of.
        algorithm: Outside,
    },
}

const RSA: RsaParameters = RSA_PSS_2048_8192_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);

impl Outside {
    /// Every algorithm.
    pub const ALL: [Self; 7] = [
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::Ed25519,
        Self::RsaPssSha256,
        Self::EcdsaP256,
        Self::EcdsaP384,
    ];

    /// The name in their records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MlDsa44 => "ML-DSA-44",
            Self::MlDsa65 => "ML-DSA-65",
            Self::MlDsa87 => "ML-DSA-87",
            Self::Ed25519 => "Ed25519",
            Self::RsaPssSha256 => "RSA-PSS-SHA256",
            Self::EcdsaP256 => "ECDSA-P256",
            Self::EcdsaP384 => "ECDSA-P384",
        }
    }

    /// The algorithm of exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a quantum computer is not known to forge it.
    pub const fn is_post_quantum(self) -> bool {
        match self {
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => true,
            Self::Ed25519 | Self::RsaPssSha256 | Self::EcdsaP256 | Self::EcdsaP384 => false,
        }
    }

    /// Length of a raw public key in bytes, where there is one spelling of it.
    const fn key_bytes(self) -> Option<usize> {
        match self {
            Self::MlDsa44 => Some(1312),
            Self::MlDsa65 => Some(1952),
            Self::MlDsa87 => Some(2592),
            Self::Ed25519 => Some(32),
            Self::RsaPssSha256 | Self::EcdsaP256 | Self::EcdsaP384 => None,
        }
    }

    /// Checks that `signature` by `key` is one over SHA-256 of `signed`.
    ///
    /// # Errors
    /// `Key` where the key alone is wrong, else `Invalid`.
    pub fn verify(self, key: &[u8], signed: &[u8], signature: &[u8]) -> Result<(), OutsideError> {
        let (found, algorithm) = (key.len(), self);
        if self.key_bytes().is_some_and(|expected| expected != found) {
            return Err(OutsideError::Key { algorithm, found });
        }
        let digest = sha256(signed);
        let of_aws = |aws: &'static dyn VerificationAlgorithm, message: &[u8]| {
            aws.verify_sig(key, message, signature).map_err(|_| OutsideError::Invalid { algorithm })
        };
        match self {
            Self::MlDsa44 => of_aws(&ML_DSA_44, digest.as_bytes()),
            Self::MlDsa65 => of_aws(&ML_DSA_65, digest.as_bytes()),
            Self::MlDsa87 => of_aws(&ML_DSA_87, digest.as_bytes()),
            Self::RsaPssSha256 if is_one_sequence(key) => of_aws(&RSA, signed),
            Self::EcdsaP256 if is_one_sequence(key) || is_point(key) => {
                of_aws(&ECDSA_P256_SHA256_ASN1, signed)
            }
            Self::EcdsaP384 if is_one_sequence(key) || is_point(key) => {
                of_aws(&ECDSA_P384_SHA256_ASN1, signed)
            }
            Self::RsaPssSha256 | Self::EcdsaP256 | Self::EcdsaP384 => {
                Err(OutsideError::Invalid { algorithm })
            }
            Self::Ed25519 => {
                let key = ed25519::Key::parse(key).map_err(|_| OutsideError::Key { algorithm, found })?;
                let held = key.verify(digest.as_bytes(), signature);
                held.map_err(|_| OutsideError::Invalid { algorithm })
            }
        }
    }
}

/// Whether the bytes are a SEQUENCE in DER and nothing behind it: the library reads a key and leaves what follows. X.690
/// §8.1.3, §10.1.
fn is_one_sequence(der: &[u8]) -> bool {
    match der {
        [0x30, length @ ..=0x7f, content @ ..] => content.len() == usize::from(*length),
        [0x30, 0x81, length @ 0x80..=0xff, content @ ..] => content.len() == usize::from(*length),
        [0x30, 0x82, high @ 1..=0xff, low, content @ ..] => {
            content.len() == usize::from(u16::from_be_bytes([*high, *low]))
        }
        _ => false,
    }
}

/// Whether the bytes begin as a point with or without compression does; the library also reads hybrid ones. SEC 1 §2.3.4.
fn is_point(key: &[u8]) -> bool {
    matches!(key.first(), Some(2..=4))
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
