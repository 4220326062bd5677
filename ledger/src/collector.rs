//! The collector: validators' signatures under heads, until a quorum agrees with us.
//!
//! Our own head decides: signatures under another root of the same size are evidence, not votes. Those that come
//! before we applied so far wait, few of each signer, so that one validator can only crowd out itself.
//! Source: `STATE.md`, rules C1, C4, C5.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::Digest;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::TreeSize;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;
use proto::verified::Verified;

use crate::checkpoint::Certified;

/// Heads of ours that wait for a quorum; when more come, the oldest is given up, for a later one covers it.
const OWN_MAX: usize = 256;
/// Signatures of one signer that wait; when more come, the one under the smallest head is given up.
const WAITING_MAX: usize = 64;

/// Gathers cosignatures.
#[derive(Clone, Debug)]
pub struct Collector {
    set: Arc<ValidatorSet>,
    own: BTreeMap<TreeSize, Digest>,
    parts: BTreeMap<TreeSize, BTreeMap<ValidatorIndex, Cosignature>>,
    certified: TreeSize,
}

/// Two heads of one size, which no honest log has. Each is evidence with its signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// A validator signed another root than we computed.
    #[error(
        "validator {} signed the root {} for {} leaves, ours is {}",
        .theirs.signer, .theirs.head.root, .ours.size, .ours.root
    )]
    FromUs {
        /// Our head.
        ours: Head,
        /// Theirs.
        theirs: Box<Cosignature>,
    },
    /// A validator signed two roots.
    #[error(
        "validator {} signed two roots for {} leaves, {} and {}",
        .first.signer, .first.head.size, .first.head.root, .second.head.root
    )]
    FromItself {
        /// The one that came first.
        first: Box<Cosignature>,
        /// The other one.
        second: Box<Cosignature>,
    },
}

/// What a step of the collector brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// A quorum is complete.
    pub certified: Option<Certified>,
    /// Somebody disagrees.
    pub divergences: Vec<Divergence>,
}

impl Collector {
    /// A collector for heads larger than the latest certified one.
    pub const fn new(set: Arc<ValidatorSet>, certified: TreeSize) -> Self {
        Self { set, own: BTreeMap::new(), parts: BTreeMap::new(), certified }
    }

    /// Our own log came to this head.
    pub fn head(&mut self, head: Head) -> Collected {
        let mut collected = Collected::default();
        if head.size <= self.certified {
            return collected;
        }
        self.own.insert(head.size, head.root);
        let waiting = self.parts.remove(&head.size).unwrap_or_default();
        let (agreeing, other): (BTreeMap<_, _>, BTreeMap<_, _>) =
            waiting.into_iter().partition(|(_, part)| part.head == head);
        self.parts.insert(head.size, agreeing);
        let divergence = |part| Divergence::FromUs { ours: head, theirs: Box::new(part) };
        collected.divergences = other.into_values().map(divergence).collect();
        collected.certified = self.quorum(head);
        if self.own.len() > OWN_MAX {
            self.own.pop_first();
        }
        self.forget();
        collected
    }

    /// A validator signed a head; which one may be ourselves. Heads that are certified, or that we went past without
    /// having them, are left alone.
    pub fn add(&mut self, cosignature: Verified<Cosignature>) -> Collected {
        let cosignature = cosignature.into_inner();
        let (head, signer) = (cosignature.head, cosignature.signer);
        let mut collected = Collected::default();
        let ours = self.own.get(&head.size).map(|root| Head { size: head.size, root: *root });
        let passed = self.own.last_key_value().is_some_and(|(newest, _)| head.size <= *newest);
        match ours {
            _ if head.size <= self.certified || self.set.get(signer).is_none() => {}
            None if passed => {}
            Some(ours) if ours != head => {
                collected.divergences.push(Divergence::FromUs { ours, theirs: Box::new(cosignature) });
            }
            Some(_) | None => {
                let parts = self.parts.entry(head.size).or_default();
                match parts.get(&signer) {
                    Some(first) if first.head != head => {
                        let (first, second) = (Box::new(first.clone()), Box::new(cosignature));
                        collected.divergences.push(Divergence::FromItself { first, second });
                    }
                    Some(_) => {}
                    None => {
                        parts.insert(signer, cosignature);
                        self.limit(signer);
                        collected.certified = ours.and_then(|ours| self.quorum(ours));
                    }
                }
            }
        }
        collected
    }

    /// A quorum's head came whole, from elsewhere: what is not larger needs no gathering.
    pub fn certified(&mut self, size: TreeSize) {
        self.certified = self.certified.max(size);
        self.forget();
    }

    /// The certificate of our head, once those who signed it hold a quorum of the voting power.
    fn quorum(&mut self, head: Head) -> Option<Certified> {
        let parts = self.parts.get(&head.size)?;
        let power: u64 = parts.keys().map(|signer| self.set.power(*signer)).sum();
        if power < self.set.quorum_power() {
            return None;
        }
        let cosignatures = parts.values().cloned().collect();
        self.certified(head.size);
        Some(Certified::new(CertifiedCheckpoint { head, cosignatures }))
    }

    /// Gives up what is certified, and what we went past without having it.
    fn forget(&mut self) {
        let Self { certified, own, parts, set: _ } = self;
        own.retain(|size, _| size > certified);
        let newest = own.last_key_value().map_or(*certified, |(size, _)| *size);
        parts.retain(|size, _| size > certified && (*size > newest || own.contains_key(size)));
    }

    /// Keeps one signer's share of the memory bounded.
    fn limit(&mut self, signer: ValidatorIndex) {
        let of_signer = |parts: &BTreeMap<ValidatorIndex, Cosignature>| parts.contains_key(&signer);
        let mut sizes = self.parts.iter().filter(|(_, parts)| of_signer(parts)).map(|(size, _)| *size);
        let Some(smallest) = sizes.next() else { return };
        if sizes.count() < WAITING_MAX {
            return;
        }
        if let Some(parts) = self.parts.get_mut(&smallest) {
            parts.remove(&signer);
            if parts.is_empty() {
                self.parts.remove(&smallest);
            }
        }
    }
}
