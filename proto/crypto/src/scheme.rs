//! The registry of signature schemes: which exist, their numbers, names and sizes.
//!
//! A number or a name stands for exactly one scheme for ever; numbers are never reused. Whatever
//! differs between schemes and is not arithmetic is read from here.
//! Sources: RFC 8032 (Ed25519), FIPS 204 (ML-DSA-65), the round-3 Dilithium submission to NIST, FIPS 186-5 (ES256).

use std::fmt;

/// A signature scheme, with the number it has in canonical bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scheme {
    /// Ed25519, verified strictly.
    Ed25519 = 1,
    /// ML-DSA-65 as FIPS 204 defines it: pure, with the empty context.
    MlDsa65 = 2,
    /// Ed25519 beside ML-DSA-65; both halves must verify.
    HybridEd25519MlDsa65 = 3,
    /// Dilithium3 of round 3, which is not ML-DSA-65: imported keys are verified, never signed with.
    Dilithium3R3 = 4,
    /// Dilithium3 of round 3 beside Ed25519, as ProofNest joins them; both halves must verify. Imported too.
    HybridDilithium3R3Ed25519 = 6,
    /// ECDSA on P-256 with SHA-256: signs attestations that are JWTs, and nothing of the ledger's own.
    Es256 = 5,
}

impl Scheme {
    /// Every scheme, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Ed25519,
        Self::MlDsa65,
        Self::HybridEd25519MlDsa65,
        Self::Dilithium3R3,
        Self::Es256,
        Self::HybridDilithium3R3Ed25519,
    ];

    /// The number in canonical bytes.
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// The scheme with this number.
    pub fn parse(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.id() == id)
    }

    /// The name in text, which is also the JOSE `alg` of keys that have no registered one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::MlDsa65 => "ml-dsa-65",
            Self::HybridEd25519MlDsa65 => "ed25519+ml-dsa-65",
            Self::Dilithium3R3 => "dilithium3-r3",
            Self::HybridDilithium3R3Ed25519 => "dilithium3-r3+ed25519",
            Self::Es256 => "es256",
        }
    }

    /// The scheme with exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }

    /// Length of a public key, in bytes.
    pub const fn public_key_bytes(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::MlDsa65 | Self::Dilithium3R3 => 1952,
            Self::HybridEd25519MlDsa65 => 32 + 1952,
            Self::HybridDilithium3R3Ed25519 => 1952 + 32,
            // 0x04, x, y.
            Self::Es256 => 65,
        }
    }

    /// Length of a signature, in bytes.
    pub const fn signature_bytes(self) -> usize {
        match self {
            Self::Ed25519 | Self::Es256 => 64,
            Self::MlDsa65 => 3309,
            Self::HybridEd25519MlDsa65 => 64 + 3309,
            Self::Dilithium3R3 => 3293,
            Self::HybridDilithium3R3Ed25519 => 3293 + 64,
        }
    }

    /// Whether submissions may be signed with it, and identities list its keys. ES256 is for what is verified outside: its
    /// signatures are only unique because we refuse half of them, and no client of the ledger has to know it.
    pub const fn is_for_authors(self) -> bool {
        match self {
            Self::Ed25519
            | Self::MlDsa65
            | Self::HybridEd25519MlDsa65
            | Self::Dilithium3R3
            | Self::HybridDilithium3R3Ed25519 => true,
            Self::Es256 => false,
        }
    }

    /// Whether secret keys of this scheme are made here from a seed; without them it is verified, and signed with only in
    /// the name of those who made their keys elsewhere (`imported`).
    pub const fn signs(self) -> bool {
        match self {
            Self::Ed25519 | Self::MlDsa65 | Self::HybridEd25519MlDsa65 | Self::Es256 => true,
            Self::Dilithium3R3 | Self::HybridDilithium3R3Ed25519 => false,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_frozen() {
        // Both stand in committed blocks: a change here changes history.
        let frozen = [
            (1, "ed25519"),
            (2, "ml-dsa-65"),
            (3, "ed25519+ml-dsa-65"),
            (4, "dilithium3-r3"),
            (5, "es256"),
            (6, "dilithium3-r3+ed25519"),
        ];
        assert_eq!(Scheme::ALL.map(|scheme| (scheme.id(), scheme.name())), frozen);
    }

    #[test]
    fn numbers_and_names_lead_back_to_their_scheme() {
        for scheme in Scheme::ALL {
            assert_eq!(Scheme::parse(scheme.id()), Some(scheme));
            assert_eq!(Scheme::from_name(scheme.name()), Some(scheme));
        }
    }

    #[test]
    fn unknown_numbers_and_other_spellings_are_no_scheme() {
        for id in [0, 7, u32::MAX] {
            assert_eq!(Scheme::parse(id), None);
        }
        for name in ["", "Ed25519", "ML-DSA-65", "ml-dsa-65 ", "dilithium3", "ES256"] {
            assert_eq!(Scheme::from_name(name), None, "{name:?}");
        }
    }
}
