//! Whom to believe about evidence: a trust root, the bundle of keys that it vouches for, and the list of what was revoked.
//!
//! A root names the keys that may change it and the keys that work, and is signed by as many of the former as it says. A
//! bundle lists the keys that sign evidence, is signed by one of the latter, and carries a Merkle log of revocations, which
//! only grows. Here they are read, written and hashed; they are judged in `ledger/verify/src/evidence`.
//! Source: the published trust documents of QuantumLock; `ledger/verify/EVIDENCE.md`, where it leaves something open.

mod bundle;
mod revocation;
mod root;

pub use bundle::{BundleSignature, ListedKey, TrustBundle};
pub use revocation::{Revocation, RevocationCheckpoint, RevocationHead};
pub use root::{OperationalKey, RootKey, RootSignature, RootTerms, TrustRoot};

/// The role of a key that may sign a trust bundle.
pub const BUNDLE_SIGNING: &str = "bundle_signing";
/// The role of a key that may sign evidence.
pub const EVIDENCE_SIGNING: &str = "evidence_signing";
/// Longest public key, in bytes: more than that of any algorithm.
pub const PUBLIC_KEY_BYTES_MAX: usize = 8_192;
