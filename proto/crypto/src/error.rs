//! Why keys, signatures and key ids are refused.
//!
//! Every refusal here is permanent: the same bytes are refused again, on every machine.

use crate::scheme::Scheme;

/// Why bytes are not a key of the scheme they claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes have another length than the scheme's public keys.
    #[error("a public key of {scheme} has {expected} bytes, this has {found}")]
    Length {
        /// Scheme the key was read as.
        scheme: Scheme,
        /// Length of that scheme's keys, in bytes.
        expected: usize,
        /// Length found, in bytes.
        found: usize,
    },
    /// The Ed25519 key, or half, is not the encoding of a point of the curve.
    #[error("the ed25519 key is not a point of the curve")]
    NotAPoint,
    /// The Ed25519 key, or half, spells its point in another way than the one RFC 8032 allows.
    #[error("the ed25519 key is not the canonical encoding of its point")]
    NotCanonical,
    /// The Ed25519 key, or half, has small order: one signature would fit almost any message.
    #[error("the ed25519 key is a point of small order")]
    SmallOrder,
    /// The ES256 key is not a point of P-256, written without compression.
    #[error("the es256 key is not 0x04 and the two coordinates of a point of P-256")]
    NotOnP256,
    /// The scheme is verified here, never signed with.
    #[error("{scheme} is verified only: there are no secret keys for it")]
    VerifyOnly {
        /// The scheme asked for.
        scheme: Scheme,
    },
    /// Keys of the scheme are made from a seed, and in no other way.
    #[error("keys of {scheme} are made from a seed")]
    Seedless {
        /// The scheme asked for.
        scheme: Scheme,
    },
    /// The bytes have another length than the scheme's secret keys.
    #[error("a secret key of {scheme} has {expected} bytes, this has {found}")]
    SecretLength {
        /// Scheme the key was read as.
        scheme: Scheme,
        /// Length of that scheme's secret keys, in bytes.
        expected: usize,
        /// Length found, in bytes.
        found: usize,
    },
    /// A secret key beside a public key that is not its own.
    #[error("the secret key of {scheme} does not belong to the public key")]
    OtherSecret {
        /// The scheme.
        scheme: Scheme,
    },
    /// The library refused the seed.
    #[error("the {scheme} library refused the seed")]
    Seed {
        /// The scheme asked for.
        scheme: Scheme,
    },
}

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The bytes have another length than the scheme's signatures.
    #[error("a signature of {scheme} has {expected} bytes, this has {found}")]
    Length {
        /// Scheme the signature was read as.
        scheme: Scheme,
        /// Length of that scheme's signatures, in bytes.
        expected: usize,
        /// Length found, in bytes.
        found: usize,
    },
    /// Key and signature belong to different schemes.
    #[error("a signature of {signature} under a key of {key}")]
    OtherScheme {
        /// The key's scheme.
        key: Scheme,
        /// The signature's scheme.
        signature: Scheme,
    },
    /// The signature does not belong to this key and message.
    #[error("the {scheme} signature does not fit the key and the message")]
    Invalid {
        /// The scheme that refused; inside a hybrid signature, the scheme of the half that refused.
        scheme: Scheme,
    },
}

/// Why text is not a key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyIdError {
    /// The text has another length than 43 characters.
    #[error("a key id has 43 characters, this has {found} bytes")]
    Length {
        /// Length found, in bytes.
        found: usize,
    },
    /// The text is not the one base64url spelling, without padding and stray bits, of 32 bytes.
    #[error("a key id is canonical base64url without padding")]
    Base64Url,
}
