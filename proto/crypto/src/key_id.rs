//! Key ids: the RFC 7638 thumbprint of a public key.
//!
//! Whoever has a key as JWK computes the same id, in any language; so the id is also the `kid`.
//! Sources: RFC 7638, RFC 7518 §6.2 (EC), RFC 8037 §2 (OKP), RFC 9964 (AKP).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::{Digest, sha256};
use crate::error::KeyIdError;
use crate::p256;
use crate::scheme::Scheme;

/// Length of a key id as text: 32 bytes in base64url without padding.
const TEXT_BYTES: usize = 43;

/// The thumbprint that names a public key. Written as 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Digest);

impl KeyId {
    /// Wraps a digest that is known to be a thumbprint.
    pub const fn new(digest: Digest) -> Self {
        Self(digest)
    }

    /// The thumbprint as digest.
    pub const fn digest(&self) -> Digest {
        self.0
    }

    /// Hashes the members RFC 7638 asks for, in lexical order and without white space.
    pub(crate) fn thumbprint(scheme: Scheme, public_key: &[u8]) -> Self {
        let key = URL_SAFE_NO_PAD.encode(public_key);
        let json = match scheme {
            Scheme::Ed25519 => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{key}"}}"#),
            Scheme::MlDsa65 => akp("ML-DSA-65", &key),
            Scheme::Es256 => {
                let (x, y) = p256::coordinates(public_key);
                let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            // None has a registered `alg`; our own name cannot collide with one, by its spelling.
            Scheme::HybridEd25519MlDsa65 | Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => {
                akp(scheme.name(), &key)
            }
        };
        Self(sha256(json.as_bytes()))
    }
}

fn akp(alg: &str, key: &str) -> String {
    format!(r#"{{"alg":"{alg}","kty":"AKP","pub":"{key}"}}"#)
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        if text.len() != TEXT_BYTES {
            return Err(KeyIdError::Length { found: text.len() });
        }
        // The engine refuses padding, and bits beyond the last byte that are not zero.
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyIdError::Base64Url)?;
        Digest::from_slice(&bytes).map(Self).map_err(|_| KeyIdError::Base64Url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_leads_back_to_the_id() {
        let id = KeyId::new(sha256(b"any"));
        assert_eq!(id.to_string().len(), TEXT_BYTES);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn one_spelling_only_is_read() {
        let zero = "A".repeat(43);
        assert_eq!(zero.parse(), Ok(KeyId::new(Digest::ZERO)));
        // The last character holds two bits that no byte uses: `B` sets one of them.
        let stray = format!("{}B", "A".repeat(42));
        assert_eq!(stray.parse::<KeyId>(), Err(KeyIdError::Base64Url));
        assert_eq!(format!("{}+", "A".repeat(42)).parse::<KeyId>(), Err(KeyIdError::Base64Url));
        assert_eq!(format!("{zero}=").parse::<KeyId>(), Err(KeyIdError::Length { found: 44 }));
        assert_eq!(format!("{}=", "A".repeat(42)).parse::<KeyId>(), Err(KeyIdError::Base64Url));
        assert_eq!("".parse::<KeyId>(), Err(KeyIdError::Length { found: 0 }));
    }
}
