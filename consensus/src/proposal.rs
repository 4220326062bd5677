//! Proposals: building ours, judging theirs.
//!
//! The first proposal of each view is kept; a second block of the same view is evidence and nothing else. A proposal
//! brings the certificates that lead to its view, so once they are absorbed none is ever early. Source: `SPEC.md`,
//! rules P2 to P4, V3 to V5, E3, H1 to H3, L2.

use std::collections::BTreeMap;

use proto::batch::BatchRef;
use proto::block::{Block, Handover};
use proto::counter::{TimeMs, View};
use proto::id::{BatchId, BlockId, ValidatorIndex};
use proto::proposal::Proposal;

use crate::evidence::Evidence;
use crate::pacemaker::Pacemaker;
use crate::replica::Essence;
use crate::tree::{BlockTree, Closing};

/// What a proposal led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is the first of its view.
    First,
    /// It is here already.
    Repeated,
    /// Its leader proposed another block in this view.
    Contradicts(Evidence),
}

/// The first proposal of each of the last views.
#[derive(Clone, Debug, Default)]
pub struct Proposals {
    first: BTreeMap<View, (BlockId, Proposal)>,
}

impl Proposals {
    /// Keeps a proposal by the leader of its view.
    // rules E3, L2
    pub fn add(&mut self, id: BlockId, proposal: Proposal) -> Kept {
        let view = proposal.block.view;
        match self.first.get(&view) {
            None => {
                self.first.insert(view, (id, proposal));
                Kept::First
            }
            Some((first, _)) if *first == id => Kept::Repeated,
            Some((_, first)) => Kept::Contradicts(Evidence::Proposals(Box::new([first.clone(), proposal]))),
        }
    }

    /// The first proposal of a view, and its block's id.
    pub fn of(&self, view: View) -> Option<&(BlockId, Proposal)> {
        self.first.get(&view)
    }

    /// What decides our further words: the blocks, and the certificates that excuse a gap.
    pub fn essence(&self, out: &mut Essence) {
        out.number(self.first.len() as u64);
        for (id, proposal) in self.first.values() {
            out.block(id).tc(proposal.timeout_cert.as_ref());
        }
    }

    /// Forgets views before `view`.
    pub fn forget_before(&mut self, view: View) {
        self.first = self.first.split_off(&view);
    }
}

/// Whether what can be judged by what is here speaks for a block. The certificates are `safety`'s matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Fit,
    /// Its parent is not here, or what its parent stands on and must be known: nothing can be said yet.
    ParentMissing,
    /// Its batches are not here: nothing can be said yet.
    BatchesMissing,
    /// It claims to be from further in the future than clocks may differ.
    Ahead,
    /// It is not later than its parent.
    NotLater,
    /// It orders something, or closes the epoch, on a block that closes it.
    AfterClosing,
}

/// Judges a block of the tree by its parent, its batches and our clock.
pub fn judge(tree: &BlockTree, id: &BlockId, block: &Block, now: TimeMs, clock_bound_ms: u64) -> Verdict {
    // rule V4
    let Some(parent) = tree.header(&block.parent) else {
        return Verdict::ParentMissing;
    };
    if block.time <= parent.time {
        return Verdict::NotLater;
    }
    if block.time > now.plus(clock_bound_ms) {
        return Verdict::Ahead;
    }
    // rule H3
    if !block.is_empty() && !crypto::broken!(OrdersAfterClosing) {
        match tree.closing(&block.parent) {
            Closing::No => {}
            Closing::Yes => return Verdict::AfterClosing,
            Closing::Unknown => return Verdict::ParentMissing,
        }
    }
    // rules V5, H2
    match tree.is_here(id) || crypto::broken!(BatchesNotAwaited) {
        true => Verdict::Fit,
        false => Verdict::BatchesMissing,
    }
}

/// Our block for the current view, on the block our highest certificate certifies.
// rules P2, P3, P4
pub fn build(
    me: ValidatorIndex,
    pacemaker: &Pacemaker,
    parent: &Block,
    now: TimeMs,
    batches: Vec<BatchRef>,
    handover: Option<Handover>,
) -> Block {
    let justify = pacemaker.high_qc();
    Block {
        epoch: justify.epoch,
        height: justify.height.next(),
        view: pacemaker.view(),
        parent: justify.block,
        parent_view: justify.view,
        proposer: me,
        time: now.max(parent.time.plus(1)),
        batches,
        handover,
    }
}

/// The batches of `offered` that a block may hold: not ordered by an ancestor, each once, and not too many.
// rule P4
pub fn fitting(offered: Vec<BatchRef>, exclude: &[BatchId]) -> Vec<BatchRef> {
    let mut batches: Vec<BatchRef> = Vec::new();
    for batch in offered {
        let known = exclude.contains(&batch.id) || batches.iter().any(|kept| kept.id == batch.id);
        if !known && batches.len() < Block::BATCHES_MAX {
            batches.push(batch);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{batch, block_on, chain, genesis, genesis_qc, set, v};

    #[test]
    fn ours_stands_on_the_highest_certificate_and_is_later_than_its_parent() {
        let (blocks, qc) = chain(&set(4), &[1, 2]);
        let mut pacemaker = Pacemaker::new(genesis_qc());
        pacemaker.absorb_qc(&qc);
        let parent = &blocks[1].0;
        for (now, time) in [(TimeMs::ZERO, parent.time.plus(1)), (parent.time.plus(50), parent.time.plus(50))]
        {
            let block = build(ValidatorIndex::new(3), &pacemaker, parent, now, vec![batch(9)], None);
            assert_eq!(block.time, time);
            assert_eq!((block.parent, block.parent_view, block.view), (qc.block, v(2), v(3)));
            assert_eq!(block.height, parent.height.next());
        }
    }

    #[test]
    fn a_batch_is_ordered_once_and_a_block_is_bounded() {
        let offered = vec![batch(1), batch(2), batch(1), batch(3)];
        assert_eq!(fitting(offered, &[batch(2).id]), [batch(1), batch(3)]);
        assert_eq!(fitting((0..100).map(batch).collect(), &[]).len(), Block::BATCHES_MAX);
    }

    #[test]
    fn what_is_missing_is_waited_for() {
        let set = set(4);
        let (blocks, qc) = chain(&set, &[1]);
        let mut tree = BlockTree::new(genesis());
        let block = block_on(&set, &qc, 2, &[2]);
        let (id, now) = (block.id(), block.time);
        tree.insert(id, block.clone(), qc);
        assert_eq!(judge(&tree, &id, &block, now, 0), Verdict::ParentMissing);
        tree.insert(blocks[0].0.id(), blocks[0].0.clone(), genesis_qc());
        assert_eq!(judge(&tree, &id, &block, now, 0), Verdict::BatchesMissing);
        tree.set_here(&id);
        assert_eq!(judge(&tree, &id, &block, now, 0), Verdict::Fit);
        assert_eq!(judge(&tree, &id, &block, TimeMs::ZERO, 10), Verdict::Ahead);
        let early = Block { time: blocks[0].0.time, ..block };
        assert_eq!(judge(&tree, &id, &early, now, 0), Verdict::NotLater);
    }
}
