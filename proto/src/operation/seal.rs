//! Attestations that are JWTs, put on the ledger as they were signed.
//!
//! The token is opaque here: what the state machine judges is said beside it, and who verifies the token compares. It
//! stands in the log whole, so that every node can give it out, and it says nothing but digests.

use std::fmt;

use crypto::{Digest, KeyId};

use super::issuer::{IssuerDid, is_plain};

/// Longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8_192;

/// Names an attestation: `att_` and 1 to 60 of `a-z 0-9`. The `jti` of its token.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttestationId(String);

/// Names a chain of attestations of one issuer: 1 to 128 of `A-Z a-z 0-9 . _ : -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(String);

/// Why a text is no name of an attestation or chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealNameError {
    /// Not an attestation.
    #[error("an attestation is att_ with 1 to 60 of a-z 0-9 behind; this is {found:?}")]
    Attestation {
        /// The text found, shortened.
        found: String,
    },
    /// Not a chain.
    #[error("a chain is 1 to 128 of A-Z a-z 0-9 . _ : -; this is {found:?}")]
    Chain {
        /// The text found, shortened.
        found: String,
    },
}

impl AttestationId {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Reads a name.
    ///
    /// # Errors
    /// `SealNameError::Attestation`.
    pub fn parse(text: &str) -> Result<Self, SealNameError> {
        let rest = text.strip_prefix("att_").unwrap_or_default();
        let plain = rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        match !rest.is_empty() && text.len() <= Self::BYTES_MAX && plain {
            true => Ok(Self(text.to_owned())),
            false => Err(SealNameError::Attestation { found: text.chars().take(80).collect() }),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ChainId {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = 128;

    /// Reads a name.
    ///
    /// # Errors
    /// `SealNameError::Chain`.
    pub fn parse(text: &str) -> Result<Self, SealNameError> {
        match !text.is_empty() && text.len() <= Self::BYTES_MAX && text.bytes().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(SealNameError::Chain { found: text.chars().take(80).collect() }),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttestationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AttestationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an attestation stands in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The chain.
    pub chain: ChainId,
    /// Its place, from 0.
    pub index: u64,
    /// The one before it; none at 0.
    pub previous: Option<AttestationId>,
}

/// An attestation and what its token says, as far as the ledger has rules about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its name, the token's `jti`.
    pub id: AttestationId,
    /// Who issued it, the token's `iss`.
    pub issuer: IssuerDid,
    /// Thumbprint of the key that signed the token.
    pub key: KeyId,
    /// SHA-256 of what was asked.
    pub query: Digest,
    /// SHA-256 of what proves the answer.
    pub proof: Digest,
    /// When it was signed, in seconds since 1970: the token's `iat`.
    pub issued_at_s: u64,
    /// From when it no longer holds, in seconds since 1970: the token's `exp`.
    pub expires_at_s: u64,
    /// Its place in a chain, if it has one.
    pub link: Option<ChainLink>,
    /// The token: a JWS in compact form.
    pub token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_plain() {
        assert!(AttestationId::parse("att_xyz789").is_ok());
        let long = format!("att_{}", "a".repeat(61));
        for text in ["", "att_", "att_A", "xyz", "att_a-b", &long] {
            assert!(AttestationId::parse(text).is_err(), "{text:?}");
        }
        assert!(ChainId::parse("chain_abc").is_ok());
        for text in ["", "a b", "a/b", &"c".repeat(129)] {
            assert!(ChainId::parse(text).is_err(), "{text:?}");
        }
    }
}
