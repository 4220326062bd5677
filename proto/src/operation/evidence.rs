//! What is put on the ledger as the evidence of a job: the record's header, digests of its items, and its envelope.
//!
//! What the items say follows from the job and stands in no seal: every node makes it again, and by these digests sees
//! that it made the same.

use crypto::{Digest, KeyId, Signature};

use crate::counter::TimeMs;
use crate::evidence::Level;
use crate::job::RecordId;

/// Most items of a record: those that every record has, and one for each artifact.
pub const SEAL_ITEMS_MAX: usize = 6 + crate::job::ARTIFACTS_MAX;
/// Longest id of an item, in bytes.
pub const ITEM_ID_BYTES_MAX: usize = 64;
/// Longest label of an item, in bytes.
pub const ITEM_LABEL_BYTES_MAX: usize = 64;

/// An item of a record, by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealItem {
    /// What it is called in its record; never empty.
    pub id: String,
    /// What it is for readers, or empty.
    pub label: String,
    /// SHA-256 of its canonical data.
    pub content: Digest,
}

/// A record of evidence, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceSeal {
    /// Its name.
    pub record: RecordId,
    /// When it was made.
    pub created_at: TimeMs,
    /// Its items, in their order.
    pub items: Vec<SealItem>,
    /// Root of the tree of RFC 9162 over their digests.
    pub root: Digest,
    /// SHA-256 of the canonical header.
    pub bundle: Digest,
    /// How much it claims to show.
    pub claim: Level,
    /// The key that signed.
    pub key: KeyId,
    /// Its signature over the bundle's hash.
    pub signature: Signature,
    /// When it signed.
    pub signed_at: TimeMs,
}

/// What is done with the evidence of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceAct {
    /// `evidence.seal`: it is signed, once.
    Seal(Box<EvidenceSeal>),
    /// `evidence.verified`: somebody verified it, for the first time.
    Verified,
    /// `evidence.delete`: it is served no more. What stands in the log stays.
    Delete {
        /// Why, for people.
        reason: String,
    },
}

impl EvidenceAct {
    /// The operation's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Seal(_) => "evidence.seal",
            Self::Verified => "evidence.verified",
            Self::Delete { .. } => "evidence.delete",
        }
    }
}

/// The number that a level has in canonical bytes: its place on the ladder, from 0 for what is invalid.
pub fn level_number(level: Level) -> u8 {
    let place = Level::ALL.into_iter().position(|it| it == level);
    place
        .and_then(|place| u8::try_from(place).ok())
        .expect("the ladder has a few steps, and each level is one")
}

/// The level of this number.
pub fn level_of(number: u8) -> Option<Level> {
    Level::ALL.get(usize::from(number)).copied()
}
