//! Whom to believe from one epoch to the next, from genesis alone.
//!
//! The validators of an epoch sign one last head, whose last leaf names those who follow. So a receipt of that leaf
//! under that head hands trust over, and a chain of them leads from a genesis to any epoch. Every link is checked
//! under the policy of the epoch before; the chain may come from anybody.
//! A head is judged by who reigned when it was made: those of epoch `e` sign the sizes above the hand-over that began it,
//! up to and with the one that ended it. What they sign later is refused, though their signatures hold.
//! Source: `ledger/STATE.md`, rules V5 to V7.

use crypto::{Digest, sha256};
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, Height, TreeSize};
use proto::entry::Entry;
use proto::genesis::Genesis;
use proto::id::{BlockId, NetworkId};
use proto::policy::{Policy, PolicyError};
use proto::receipt::Receipt;
use proto::validators::{Opening, ValidatorList, ValidatorSet};

use crate::checkpoint::{self, verify_checkpoint};
use crate::fault::Fault;
use crate::memory::Memory;
use crate::receipt::{Lives, Options, UNKNOWN, Whole, verify_receipt, verify_whole};
use crate::report::{Code, Outcome, Report};
use crate::standing::{KeyLife, ProvenLeaf};

/// One link: that the validators of an epoch named those of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoverProof {
    /// The receipt of the leaf that tells of the next epoch, under the last head of the epoch before.
    pub receipt: Receipt,
    /// The validators of the next epoch, whom the leaf names by a digest.
    pub validators: ValidatorList,
}

/// Why a link is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The genesis is none.
    #[error("the genesis: {0}")]
    Genesis(String),
    /// No policy says what a quorum of the validators is.
    #[error("epoch {epoch}: {fault}")]
    Policy {
        /// Their epoch.
        epoch: Epoch,
        /// Why not.
        fault: PolicyError,
    },
    /// The receipt does not hold under the policy of the epoch before: a link of another network, a forged one, or one
    /// that comes too early in the chain.
    #[error(
        "the hand-over to epoch {epoch} does not hold under the validators of epoch {before}: check {}: {fault}",
        .check.as_str()
    )]
    Receipt {
        /// The epoch that should begin.
        epoch: Epoch,
        /// The one before.
        before: Epoch,
        /// The check that failed.
        check: Code,
        /// Why.
        fault: Box<Fault>,
    },
    /// The leaf is not the beginning of an epoch.
    #[error("the receipt is of a {found} entry, not of the beginning of epoch {expected}")]
    NotAnEpoch {
        /// What it is.
        found: &'static str,
        /// The epoch that should begin.
        expected: Epoch,
    },
    /// A link is missing, or they are out of order.
    #[error("the link begins epoch {found}, the next in the chain is epoch {expected}")]
    OutOfOrder {
        /// The epoch that the leaf begins.
        found: Epoch,
        /// The one that should begin.
        expected: Epoch,
    },
    /// The head is not the one whose last leaf begins the epoch.
    #[error("the head has {found} leaves; the one that begins epoch {epoch} has {expected}")]
    OtherHead {
        /// The epoch that begins.
        epoch: Epoch,
        /// Size of the head.
        found: TreeSize,
        /// Size up to the leaf.
        expected: TreeSize,
    },
    /// The list is not the one that the leaf names.
    #[error("the leaf of epoch {epoch} names validators {expected}, the list with it is {found}")]
    OtherValidators {
        /// The epoch that begins.
        epoch: Epoch,
        /// Digest of the list.
        found: Digest,
        /// Digest in the leaf.
        expected: Digest,
    },
    /// The policy that follows from the list is not the one that the leaf names.
    #[error("the leaf of epoch {epoch} names policy {expected}, the list with it gives {found}")]
    OtherPolicy {
        /// The epoch that begins.
        epoch: Epoch,
        /// Digest of the policy that the list gives.
        found: Digest,
        /// Digest in the leaf.
        expected: Digest,
    },
}

/// One epoch as far as a verifier must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reign {
    policy: Policy,
    validators: ValidatorList,
    /// Size of the head that began it: its validators sign larger ones.
    since: TreeSize,
}

/// The epochs of one network that have been proven, from its genesis on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    network: NetworkId,
    origin: String,
    /// By epoch, from 0; never empty.
    reigns: Vec<Reign>,
}

impl Trust {
    /// Believes a genesis, and so far nobody but the validators it names.
    ///
    /// # Errors
    /// `Genesis` when it is none, `Policy` when no policy can be made of its validators.
    pub fn from_genesis(genesis: &Genesis) -> Result<Self, TrustError> {
        genesis.check().map_err(|fault| TrustError::Genesis(fault.to_string()))?;
        let validators = ValidatorList::new(genesis.validators.clone())
            .map_err(|fault| TrustError::Genesis(fault.to_string()))?;
        let mut trust =
            Self { network: genesis.network(), origin: genesis.origin.clone(), reigns: Vec::new() };
        let policy = trust.policy_of(Epoch::ZERO, Height::ZERO, &validators)?;
        trust.reigns.push(Reign { policy, validators, since: TreeSize::ZERO });
        Ok(trust)
    }

