//! What was found of a record of evidence: each check with its outcome, the verdict, and the details others ask for.
//!
//! The codes, their order, and the numbers of the verdicts are stable; scripts match on them.

use proto::evidence::Level;

use super::fault::EvidenceFault;

/// A check, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceCode {
    /// Every item has the digest that stands beside it.
    ContentHashes,
    /// The root is that over these digests.
    MerkleRoot,
    /// The bundle hash is that of header, digests and root.
    BundleHash,
    /// The trust root is the one that is pinned, or follows from it.
    TrustRoot,
    /// A key that the root names signed the bundle of keys, and recently.
    TrustBundle,
    /// The list of revocations is whole, and grew from the one that was kept.
    Revocations,
    /// Somebody signed this record, and not another.
    Attestation,
    /// The key is listed, and the one that the envelope names.
    Key,
    /// The signature fits key and bundle hash.
    Signature,
    /// The key was good when it signed.
    KeyValidity,
    /// The key was not revoked when it signed.
    KeyRevocation,
    /// The record claims no more than it shows.
    Claim,
    /// The files are those that it describes.
    Artifacts,
    /// It shows as much as was asked for.
    Level,
}

impl EvidenceCode {
    /// Every check, in order.
    pub const ALL: [Self; 14] = [
        Self::ContentHashes,
        Self::MerkleRoot,
        Self::BundleHash,
        Self::TrustRoot,
        Self::TrustBundle,
        Self::Revocations,
        Self::Attestation,
        Self::Key,
        Self::Signature,
        Self::KeyValidity,
        Self::KeyRevocation,
        Self::Claim,
        Self::Artifacts,
        Self::Level,
    ];
    /// Those about the key, in order.
    pub(super) const OF_KEY: [Self; 4] = [Self::Key, Self::Signature, Self::KeyValidity, Self::KeyRevocation];

    /// The code's stable spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ContentHashes => "content_hashes",
            Self::MerkleRoot => "merkle_root",
            Self::BundleHash => "bundle_hash",
            Self::TrustRoot => "trust_root",
            Self::TrustBundle => "trust_bundle",
            Self::Revocations => "revocations",
            Self::Attestation => "attestation",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::KeyValidity => "key_validity",
            Self::KeyRevocation => "key_revocation",
            Self::Claim => "claim",
            Self::Artifacts => "artifacts",
            Self::Level => "level",
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceOutcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed(EvidenceFault),
    /// Whether it holds cannot be told here.
    Unknown(EvidenceFault),
    /// It held, and what says so is older than it may be.
    Stale(EvidenceFault),
    /// It holds as far as it goes: nothing was said about revocations.
    WithoutStatus,
    /// It was not made.
    Skipped(&'static str),
}

impl EvidenceOutcome {
    /// The word for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
            Self::Stale(_) => "stale",
            Self::WithoutStatus => "without_status",
            Self::Skipped(_) => "skipped",
        }
    }

    /// Why it is not passed; empty where it is.
    pub fn detail(&self) -> String {
        match self {
            Self::Passed => String::new(),
            Self::Failed(fault) | Self::Unknown(fault) | Self::Stale(fault) => fault.to_string(),
            Self::WithoutStatus => "what was revoked was not told".to_owned(),
            Self::Skipped(why) => (*why).to_owned(),
        }
    }

    const fn verdict(&self) -> Verdict {
        match self {
            Self::Passed | Self::Skipped(_) => Verdict::Verified,
            Self::WithoutStatus => Verdict::OfflineWithoutStatus,
            Self::Stale(_) => Verdict::Stale,
            Self::Unknown(_) => Verdict::Unknown,
            Self::Failed(_) => Verdict::Failed,
        }
    }

    /// Whether it held; none where that is not known.
    const fn held(&self) -> Option<bool> {
        match self {
            Self::Passed | Self::WithoutStatus | Self::Stale(_) => Some(true),
            Self::Failed(_) => Some(false),
            Self::Unknown(_) | Self::Skipped(_) => None,
        }
    }
}

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceCheck {
    /// Which.
    pub code: EvidenceCode,
    /// How it ended.
    pub outcome: EvidenceOutcome,
}

