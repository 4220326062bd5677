//! What must hold in every world, whatever happens in it.
//!
//! The checkers see what a perfect observer would: every statement an honest member signs, every write that becomes
//! durable, every checkpoint. A violation ends the run.

use std::collections::BTreeMap;

use consensus::Say;
use crypto::Digest;
use ledger::{LedgerReader, Outcome};
use merkle::{hash::leaf_hash, inclusion};
use proto::checkpoint::Head;
use proto::counter::{Epoch, Height, LeafIndex, TreeSize, View};
use proto::genesis::Genesis;
use proto::id::{BlockId, SubmissionId};
use proto::validators::ValidatorSet;
use proto::verified::Unverified;

use crate::notary::Notary;

/// A rule that was broken, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Violation(pub String);

fn violation<T>(text: String) -> Result<T, Violation> {
    Err(Violation(text))
}

/// What an honest member signed in a view.
#[derive(Debug, Default)]
struct Spoken {
    vote: Option<BlockId>,
    proposal: Option<BlockId>,
    /// The view of the certificate it reported.
    timeout: Option<View>,
}

/// All that the world has seen so far.
#[derive(Debug, Default)]
pub struct Checkers {
    spoken: BTreeMap<(u16, Epoch, View), Spoken>,
    blocks: BTreeMap<Height, (BlockId, Digest)>,
    reached: BTreeMap<u16, Height>,
    heads: BTreeMap<u64, Digest>,
    /// The roots that each member signed, by size.
    cosigned: BTreeMap<(u16, u64), Digest>,
    /// Submissions that some member called committed or final, with their place.
    finals: BTreeMap<SubmissionId, LeafIndex>,
    indexes: BTreeMap<LeafIndex, SubmissionId>,
    /// The validators of each epoch, with the size of the log that opened it.
    reigns: Vec<(TreeSize, ValidatorSet)>,
    /// Receipts checked.
    pub receipts: u64,
}

impl Checkers {
    /// No honest member contradicts itself, in this life or across lives.
    ///
    /// # Errors
    /// `Violation` when it does.
    pub fn spoke(&mut self, member: u16, say: &Say) -> Result<(), Violation> {
        match say {
            Say::Vote { statement, .. } => {
                let spoken = self.spoken.entry((member, statement.epoch, statement.view)).or_default();
                if spoken.vote.is_some_and(|before| before != statement.block) {
                    return violation(format!("v{member} voted twice in view {}", statement.view));
                }
                if spoken.timeout.is_some() && spoken.vote.is_none() {
                    return violation(format!(
                        "v{member} voted after its timeout of view {}",
                        statement.view
                    ));
                }
                spoken.vote = Some(statement.block);
            }
            Say::Proposal { block, .. } => {
                let spoken = self.spoken.entry((member, block.epoch, block.view)).or_default();
                if spoken.proposal.is_some_and(|before| before != block.id()) {
                    return violation(format!("v{member} proposed twice in view {}", block.view));
                }
                spoken.proposal = Some(block.id());
            }
            Say::Timeout { epoch, view, high_qc, .. } => {
                let spoken = self.spoken.entry((member, *epoch, *view)).or_default();
                if spoken.timeout.is_some_and(|before| before != high_qc.view) {
                    return violation(format!(
                        "v{member} timed out twice in view {view}, with other reports"
                    ));
                }
                spoken.timeout = Some(high_qc.view);
            }
        }
        Ok(())
    }

    /// A member's store has new durable content: it agrees with everybody's, and only grows.
    ///
    /// # Errors
    /// `Violation` on a fork, a step back, or another state.
    pub fn stored(&mut self, member: u16, reader: &LedgerReader) -> Result<(), Violation> {
        let tip = reader.tip().map_err(|fault| Violation(format!("v{member} cannot read: {fault}")))?;
        let Some(tip) = tip else { return Ok(()) };
        let reached = self.reached.entry(member).or_default();
        if tip.height < *reached {
            return violation(format!("v{member} went back from height {reached} to {}", tip.height));
        }
        *reached = tip.height;
        let ours = (tip.block, tip.state);
        let seen = *self.blocks.entry(tip.height).or_insert(ours);
        if seen != ours {
            return violation(format!(
                "fork at height {}: v{member} has {:?}, before was {:?}",
                tip.height, ours, seen
            ));
        }
        self.head(member, tip.head)
    }

    /// A member lost its disk: it begins again below what it had, and what it said stays said.
    pub fn wiped(&mut self, member: u16) {
        self.reached.remove(&member);
    }

