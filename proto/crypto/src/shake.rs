//! SHAKE256: the hash of ProofNest's ids, names and evidence, and of nothing of our own.
//!
//! Whatever this ledger hashes itself it hashes with SHA-256 (`digest`). Source: FIPS 202 §6.2.

use shake::{ExtendableOutput as _, Shake256, Update as _, XofReader as _};

/// The first `N` bytes of the SHAKE256 of `bytes`.
pub fn shake256<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut hasher = Shake256::default();
    hasher.update(bytes);
    let mut out = [0; N];
    hasher.finalize_xof().read(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_string_has_its_known_digest() {
        // NIST CSRC, example values of SHAKE256 for the message of 0 bits.
        let expected = "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f";
        assert_eq!(hex::encode(shake256::<32>(b"")), expected);
        // A shorter output is the beginning of a longer one.
        assert_eq!(hex::encode(shake256::<20>(b"")), expected[..40]);
    }
}
