//! The log: one root for each size, each later one an extension of each earlier, each submission in it once and for ever,
//! with a receipt that holds.

use std::collections::BTreeSet;
use std::rc::Rc;

use crypto::{Digest, sha256};
use ledger::{LedgerReader, Outcome};
use merkle::{consistency, hash::leaf_hash, inclusion};
use proto::checkpoint::{CertifiedCheckpoint, Head};
use proto::counter::{Epoch, LeafIndex, TreeSize};
use proto::genesis::Genesis;
use proto::id::SubmissionId;
use proto::validators::ValidatorSet;
use proto::verified::Unverified;

use super::{Checkers, Finding, broken};
use crate::notary::Notary;

impl Checkers {
    /// A member signs a head: what it vouches for must survive its crash.
    ///
    /// # Errors
    /// `Broken` when the head is not durable, or another of its size was signed before; `Unreadable`.
    pub fn cosigned(&mut self, member: u16, head: Head, reader: &LedgerReader) -> Result<(), Finding> {
        if *self.cosigned.entry((member, head.size.get())).or_insert(head.root) != head.root {
            return broken(format!("v{member} signs two heads of size {}", head.size));
        }
        match reader.tip()?.is_some_and(|tip| tip.head.size >= head.size) {
            true => Ok(()),
            false => broken(format!("v{member} signs the head of size {} before it is durable", head.size)),
        }
    }

    /// One root for each size.
    pub(super) fn head(&mut self, member: u16, head: Head) -> Result<(), Finding> {
        let seen = *self.heads.entry(head.size.get()).or_insert(head.root);
        match seen == head.root {
            true => Ok(()),
            false => broken(format!("v{member} has another root at size {}", head.size)),
        }
    }

    /// A block a member applied put a submission at an index: it stands there for everybody, and nowhere else.
    ///
    /// # Errors
    /// `Broken` when the submission or the index is taken.
    pub fn placed(&mut self, member: u16, id: SubmissionId, index: LeafIndex) -> Result<(), Finding> {
        let place = *self.places.entry(id).or_insert(index);
        if place != index {
            return broken(format!("v{member} has submission {id} at {index}, it stood at {place}"));
        }
        let owner = *self.indexes.entry(index).or_insert(id);
        if owner != id {
            return broken(format!("v{member} has submission {id} at {index}, where {owner} stood"));
        }
        Ok(())
    }

    /// A member told somebody what became of a submission: its place is for ever.
    ///
    /// # Errors
    /// `Broken` when another place was told before.
    pub fn told(&mut self, member: u16, id: SubmissionId, outcome: &Outcome) -> Result<(), Finding> {
        match outcome {
            Outcome::Committed { index, .. } => self.placed(member, id, *index),
            Outcome::Rejected { .. } | Outcome::Expired { .. } => Ok(()),
        }
    }

    /// A quorum signed a head: the signatures hold, and the log extends the last one that was signed.
    ///
    /// # Errors
    /// `Broken` when not; `Unreadable`.
    pub fn certified(
        &mut self,
        member: u16,
        checkpoint: &CertifiedCheckpoint,
        reader: &LedgerReader,
        genesis: &Genesis,
        notary: &Notary,
    ) -> Result<(), Finding> {
        let head = checkpoint.head;
        self.head(member, head)?;
        if self.certified.get(&head.size.get()).is_some_and(|known| known == checkpoint) {
            return Ok(());
        }
        let set = self.signing(head.size, reader, genesis)?;
        if let Err(fault) = Unverified::new(checkpoint.clone()).verify(&set, notary) {
            return broken(format!("v{member} certified the head of size {}: {fault}", head.size));
        }
        let quorum = self.quorum(set.epoch())?.1;
        let count = checkpoint.cosignatures.iter().map(|it| it.signer).collect::<BTreeSet<_>>().len();
        if count < quorum {
            return broken(format!(
                "the head of size {} has {count} signers, a quorum is {quorum}",
                head.size
            ));
        }
        let earlier = self.certified.range(..head.size.get()).next_back().map(|(size, it)| (*size, it.head));
        self.certified.insert(head.size.get(), checkpoint.clone());
        match earlier {
            Some((_, earlier)) => self.extends(member, earlier, head, reader),
            None => Ok(()),
        }
    }