    /// A member signs a head: what it vouches for must survive its crash.
    ///
    /// # Errors
    /// `Violation` when the head is not durable, or another of its size was signed before.
    pub fn cosigned(&mut self, member: u16, head: Head, reader: &LedgerReader) -> Result<(), Violation> {
        let before = *self.cosigned.entry((member, head.size.get())).or_insert(head.root);
        if before != head.root {
            return violation(format!("v{member} signs two heads of size {}", head.size));
        }
        let tip = reader.tip().map_err(|fault| Violation(format!("v{member} cannot read: {fault}")))?;
        match tip.is_some_and(|tip| tip.head.size >= head.size) {
            true => Ok(()),
            false => {
                violation(format!("v{member} signs the head of size {} before it is durable", head.size))
            }
        }
    }

    /// The validators that sign heads of this size, whatever its signatures say. Members agree on them, for who reigns is
    /// in the state; so each is read once.
    fn signers(
        &mut self,
        reader: &LedgerReader,
        genesis: &Genesis,
        size: TreeSize,
    ) -> Result<&ValidatorSet, String> {
        loop {
            let epoch = Epoch::new(self.reigns.len() as u64);
            let Some(reign) = reader.reign(epoch).map_err(|fault| fault.to_string())? else { break };
            self.reigns.push((reign.size, reign.set(genesis.network(), genesis.origin.clone())));
        }
        let last = self.reigns.iter().skip(1).filter(|(opening, _)| *opening < size).count();
        self.reigns.get(last).map(|(_, set)| set).ok_or_else(|| "nobody reigns".to_owned())
    }

    /// One root for each size.
    fn head(&mut self, member: u16, head: Head) -> Result<(), Violation> {
        let seen = *self.heads.entry(head.size.get()).or_insert(head.root);
        match seen == head.root {
            true => Ok(()),
            false => violation(format!("v{member} has another root at size {}", head.size)),
        }
    }

    /// A member would call a submission final: the receipt it gives must hold, and its place is for ever.
    ///
    /// # Errors
    /// `Violation` when the receipt does not hold or the place changed.
    pub fn receipt(
        &mut self,
        member: u16,
        id: SubmissionId,
        reader: &LedgerReader,
        genesis: &Genesis,
        notary: &Notary,
    ) -> Result<(), Violation> {
        let fault = |text: String| Violation(format!("v{member}, submission {id}: {text}"));
        let Ok(Some(Outcome::Committed { index, .. })) = reader.by_id(&id) else {
            return Err(fault("was final and is not committed".to_owned()));
        };
        let parts = reader
            .receipt_of_leaf(index, None)
            .map_err(|e| fault(e.to_string()))?
            .ok_or_else(|| fault("has no receipt".to_owned()))?;
        let head = parts.checkpoint.head;
        let set = self.signers(reader, genesis, head.size).map_err(fault)?;
        Unverified::new(parts.checkpoint).verify(set, notary).map_err(|e| fault(e.to_string()))?;
        inclusion::verify(
            &leaf_hash(&parts.entry),
            parts.index.get(),
            head.size.get(),
            &parts.proof,
            &head.root,
        )
        .map_err(|e| fault(e.to_string()))?;
        self.head(member, head)?;
        self.receipts += 1;
        self.place(member, id, index)
    }

    /// A member told somebody what became of a submission: its place is for ever.
    ///
    /// # Errors
    /// `Violation` when another place was told before.
    pub fn told(&mut self, member: u16, id: SubmissionId, outcome: &Outcome) -> Result<(), Violation> {
        match outcome {
            Outcome::Committed { index, .. } => self.place(member, id, *index),
            Outcome::Rejected { .. } | Outcome::Expired { .. } => Ok(()),
        }
    }

    fn place(&mut self, member: u16, id: SubmissionId, index: LeafIndex) -> Result<(), Violation> {
        let before = (*self.finals.entry(id).or_insert(index), *self.indexes.entry(index).or_insert(id));
        match before == (index, id) {
            true => Ok(()),
            false => {
                violation(format!("v{member}, submission {id}: stands at another index than before: {index}"))
            }
        }
    }

    /// Submissions that some member called committed or final.
    pub fn finals(&self) -> impl Iterator<Item = &SubmissionId> {
        self.finals.keys()
    }

    /// The highest block that is durable anywhere.
    pub fn height(&self) -> Height {
        self.blocks.last_key_value().map_or(Height::ZERO, |(height, _)| *height)
    }
}
