//! Whose key it was: what proven leaves show of the life of a key.
//!
//! The entry under judgement shows which key signed it, and its place in the log that the validators found the key good
//! when they executed it. What it cannot show is what they were told later: that the key had been in other hands since an
//! earlier size or time. That is said by a leaf of the log, and so proven by a receipt. Whoever gets such receipts beside
//! the one that is judged refuses what the key signed since; whoever gets none learns nothing of it, and is told so.
//! Source: `ledger/STATE.md`, rules K1, K5 and K8.

use crypto::KeyId;
use proto::canonical::Canonical as _;
use proto::counter::{LeafIndex, TimeMs};
use proto::entry::Entry;
use proto::id::Did;
use proto::note::KeyName;
use proto::operation::{Operation, RevokedFrom};
use proto::policy::Policy;
use proto::receipt::Receipt;

use crate::fault::Fault;
use crate::receipt::{Options, verify_receipt};
use crate::report::{Report, Standing};
use crate::trust::Trust;

/// Most receipts that are looked at beside one that is judged: an identity lists 32 keys, each listed and ended once.
pub const LEAVES_MAX: usize = 64;

/// A submission that was shown to stand in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenLeaf {
    log: KeyName,
    index: LeafIndex,
    operation: Operation,
}

/// Why a receipt proves no leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// It does not hold.
    #[error("{}", refusal(.0))]
    Receipt(Box<Report>),
    /// Its entry is the network's own, which says nothing of an author's keys.
    #[error("it is of a {found} entry, which says nothing of an author's keys")]
    NotASubmission {
        /// What it is.
        found: &'static str,
    },
}

fn refusal(report: &Report) -> String {
    match report.failure() {
        Some((code, fault)) => format!("check {}: {fault}", code.as_str()),
        None => "it does not hold".to_owned(),
    }
}

impl ProvenLeaf {
    /// What a receipt shows under a policy.
    ///
    /// # Errors
    /// `LeafError`.
    pub fn prove(policy: &Policy, receipt: &Receipt) -> Result<Self, LeafError> {
        Self::of(receipt, verify_receipt(policy, receipt, Options::default()))
    }

    /// What a receipt shows under the policy of the epoch that its head is of.
    ///
    /// # Errors
    /// `LeafError`.
    pub fn prove_by(trust: &Trust, receipt: &Receipt) -> Result<Self, LeafError> {
        Self::of(receipt, trust.verify_receipt(receipt, Options::default()))
    }

    fn of(receipt: &Receipt, report: Report) -> Result<Self, LeafError> {
        let (true, Some(checkpoint)) = (report.is_true(), &report.checkpoint) else {
            return Err(LeafError::Receipt(Box::new(report)));
        };
        let log = checkpoint.origin.clone();
        match Entry::decode(&receipt.entry) {
            Ok(Entry::Submission(entry)) => {
                let operation = entry.submission.body().operation.clone();
                Ok(Self { log, index: receipt.index, operation })
            }
            Ok(Entry::Statement(entry)) => {
                let operation = entry.submission().body().operation.clone();
                Ok(Self { log, index: receipt.index, operation })
            }
            Ok(Entry::Genesis(_)) => Err(LeafError::NotASubmission { found: "genesis" }),
            Ok(Entry::Epoch(_)) => Err(LeafError::NotASubmission { found: "epoch" }),
            Ok(Entry::Block(_)) => Err(LeafError::NotASubmission { found: "block" }),
            // The report says that it is one.
            Err(_) => Err(LeafError::Receipt(Box::new(report))),
        }
    }

    /// Where it stands.
    pub const fn index(&self) -> LeafIndex {
        self.index
    }
}

/// How a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEnd {
    /// The leaf that ended it.
    pub at: LeafIndex,
    /// How.
    pub how: Ended,
}

/// How a key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Another took its place.
    Retired,
    /// It was withdrawn, and is not believed from there on.
    Revoked(RevokedFrom),
}

/// What is known of the life of one key of one author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyLife {
    /// The leaf that lists it.
    pub listed: Option<LeafIndex>,
    /// How it ended.
    pub end: Option<KeyEnd>,
}