    /// The validators that may sign a head of this size, whatever its signatures say. A reign never changes once a member
    /// keeps it, so each is read once.
    fn signing(
        &mut self,
        size: TreeSize,
        reader: &LedgerReader,
        genesis: &Genesis,
    ) -> Result<Rc<ValidatorSet>, Finding> {
        if self.terms.is_empty() {
            self.terms.push((TreeSize::ZERO, Rc::new(genesis.validator_set())));
        }
        while let Some(next) = reader.reign(Epoch::new(self.terms.len() as u64))? {
            let set = next.set(*self.terms[0].1.network(), genesis.origin.clone());
            self.terms.push((next.size, Rc::new(set)));
        }
        let before = self.terms.iter().rev().find(|(above, _)| *above < size);
        Ok(Rc::clone(&before.unwrap_or(&self.terms[0]).1))
    }

    /// The log at a size extends itself at an earlier one, by the proof that this member gives.
    fn extends(
        &mut self,
        member: u16,
        earlier: Head,
        later: Head,
        reader: &LedgerReader,
    ) -> Result<(), Finding> {
        self.extensions += 1;
        let (old, new) = (earlier.size, later.size);
        let Some(proof) = reader.consistency(old, new)? else {
            return broken(format!("v{member} cannot prove that size {new} extends size {old}"));
        };
        match consistency::verify(old.get(), &earlier.root, new.get(), &later.root, &proof) {
            Ok(()) => Ok(()),
            Err(fault) => broken(format!("v{member}: size {new} does not extend size {old}: {fault}")),
        }
    }

    /// A member would call a submission final: the receipt it gives must hold, and its place is for ever.
    ///
    /// # Errors
    /// `Broken` when the receipt does not hold or the place changed; `Unreadable`.
    pub fn receipt(
        &mut self,
        member: u16,
        id: SubmissionId,
        reader: &LedgerReader,
        genesis: &Genesis,
        notary: &Notary,
    ) -> Result<(), Finding> {
        let fault = |text: String| format!("v{member}, submission {id}: {text}");
        let Some(Outcome::Committed { index, .. }) = reader.by_id(&id)? else {
            return broken(fault("was final and is not committed".to_owned()));
        };
        self.placed(member, id, index)?;
        let Some(parts) = reader.receipt_of_leaf(index, None)? else {
            return broken(fault("has no receipt".to_owned()));
        };
        self.certified(member, &parts.checkpoint, reader, genesis, notary)?;
        let head = parts.checkpoint.head;
        let leaf = leaf_hash(&parts.entry);
        if let Err(found) =
            inclusion::verify(&leaf, parts.index.get(), head.size.get(), &parts.proof, &head.root)
        {
            return broken(fault(found.to_string()));
        }
        self.receipts += 1;
        self.finals.insert(id);
        Ok(())
    }

    /// The root of a member's log, computed from its leaves by the definition.
    ///
    /// # Errors
    /// `Broken` when the member states another; `Unreadable`.
    pub fn whole_log(&self, member: u16, reader: &LedgerReader) -> Result<(), Finding> {
        let Some(tip) = reader.tip()? else { return Ok(()) };
        let leaves = reader.entries(LeafIndex::new(0), tip.head.size.get() as usize)?;
        let size = TreeSize::new(leaves.len() as u64);
        let root = tree_hash(&leaves);
        match (size, root) == (tip.head.size, tip.head.root) {
            true => Ok(()),
            false => {
                broken(format!("v{member} states {:?}, its {size} leaves make the root {root}", tip.head))
            }
        }
    }
}

/// The hash of a list of leaves. Source: RFC 6962 §2.1, word by word.
fn tree_hash(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => sha256(&[]),
        [leaf] => sha256(&[&[0], leaf.as_slice()].concat()),
        _ => {
            let left = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(left);
            sha256(&[&[1], tree_hash(left).as_bytes().as_slice(), tree_hash(right).as_bytes()].concat())
        }
    }
}
