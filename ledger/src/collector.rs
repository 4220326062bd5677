//! The collector: validators' signatures under heads, until a quorum agrees with us.
//!
//! Our own head decides: a signature under another root of the same size is evidence, not a vote. Signatures that come
//! before we applied so far wait, few of each signer, so that a validator can only crowd out itself. When to
//! look for a quorum is the caller's choice. Source: `STATE.md`, rules C1, C4, C5.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::Digest;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::TreeSize;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;
use proto::verified::Verified;

/// Heads of ours that wait for a quorum; when more come, the oldest is given up, for a later one covers it.
const OWN_MAX: usize = 64;
/// Signatures of one signer that wait; when more come, the one under the smallest head is given up.
const PARTS_MAX: usize = 64;

type Parts = BTreeMap<ValidatorIndex, Verified<Cosignature>>;

/// Gathers cosignatures.
#[derive(Clone, Debug)]
pub struct Collector {
    set: Arc<ValidatorSet>,
    own: BTreeMap<TreeSize, Digest>,
    parts: BTreeMap<TreeSize, Parts>,
    certified: TreeSize,
}

/// Two heads of one size, which no honest log has; the signed ones convict their signer.
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

impl Collector {
    /// A collector for heads larger than the latest certified one.
    pub const fn new(set: Arc<ValidatorSet>, certified: TreeSize) -> Self {
        Self { set, own: BTreeMap::new(), parts: BTreeMap::new(), certified }
    }

    /// Our own log came to this head. Returns who had signed another one of its size.
    pub fn head(&mut self, head: Head) -> Vec<Divergence> {
        if head.size <= self.certified {
            return Vec::new();
        }
        self.own.insert(head.size, head.root);
        let waiting = self.parts.remove(&head.size).unwrap_or_default();
        let (agreeing, other): (Parts, Parts) = waiting.into_iter().partition(|(_, part)| part.head == head);
        if !agreeing.is_empty() {
            self.parts.insert(head.size, agreeing);
        }
        if self.own.len() > OWN_MAX {
            self.own.pop_first();
        }
        self.forget();
        let from_us = |part: Verified<Cosignature>| Divergence::FromUs {
            ours: head,
            theirs: Box::new(part.into_inner()),
        };
        other.into_values().map(from_us).collect()
    }

    /// A validator, perhaps ourselves, signed a head. One that is certified is of no interest any more; neither is a
    /// second signature under the same head.
    ///
    /// # Errors
    /// `FromUs` or `FromItself` when the same log would have two roots.
    pub fn add(&mut self, cosignature: Verified<Cosignature>) -> Result<(), Divergence> {
        let (head, signer) = (cosignature.head, cosignature.signer);
        match self.own.get(&head.size) {
            _ if head.size <= self.certified => return Ok(()),
            Some(root) if *root != head.root => {
                let ours = Head { size: head.size, root: *root };
                // One that had signed ours before convicts itself, which says more than that it differs from us.
                if let Some(first) = self.parts.get(&head.size).and_then(|parts| parts.get(&signer)) {
                    let first = Box::new(Cosignature::clone(first));
                    return Err(Divergence::FromItself { first, second: Box::new(cosignature.into_inner()) });
                }
                return Err(Divergence::FromUs { ours, theirs: Box::new(cosignature.into_inner()) });
            }
            Some(_) | None => {}
        }
        let parts = self.parts.entry(head.size).or_default();
        match parts.get(&signer) {
            Some(first) if first.head != head => {
                let first = Box::new(Cosignature::clone(first));
                return Err(Divergence::FromItself { first, second: Box::new(cosignature.into_inner()) });
            }
            Some(_) => {}
            None => {
                parts.insert(signer, cosignature);
                self.limit(signer);
            }
        }
        Ok(())
    }

    /// The certificate of our head of this size, if those who signed it hold a quorum of the voting power.
    pub fn quorum(&self, size: TreeSize) -> Option<Verified<CertifiedCheckpoint>> {
        let head = Head { size, root: *self.own.get(&size)? };
        let parts = self.parts.get(&size)?.values().cloned().collect();
        // What `certify` refuses is only too little power: all are under this head, and in order.
        Verified::certify(&self.set, head, parts).ok()
    }

    /// A head is certified, by whomever: it and the smaller ones need no gathering.
    pub fn certified(&mut self, size: TreeSize) {
        self.certified = self.certified.max(size);
        self.forget();
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
        let mut sizes =
            self.parts.iter().filter(|(_, parts)| parts.contains_key(&signer)).map(|(size, _)| *size);
        let Some(smallest) = sizes.next() else { return };
        if sizes.count() < PARTS_MAX {
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
