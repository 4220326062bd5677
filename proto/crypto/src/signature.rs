//! Signatures as bytes of a scheme, checked for length and nothing more.
//!
//! Whether one is valid is a question to a key: `PublicKey::verify`.

use std::fmt;
use std::sync::Arc;

use crate::error::SignatureError;
use crate::scheme::Scheme;

/// The bytes of a signature, with the scheme they belong to. Copies share the bytes: certificates hold many of them, and
/// are handed on much more often than they are made.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    scheme: Scheme,
    bytes: Arc<[u8]>,
}

impl Signature {
    /// Takes bytes as a signature of `scheme`.
    ///
    /// # Errors
    /// `Length` if `scheme`'s signatures have another length.
    pub fn parse(scheme: Scheme, bytes: &[u8]) -> Result<Self, SignatureError> {
        let expected = scheme.signature_bytes();
        if bytes.len() != expected {
            return Err(SignatureError::Length { scheme, expected, found: bytes.len() });
        }
        Ok(Self { scheme, bytes: bytes.into() })
    }

    /// The scheme the bytes belong to.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}…", self.scheme, hex::encode(&self.bytes[..6]))
    }
}
