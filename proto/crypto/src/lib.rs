//! Digests, keys and signature schemes: the ground under the ground floor.
//!
//! Nothing here reads a clock, a file or a socket; secrets enter as seeds. The sources of randomness are inside ML-DSA
//! signing, which the library hedges, and in `imported`, whose keys the library draws; all else, verdicts above all, is a
//! function of its inputs.
//!
//! - `digest` SHA-256; `shake` SHAKE256, for what others hashed; `scheme` the registry of signature schemes;
//! - `key`, `key_id`, `signature`, `secret` are what the house uses, whatever the scheme;
//! - `repeatable` is ML-DSA-65 whose signatures are functions of the message, for receipts;
//! - `ed25519`, `mldsa65`, `hybrid`, `p256`, `dilithium3`, `dilithium3_hybrid` are the schemes, one a file, seen only here;
//! - `imported` signs with the last two, in the name of others;
//! - `mldsa44` is no scheme of ours: witnesses cosign with it; nor are those of `outside`, which others sign evidence with;
//! - `derive` makes many seeds from one; `error` says why something was refused.
//!
//! Words: a key id is what JOSE calls `kid`, a seed what FIPS 204 calls ξ and RFC 8032 the private key.

pub mod defects;
mod derive;
pub mod digest;
mod dilithium3;
mod dilithium3_hybrid;
mod ed25519;
mod error;
mod hybrid;
mod imported;
mod key;
mod key_id;
mod mldsa44;
mod mldsa65;
mod outside;
mod p256;
mod repeatable;
mod scheme;
mod secret;
mod shake;
mod signature;

pub use derive::derive_seed;
pub use digest::{Digest, Hasher, sha256};
pub use error::{KeyError, KeyIdError, SignatureError};
pub use imported::{DILITHIUM3_SECRET_BYTES, ImportedSecret};
pub use key::PublicKey;
pub use key_id::KeyId;
pub use mldsa44::{MlDsa44Error, MlDsa44Key, MlDsa44Secret};
pub use outside::{Outside, OutsideError};
pub use repeatable::RepeatableMlDsa65;
pub use scheme::Scheme;
pub use secret::SecretKey;
pub use shake::shake256;
pub use signature::Signature;
