//! Evidence keys: what signs bundles of evidence, and bundles of trust, and nothing else.
//!
//! They sign digests for verifiers who know no ledger, so they are no identities and say nothing here by themselves: a
//! validator's service lists them, with their consent, and revokes them. What both may do is in `ledger/STATE.md`, rules
//! J9 to J11.

use std::fmt;

use crypto::{Digest, KeyId, Outside, PublicKey, Scheme, Signature};

use crate::counter::TimeMs;
use crate::domain::Domain;
use crate::evidence;
use crate::id::{Did, NetworkId};
use crate::job::{JobNameError, plain};

/// Longest reason of a revocation, in bytes.
pub const REVOCATION_REASON_BYTES_MAX: usize = 1_024;

/// What a key is called by those who know it by name: `ql_key_prod_001`. 1 to 64 of `A-Z a-z 0-9 _ -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignerName(String);

impl SignerName {
    /// Longest name, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Reads a name.
    ///
    /// # Errors
    /// `JobNameError`.
    pub fn parse(text: &str) -> Result<Self, JobNameError> {
        plain(text, "an evidence key").map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key may sign. The numbers stand in canonical bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerRoles {
    /// Bundles of evidence.
    Evidence = 1,
    /// Bundles of trust.
    Trust = 2,
    /// Both.
    Both = 3,
}

impl SignerRoles {
    /// Every one, in the order of its number.
    pub const ALL: [Self; 3] = [Self::Evidence, Self::Trust, Self::Both];

    /// Its number.
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// The roles of this number.
    pub fn parse(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|roles| roles.id() == id)
    }

    /// Whether it signs bundles of evidence.
    pub const fn signs_evidence(self) -> bool {
        match self {
            Self::Evidence | Self::Both => true,
            Self::Trust => false,
        }
    }

    /// Whether it signs bundles of trust.
    pub const fn signs_trust(self) -> bool {
        match self {
            Self::Trust | Self::Both => true,
            Self::Evidence => false,
        }
    }

    /// Their names, as trust documents write them.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Evidence => &["evidence_signing"],
            Self::Trust => &["bundle_signing"],
            Self::Both => &["evidence_signing", "bundle_signing"],
        }
    }
}

/// A key that is to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerListing {
    /// What it is called.
    pub name: SignerName,
    /// The key, of a scheme that signs evidence.
    pub key: PublicKey,
    /// What it may sign.
    pub roles: SignerRoles,
    /// From when on what it signs is good.
    pub valid_from: TimeMs,
    /// From when on it is not; later than `valid_from`.
    pub valid_until: TimeMs,
    /// Its signature over [`SignerListing::possession_bytes`].
    pub possession: Signature,
}

impl SignerListing {
    /// What the key signs to be listed: the author's length (u32, big-endian) and text, the same of the name, the roles
    /// (u32), both times in milliseconds (u64), and the key's id.
    pub fn possession_bytes(&self, network: &NetworkId, author: &Did) -> Vec<u8> {
        let Self { name, key, roles, valid_from, valid_until, possession: _ } = self;
        let mut message = Vec::new();
        for text in [author.as_str(), name.as_str()] {
            message.extend_from_slice(&(text.len() as u32).to_be_bytes());
            message.extend_from_slice(text.as_bytes());
        }
        message.extend_from_slice(&roles.id().to_be_bytes());
        message.extend_from_slice(&valid_from.get().to_be_bytes());
        message.extend_from_slice(&valid_until.get().to_be_bytes());
        message.extend_from_slice(key.id().digest().as_bytes());
        Domain::SignerPossession.signed_bytes(network, &message)
    }
}

/// What is done with an evidence key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerChange {
    /// `signer.list`: it signs from now on.
    List(Box<SignerListing>),
    /// `signer.revoke`: it signs no more.
    Revoke {
        /// Its thumbprint.
        key: KeyId,
        /// Why, for people.
        reason: String,
        /// From when on what it signed is not believed; none: the block's time.
        from: Option<TimeMs>,
    },
}

