//! The PROOF primitive: a claim with its evidence, signed by an identity of ProofNest.
//!
//! Told whole, its id follows from nine fields and is never written: bytes cannot say another. Told by hashes, as clients
//! do that only anchor a proof they keep, the id is its issuer's word. In both forms the issuer's key signs the text of the
//! id. Metadata, an expiry and a place in a chain are outside the id, and covered only by who signs the submission.
//! Source: ProofNest 0.2.1 by what it writes; transcripts in `canon/proofnest.rs`, rules in `ledger/STATE.md`, N1 to N8.

use std::fmt;
use std::str::FromStr;

use crypto::{Digest, PublicKey, Signature, sha256};

use crate::canon::proofnest::NineFields;
use crate::counter::TimeMs;
use crate::id::Did;

/// Longest claim, in bytes.
pub const CLAIM_BYTES_MAX: usize = 32 << 10;
/// Longest metadata, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 8 << 10;
/// Longest name of a chain, in bytes.
pub const CHAIN_BYTES_MAX: usize = 128;
/// How far ahead of block time a proof's own time may be, in milliseconds.
pub const AHEAD_MS_MAX: u64 = 60_000;

/// What stands before the digest of an id.
const PREFIX: &str = "proof:";

/// The name of a proof: written `proof:` and 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofId(Digest);

/// Why a text is no id of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proof is named proof: and 64 lower-case hex digits")]
pub struct ProofIdError;

impl ProofId {
    /// Gives a digest this meaning.
    pub const fn new(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn digest(&self) -> &Digest {
        &self.0
    }

    /// The 32 bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Reads an id as clients spell it: with the prefix, with a second one, or without any.
    ///
    /// # Errors
    /// `ProofIdError`.
    pub fn parse_spelt(text: &str) -> Result<Self, ProofIdError> {
        let digest = text.strip_prefix(PREFIX).unwrap_or(text);
        let digest = digest.strip_prefix(PREFIX).unwrap_or(digest);
        digest.parse().map(Self).map_err(|_| ProofIdError)
    }
}

impl fmt::Display for ProofId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl fmt::Debug for ProofId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:?}", self.0)
    }
}

impl FromStr for ProofId {
    type Err = ProofIdError;

    fn from_str(text: &str) -> Result<Self, ProofIdError> {
        text.strip_prefix(PREFIX).and_then(|digest| digest.parse().ok()).map(Self).ok_or(ProofIdError)
    }
}

/// What kind of proof it is. The number stands in canonical bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `CLAIM`
    Claim = 1,
    /// `IDENTITY`
    Identity = 2,
    /// `WORK`
    Work = 3,
    /// `TRUTH`
    Truth = 4,
    /// `VALUE`
    Value = 5,
    /// `DECISION`
    Decision = 6,
    /// `RELATION`
    Relation = 7,
    /// `HISTORY`
    History = 8,
    /// `KNOWLEDGE`
    Knowledge = 9,
    /// `CONTRACT`
    Contract = 10,
    /// `TRUST`
    Trust = 11,
    /// `DELEGATION`
    Delegation = 12,
    /// `REVOCATION`
    Revocation = 13,
    /// `ATTESTATION`
    Attestation = 14,
    /// `CUSTOM`
    Custom = 15,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Claim,
        Self::Identity,
        Self::Work,
        Self::Truth,
        Self::Value,
        Self::Decision,
        Self::Relation,
        Self::History,
        Self::Knowledge,
        Self::Contract,
        Self::Trust,
        Self::Delegation,
        Self::Revocation,
        Self::Attestation,
        Self::Custom,
    ];

    /// The number in canonical bytes.
    pub const fn id(self) -> u32 {
        self as u32
    }

    /// The kind with this number.
    pub fn parse(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "CLAIM",
            Self::Identity => "IDENTITY",
            Self::Work => "WORK",
            Self::Truth => "TRUTH",
            Self::Value => "VALUE",
            Self::Decision => "DECISION",
            Self::Relation => "RELATION",
            Self::History => "HISTORY",
            Self::Knowledge => "KNOWLEDGE",
            Self::Contract => "CONTRACT",
            Self::Trust => "TRUST",
            Self::Delegation => "DELEGATION",
            Self::Revocation => "REVOCATION",
            Self::Attestation => "ATTESTATION",
            Self::Custom => "CUSTOM",
        }
    }

    /// The kind of exactly this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a proof rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Bytes that somebody keeps, by their SHAKE256: `shake256:<64 hex digits>`.
    Hash(Digest),
    /// Another proof: `proof:proof:<64 hex digits>`, with both prefixes.
    Proof(ProofId),
}

/// Why a text names no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence is shake256: or proof:proof:, and 64 lower-case hex digits")]
pub struct EvidenceError;

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(digest) => write!(f, "shake256:{digest}"),
            Self::Proof(proof) => write!(f, "{PREFIX}{proof}"),
        }
    }
}

impl FromStr for Evidence {
    type Err = EvidenceError;