/// What is to be made of it all. Ordered: the later one overrides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything holds.
    Verified,
    /// Everything holds; whether the key was revoked since was not told.
    OfflineWithoutStatus,
    /// Everything held, by trust documents that are too old.
    Stale,
    /// It cannot be told here.
    Unknown,
    /// Something does not hold.
    Failed,
}

impl Verdict {
    /// Every verdict, the best first.
    pub const ALL: [Self; 5] =
        [Self::Verified, Self::OfflineWithoutStatus, Self::Stale, Self::Unknown, Self::Failed];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "VERIFIED",
            Self::OfflineWithoutStatus => "OFFLINE_WITHOUT_STATUS",
            Self::Stale => "STALE",
            Self::Unknown => "UNKNOWN",
            Self::Failed => "FAILED",
        }
    }

    /// Its number, with which a command ends.
    pub const fn code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Failed => 1,
            Self::Unknown => 2,
            Self::Stale => 3,
            Self::OfflineWithoutStatus => 4,
        }
    }
}

/// What a record claims and shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFacts {
    /// What it claims to be.
    pub claimed: Level,
    /// What is confirmed of that.
    pub confirmed: Level,
    /// From the root to the key that signed, where that is believed.
    pub chain: Option<String>,
}

/// All checks, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceReport {
    /// The checks.
    pub checks: Vec<EvidenceCheck>,
    /// What it shows.
    pub facts: EvidenceFacts,
}

/// The four details of a verification, each by itself; none: not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealDetails {
    /// Every digest holds, and the signature is about them.
    pub bundle_hash_verified: Option<bool>,
    /// The signature fits the key that is named.
    pub signature_valid: Option<bool>,
    /// The key was not revoked when it signed.
    pub key_not_revoked: Option<bool>,
    /// The key was good when it signed.
    pub timestamp_within_validity: Option<bool>,
}

impl EvidenceReport {
    pub(super) fn new(checks: Vec<EvidenceCheck>, facts: EvidenceFacts) -> Self {
        debug_assert!(checks.iter().map(|check| check.code).eq(EvidenceCode::ALL));
        Self { checks, facts }
    }

    /// The worst of all.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.checks.iter().map(|check| check.outcome.verdict());
        verdicts.max().unwrap_or(Verdict::Unknown)
    }

    /// The first check that decides the verdict, unless all hold.
    pub fn decided_by(&self) -> Option<&EvidenceCheck> {
        let verdict = self.verdict();
        let decides = |check: &&EvidenceCheck| check.outcome.verdict() == verdict;
        self.checks.iter().find(decides).filter(|_| verdict != Verdict::Verified)
    }

    /// How a check ended.
    pub fn outcome(&self, code: EvidenceCode) -> Option<&EvidenceOutcome> {
        self.checks.iter().find(|check| check.code == code).map(|check| &check.outcome)
    }

    /// The details of the verification.
    pub fn details(&self) -> SealDetails {
        let held = |code| self.outcome(code).and_then(EvidenceOutcome::held);
        let of_all = |codes: &[EvidenceCode]| {
            let held: Vec<_> = codes.iter().map(|code| held(*code)).collect();
            match (held.contains(&Some(false)), held.contains(&None)) {
                (true, _) => Some(false),
                (false, true) => None,
                (false, false) => Some(true),
            }
        };
        let seal = [EvidenceCode::ContentHashes, EvidenceCode::MerkleRoot, EvidenceCode::BundleHash];
        let bundle_hash_verified = match held(EvidenceCode::Attestation) {
            Some(false) => Some(false),
            Some(true) | None => of_all(&seal),
        };
        SealDetails {
            bundle_hash_verified,
            signature_valid: of_all(&[EvidenceCode::Key, EvidenceCode::Signature]),
            key_not_revoked: held(EvidenceCode::KeyRevocation),
            timestamp_within_validity: held(EvidenceCode::KeyValidity),
        }
    }
}