impl SignerChange {
    /// The operation's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "signer.list",
            Self::Revoke { .. } => "signer.revoke",
        }
    }

    /// The thumbprint of the key it speaks of.
    pub fn key(&self) -> KeyId {
        match self {
            Self::List(listing) => listing.key.id(),
            Self::Revoke { key, .. } => *key,
        }
    }
}

/// The algorithm by which others know a scheme that signs evidence; none for those that they do not verify.
pub const fn algorithm(scheme: Scheme) -> Option<Outside> {
    match scheme {
        Scheme::Ed25519 => Some(Outside::Ed25519),
        Scheme::MlDsa65 => Some(Outside::MlDsa65),
        Scheme::Es256 => Some(Outside::EcdsaP256),
        Scheme::HybridEd25519MlDsa65 | Scheme::Dilithium3R3 | Scheme::HybridDilithium3R3Ed25519 => None,
    }
}

/// What an evidence key signs for a bundle's hash. Keys of ES256 hash their message themselves, so theirs is the text.
pub fn message(scheme: Scheme, bundle: &Digest) -> Vec<u8> {
    match scheme {
        Scheme::Es256 => evidence::signed(bundle).into_bytes(),
        Scheme::Ed25519
        | Scheme::MlDsa65
        | Scheme::HybridEd25519MlDsa65
        | Scheme::Dilithium3R3
        | Scheme::HybridDilithium3R3Ed25519 => evidence::message(bundle).as_bytes().to_vec(),
    }
}

/// A signature as others read it: those of ES256 in DER, all others as they are.
pub fn spelt(signature: &Signature) -> Vec<u8> {
    let bytes = signature.as_bytes();
    if signature.scheme() != Scheme::Es256 {
        return bytes.to_vec();
    }
    let mut numbers = Vec::new();
    for number in bytes.chunks(32) {
        // The shortest form, with a zero before a first bit that would be taken for a sign.
        let zeros = number.iter().take_while(|byte| **byte == 0).count().min(31);
        let digits = number.get(zeros..).unwrap_or_default();
        let sign: &[u8] = if digits.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
        numbers.extend_from_slice(&[2, (sign.len() + digits.len()) as u8]);
        numbers.extend_from_slice(sign);
        numbers.extend_from_slice(digits);
    }
    [&[0x30, numbers.len() as u8], &numbers[..]].concat()
}

#[cfg(test)]
mod tests {
    use crypto::{SecretKey, sha256};

    use super::*;

    #[test]
    fn roles_are_read_by_number_and_sign_what_they_say() {
        for roles in SignerRoles::ALL {
            assert_eq!(SignerRoles::parse(roles.id()), Some(roles));
            assert_eq!(roles.names().contains(&"evidence_signing"), roles.signs_evidence());
            assert_eq!(roles.names().contains(&"bundle_signing"), roles.signs_trust());
        }
        assert_eq!((SignerRoles::parse(0), SignerRoles::parse(4)), (None, None));
    }

    #[test]
    fn names_are_bounded_and_plain() {
        assert!(SignerName::parse("ql_key_prod_001").is_ok());
        for text in ["", "a b", "a#b", "é", &"c".repeat(65)] {
            assert!(SignerName::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_signs_evidence_is_verified_by_others() {
        let bundle = sha256(b"bundle");
        for scheme in Scheme::ALL {
            let Some(algorithm) = algorithm(scheme) else { continue };
            // Many, so that numbers with zeros in front and with a first bit are among them.
            for n in 0..40 {
                let secret = SecretKey::from_seed(scheme, &[n; 32]).expect("a scheme that signs");
                let signature = spelt(&secret.sign(&message(scheme, &bundle)));
                let (key, signed) = (secret.public().as_bytes(), evidence::signed(&bundle));
                assert_eq!(algorithm.verify(key, signed.as_bytes(), &signature), Ok(()), "{scheme} {n}");
                let other = evidence::signed(&sha256(b"another"));
                assert!(algorithm.verify(key, other.as_bytes(), &signature).is_err());
            }
        }
        assert_eq!(algorithm(Scheme::HybridEd25519MlDsa65), None);
    }
}
