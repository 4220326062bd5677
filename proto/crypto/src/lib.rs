//! Digests, keys and signature schemes: the ground under the ground floor.
//!
//! Nothing here reads a clock, a file or a socket; secrets enter as seeds. The one source of
//! randomness is inside ML-DSA signing, which the library hedges; keys, ids and verdicts are functions
//! of their inputs.
//!
//! - `digest` SHA-256; `scheme` the registry of signature schemes;
//! - `key`, `key_id`, `signature`, `secret` are what the house uses, whatever the scheme;
//! - `repeatable` is ML-DSA-65 whose signatures are functions of the message, for receipts;
//! - `ed25519`, `mldsa65`, `hybrid`, `dilithium3` are the schemes, one a file, seen only here;
//! - `mldsa44` is no scheme of ours: witnesses cosign with it;
//! - `derive` makes many seeds from one; `error` says why something was refused.
//!
//! Words: a key id is what JOSE calls `kid`, a seed what FIPS 204 calls ξ and RFC 8032 the private key.

pub mod defects;
mod derive;
pub mod digest;
mod dilithium3;
mod ed25519;
mod error;
mod hybrid;
mod key;
mod key_id;
mod mldsa44;
mod mldsa65;
mod repeatable;
mod scheme;
mod secret;
mod signature;

pub use derive::derive_seed;
pub use digest::{Digest, Hasher, sha256};
pub use error::{KeyError, KeyIdError, SignatureError};
pub use key::PublicKey;
pub use key_id::KeyId;
pub use mldsa44::{MlDsa44Error, MlDsa44Key, MlDsa44Secret};
pub use repeatable::RepeatableMlDsa65;
pub use scheme::Scheme;
pub use secret::SecretKey;
pub use signature::Signature;