    /// Believes one epoch more.
    ///
    /// # Errors
    /// `TrustError`; then everything is as it was.
    pub fn extend(&mut self, proof: &HandoverProof) -> Result<(), TrustError> {
        let HandoverProof { receipt, validators } = proof;
        let before = self.last_epoch();
        let epoch = before.next();
        // What the leaf says of itself is looked at first, only to name the fault: it is believed after the receipt.
        let leaf = match Entry::decode(&receipt.entry) {
            Ok(Entry::Epoch(leaf)) if leaf.epoch == epoch => leaf,
            Ok(Entry::Epoch(leaf)) => {
                return Err(TrustError::OutOfOrder { found: leaf.epoch, expected: epoch });
            }
            Ok(Entry::Genesis(_)) => return Err(not_an_epoch("genesis", epoch)),
            Ok(Entry::Submission(_) | Entry::Statement(_)) => return Err(not_an_epoch("submission", epoch)),
            Ok(Entry::Block(_)) => return Err(not_an_epoch("block", epoch)),
            Err(_) => return Err(not_an_epoch("malformed", epoch)),
        };
        let reign = self.last();
        let report = verify_receipt(&reign.policy, receipt, Options::default());
        if let Some((check, fault)) = report.failure() {
            let fault = Box::new(fault.clone());
            return Err(TrustError::Receipt { epoch, before, check, fault });
        }
        let expected = receipt.index.size_after();
        let found = report.checkpoint.map_or(TreeSize::ZERO, |checkpoint| checkpoint.head.size);
        if found != expected || found <= reign.since {
            return Err(TrustError::OtherHead { epoch, found, expected });
        }
        let digest = ValidatorSet::digest_of(epoch, validators);
        if digest != leaf.validators {
            return Err(TrustError::OtherValidators { epoch, found: digest, expected: leaf.validators });
        }
        let policy = self.policy_of(epoch, leaf.height, validators)?;
        let digest = sha256(policy.to_string().as_bytes());
        if digest != leaf.policy {
            return Err(TrustError::OtherPolicy { epoch, found: digest, expected: leaf.policy });
        }
        self.reigns.push(Reign { policy, validators: validators.clone(), since: found });
        Ok(())
    }

    /// The network.
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The latest epoch that is known.
    pub fn last_epoch(&self) -> Epoch {
        Epoch::new(self.reigns.len() as u64 - 1)
    }

    /// The validators of an epoch, if it is known.
    pub fn validators(&self, epoch: Epoch) -> Option<&ValidatorList> {
        let at = usize::try_from(epoch.get()).ok()?;
        self.reigns.get(at).map(|reign| &reign.validators)
    }

    /// Whose signatures a head of this size needs, as far as epochs are known: a later epoch may have begun.
    pub fn policy_at(&self, size: TreeSize) -> &Policy {
        let at = self.reigns.iter().rposition(|reign| size > reign.since);
        &self.reigns[at.unwrap_or_default()].policy
    }

    /// Checks a receipt under the policy of the epoch its head is of. A head that a retired quorum signed is refused by
    /// that name.
    pub fn verify_receipt(&self, receipt: &Receipt, options: Options) -> Report {
        self.verify_whole(Whole::bare(receipt), options, UNKNOWN, None)
    }

    /// The same, with leaves that were proven: those that listed and ended keys of the author.
    pub fn verify_receipt_with_keys(
        &self,
        receipt: &Receipt,
        options: Options,
        leaves: &[ProvenLeaf],
    ) -> Report {
        let lives: Lives<'_> = &|log, author, key| KeyLife::shown(log, author, key, leaves);
        self.verify_whole(Whole::bare(receipt), options, lives, None)
    }

    pub(crate) fn verify_whole(
        &self,
        whole: Whole<'_>,
        options: Options,
        lives: Lives<'_>,
        memory: Option<&mut Memory>,
    ) -> Report {
        let note = &whole.receipt.checkpoint;
        let Ok((_, text)) = checkpoint::read(note) else {
            return verify_whole(&self.last().policy, whole, options, lives, memory);
        };
        let size = text.head.size;
        let mut report = verify_whole(self.policy_at(size), whole, options, lives, memory);
        let retired = match report.failure() {
            Some((Code::CheckpointSignatures | Code::Quorum, _)) => self.retired(size, note),
            Some(_) | None => None,
        };
        if let Some(fault) = retired {
            for check in &mut report.checks {
                if let Outcome::Failed(found) = &mut check.outcome {
                    *found = fault.clone();
                }
            }
        }
        report
    }

    /// Who signed a head of this size although their last was smaller.
    fn retired(&self, size: TreeSize, note: &str) -> Option<Fault> {
        let ends = self.reigns.iter().skip(1).map(|reign| reign.since);
        self.reigns.iter().zip(ends).zip(0..).find_map(|((reign, last), epoch)| {
            let signed = size > last && verify_checkpoint(&reign.policy, note).is_ok();
            signed.then_some(Fault::Retired { epoch: Epoch::new(epoch), size, last })
        })
    }

    fn last(&self) -> &Reign {
        self.reigns.last().expect("from_genesis puts the first, and none is taken")
    }

    fn policy_of(
        &self,
        epoch: Epoch,
        height: Height,
        validators: &ValidatorList,
    ) -> Result<Policy, TrustError> {
        // A policy speaks of names, keys and powers: which block opened the epoch is nothing to it.
        let opening = Opening { block: BlockId::default(), height };
        let list = validators.get().to_vec();
        let set = ValidatorSet::new(self.network, self.origin.clone(), epoch, opening, list)
            .expect("a list is checked when it is made, and a set asks no more of it");
        Policy::of(&set).map_err(|fault| TrustError::Policy { epoch, fault })
    }
}

fn not_an_epoch(found: &'static str, expected: Epoch) -> TrustError {
    TrustError::NotAnEpoch { found, expected }
}
