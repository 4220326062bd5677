//! Seeds derived from one master seed.
//!
//! A node keeps one secret and derives a seed for each role; a seed tells nothing about its siblings or
//! the master. The derivation is frozen: other bytes here would be other keys everywhere.
//! Source: RFC 5869, with SHA-256.

use hkdf::Hkdf;
use sha2::Sha256;

/// Separates these seeds from anything else derived from the same master by HKDF.
const SALT: &[u8] = b"quorate/keys/v1";

/// Derives the 32-byte seed for `role` from `master`. The caller wipes the result when done with it.
pub fn derive_seed(master: &[u8; 32], role: &str) -> [u8; 32] {
    let mut seed = [0; 32];
    Hkdf::<Sha256>::new(Some(SALT), master)
        .expand(role.as_bytes(), &mut seed)
        .expect("32 bytes are one block, HKDF gives up to 255");
    seed
}