impl KeyLife {
    /// What leaves of a log show. Leaves of other logs, and those about others, show nothing.
    pub fn shown(log: &KeyName, author: &Did, key: &KeyId, leaves: &[ProvenLeaf]) -> Self {
        let mut life = Self::default();
        for leaf in leaves.iter().filter(|leaf| leaf.log == *log) {
            let at = leaf.index;
            if lists(&leaf.operation, author, *key) {
                life.listed = Some(at);
            }
            if let Some(how) = ends(&leaf.operation, author, *key) {
                life.end = Some(KeyEnd { at, how });
            }
        }
        life
    }
}

/// Whether an operation gives the author this key.
pub(crate) fn lists(operation: &Operation, author: &Did, id: KeyId) -> bool {
    said(operation, author, id).0
}

/// How an operation ends this key of the author, if it does.
pub(crate) fn ends(operation: &Operation, author: &Did, id: KeyId) -> Option<Ended> {
    said(operation, author, id).1
}

/// Whether an operation lists this key of the author, and how it ends it, if it does.
fn said(operation: &Operation, author: &Did, id: KeyId) -> (bool, Option<Ended>) {
    match operation {
        Operation::IdentityCreate { identity, keys, .. } => {
            (identity == author && keys.iter().any(|key| key.id() == id), None)
        }
        Operation::KeyAdd { identity, key, .. } => (identity == author && key.id() == id, None),
        Operation::KeyRotate { identity, retires, key, .. } => {
            let own = identity == author;
            (own && key.id() == id, (own && *retires == id).then_some(Ended::Retired))
        }
        Operation::KeyRevoke { identity, key, from, .. } => {
            (false, (identity == author && *key == id).then_some(Ended::Revoked(*from)))
        }
        Operation::ProofSubmit { .. }
        | Operation::AttestationIssue { .. }
        | Operation::AttestationRevoke { .. }
        | Operation::BatchAnchor { .. }
        | Operation::IssuerSet(_)
        | Operation::IssuerKey(_)
        | Operation::AttestationSeal(_)
        | Operation::ArtifactCommit { .. }
        | Operation::ProofPrimitive(_)
        | Operation::RetentionTombstone { .. }
        | Operation::ServiceEndorse { .. }
        | Operation::Session { .. }
        | Operation::Job { .. }
        | Operation::Evidence { .. }
        // An evidence key is no identity's.
        | Operation::Signer(_)
        | Operation::Statement(_)
        | Operation::ValidatorJoin { .. }
        | Operation::ValidatorLeave { .. } => (false, None),
    }
}

/// What was signed, where, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Place of the entry.
    pub index: LeafIndex,
    /// Time of its block; of a leaf that does not state it, the latest that it can be.
    pub time: TimeMs,
    /// The key that signed.
    pub key: KeyId,
    /// Whether the author's DID is made of this key.
    pub self_certified: bool,
}

/// Judges whether the key was the author's to sign with, by what is known of its life. Where nothing is known, the place
/// of the entry in the log is all there is: the validators executed it, so they found the key good.
///
/// # Errors
/// `KeyNotListed`, `KeyRetired` or `KeyRevoked`.
pub fn verify_standing(signed: &Signed, life: &KeyLife) -> Result<Standing, Fault> {
    let Signed { index, time, key, self_certified } = *signed;
    match life.listed {
        // Before an identity is registered it speaks by the key that its DID names.
        Some(listed) if index < listed && !self_certified => {
            return Err(Fault::KeyNotListed { key, index, listed });
        }
        Some(_) | None => {}
    }
    match life.end {
        Some(KeyEnd { at, how: Ended::Retired }) if index > at => {
            return Err(Fault::KeyRetired { key, index, at });
        }
        Some(KeyEnd { at, how: Ended::Revoked(from) }) if from.reaches(at, index, time) => {
            return Err(Fault::KeyRevoked { key, index, at, from });
        }
        Some(_) | None => {}
    }
    Ok(match (self_certified, life.listed) {
        (true, _) => Standing::SelfCertified,
        (false, Some(by)) => Standing::Listed { by },
        (false, None) => Standing::AttestedByLog,
    })
}