    fn from_str(text: &str) -> Result<Self, EvidenceError> {
        let hash = text.strip_prefix("shake256:").and_then(|digest| digest.parse().ok()).map(Self::Hash);
        let proof = || text.strip_prefix(PREFIX).and_then(|proof| proof.parse().ok()).map(Self::Proof);
        hash.or_else(proof).ok_or(EvidenceError)
    }
}

/// A proof as it is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primitive {
    /// Who claims it.
    pub issuer: Did,
    /// The issuer's key.
    pub key: PublicKey,
    /// That key's signature over the text of the id.
    pub signature: Signature,
    /// When, in seconds since 1970, as the issuer says.
    pub timestamp_s: u64,
    /// What of it is told.
    pub told: Told,
    /// JSON, as its author wrote it; empty when there is none. The id does not cover it.
    pub metadata: String,
    /// Block time from which it is no longer valid, in seconds since 1970. The id does not cover it.
    pub expires_at_s: Option<u64>,
    /// Its place in a chain of proofs. The id does not cover it.
    pub place: Option<Place>,
}

/// What of a proof is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// All that its id is a digest of, so the id follows.
    Whole(Whole),
    /// Its id and the digest of its claim, as its issuer says them.
    Hashes {
        /// The id.
        id: ProofId,
        /// SHA-256 of the claim.
        claim: Digest,
    },
}

/// What the id is a digest of, beside the issuer and the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// What kind of proof it is.
    pub kind: Kind,
    /// What is claimed.
    pub claim: String,
    /// Whom or what it is about; never empty.
    pub subject: Option<String>,
    /// What it rests on.
    pub evidence: Option<Evidence>,
    /// Tells apart proofs that are otherwise equal.
    pub nonce: [u8; 16],
    /// The proof it follows.
    pub previous: Option<ProofId>,
}

/// A place in a chain, which belongs to its issuer and grows by one proof at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The chain's name among those of its issuer; never empty.
    pub chain: String,
    /// Which proof of it, from 0.
    pub index: u64,
}

impl Primitive {
    /// The proof's name.
    pub fn id(&self) -> ProofId {
        match &self.told {
            Told::Whole(whole) => whole.id(&self.issuer, self.timestamp_s),
            Told::Hashes { id, claim: _ } => *id,
        }
    }

    /// SHA-256 of the claim.
    pub fn claim_hash(&self) -> Digest {
        match &self.told {
            Told::Whole(whole) => sha256(whole.claim.as_bytes()),
            Told::Hashes { id: _, claim } => *claim,
        }
    }

    /// What the issuer's key signs: the text of the id.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.id().to_string().into_bytes()
    }

    /// Whether it says anything that the id does not cover.
    pub fn says_more(&self) -> bool {
        !self.metadata.is_empty() || self.expires_at_s.is_some() || self.place.is_some()
    }

    /// Block time from which it is no longer valid.
    pub fn expires_at(&self) -> Option<TimeMs> {
        self.expires_at_s.map(|seconds| TimeMs::new(seconds.saturating_mul(1_000)))
    }
}

impl Whole {
    /// The id that follows, of this issuer's and time's.
    pub fn id(&self, issuer: &Did, timestamp_s: u64) -> ProofId {
        self.fields(issuer, timestamp_s).id()
    }

    /// The nine fields.
    pub fn fields<'a>(&'a self, issuer: &'a Did, timestamp_s: u64) -> NineFields<'a> {
        let Self { kind, claim, subject, evidence, nonce, previous } = self;
        NineFields {
            kind: *kind,
            claim,
            issuer,
            subject: subject.as_deref(),
            evidence: evidence.as_ref(),
            timestamp_s,
            nonce,
            previous: previous.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_what_they_name() {
        for kind in Kind::ALL {
            assert_eq!((Kind::parse(kind.id()), Kind::from_name(kind.name())), (Some(kind), Some(kind)));
        }
        assert_eq!((Kind::parse(0), Kind::parse(16), Kind::from_name("claim")), (None, None, None));
        let id = ProofId::new(sha256(b"any"));
        assert_eq!(id.to_string().parse(), Ok(id));
        for spelt in [id.to_string(), id.digest().to_string(), format!("proof:{id}")] {
            assert_eq!(ProofId::parse_spelt(&spelt), Ok(id));
        }
        for evidence in [Evidence::Hash(sha256(b"any")), Evidence::Proof(id)] {
            assert_eq!(evidence.to_string().parse(), Ok(evidence));
        }
        for bad in ["", "proof:", "proof:00", &id.digest().to_string(), &id.to_string().to_uppercase()] {
            assert_eq!(bad.parse::<ProofId>(), Err(ProofIdError), "{bad}");
        }
        // A reference to a proof has both prefixes.
        for bad in [id.to_string(), format!("sha256:{}", id.digest()), format!("proof:{}", id.digest())] {
            assert_eq!(bad.parse::<Evidence>(), Err(EvidenceError), "{bad}");
        }
    }
}
