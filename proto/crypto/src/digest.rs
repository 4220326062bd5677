//! SHA-256 digests and the hasher that makes them.
//!
//! A digest is written as 64 lower-case hex digits everywhere; no other spelling is read.
//! Source: FIPS 180-4.

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

/// A SHA-256 digest: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; 32]);

/// Why bytes or text are not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The byte string has another length than 32.
    #[error("a digest has 32 bytes, this has {found}")]
    Length {
        /// Length found, in bytes.
        found: usize,
    },
    /// The text is not 64 lower-case hex digits.
    #[error("a digest is written as 64 lower-case hex digits")]
    Hex,
}

impl Digest {
    /// The all-zero digest: stands for "none yet" at the start of hash chains.
    pub const ZERO: Self = Self([0; 32]);

    /// Wraps 32 bytes that are known to be a digest.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a digest from a byte string of exactly 32 bytes.
    ///
    /// # Errors
    /// `Length` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, DigestError> {
        let array = bytes.try_into().map_err(|_| DigestError::Length { found: bytes.len() })?;
        Ok(Self(array))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..6]))
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        if text.len() != 64 || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(DigestError::Hex);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestError::Hex)?;
        Ok(Self(bytes))
    }
}

/// An incremental SHA-256.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// A hasher that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `bytes`.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The digest of all that was read.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// The SHA-256 of one byte string.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(sha2::Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_string_has_its_known_digest() {
        // FIPS 180-4 example values, NIST CSRC.
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b"").to_string(), text);
        assert_eq!(text.parse::<Digest>(), Ok(sha256(b"")));
    }

    #[test]
    fn only_lower_case_hex_of_full_length_is_read() {
        let text = sha256(b"").to_string();
        assert_eq!(text.to_uppercase().parse::<Digest>(), Err(DigestError::Hex));
        assert_eq!(text[1..].parse::<Digest>(), Err(DigestError::Hex));
        assert_eq!(Digest::from_slice(&[0; 31]), Err(DigestError::Length { found: 31 }));
    }
}
