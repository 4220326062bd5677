//! Digests, keys and signature schemes: the ground under the ground floor.
//!
//! Nothing here does I/O, reads a clock or draws randomness; secrets enter as seeds.

pub mod digest;

pub use digest::{Digest, Hasher, sha256};
