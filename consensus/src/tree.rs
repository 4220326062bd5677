//! The tree of uncommitted blocks above the last committed one.
//!
//! A block enters with the certificate of its parent and may wait for ancestors that are still missing. What can no
//! longer become final leaves when the root moves. Source: `SPEC.md`, rules F1, K2, L3.

use std::collections::{BTreeMap, BTreeSet};

use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::counter::{Epoch, Height, View};
use proto::id::BlockId;

use crate::params::TREE_BLOCKS_MAX;
use crate::replica::Essence;

/// Whether a block's batches are known to be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batches {
    Asked,
    Here,
}

#[derive(Clone, Debug)]
struct Node {
    block: (Block, QuorumCert),
    batches: Batches,
}

/// What lies between the root and a certified block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ancestry {
    /// The block and its ancestors above the root, oldest first; none if it is the root.
    Whole(Vec<BlockId>),
    /// The newest block that is missing, by its certificate.
    Missing(QuorumCert),
    /// It does not descend from the root: it is older, or of another history.
    Beside,
}

/// Whether the epoch is about to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// By an uncommitted block.
    Yes,
    /// Not by any.
    No,
    /// A block that would say so is missing.
    Unknown,
}

/// Uncommitted blocks.
#[derive(Clone, Debug)]
pub struct BlockTree {
    root: Block,
    root_id: BlockId,
    /// The root's view in this epoch: 0 as long as that is the block which opened it.
    root_view: View,
    epoch: Epoch,
    nodes: BTreeMap<BlockId, Node>,
}

impl BlockTree {
    /// Only the last committed block.
    pub fn new(root: Block) -> Self {
        let (root_id, root_view, epoch) = (root.id(), root.view, root.epoch);
        Self { root, root_id, root_view, epoch, nodes: BTreeMap::new() }
    }

    /// Only the block that opened an epoch, which is of the epoch before. Views begin anew above it.
    // rule H5
    pub fn opened(root: Block, epoch: Epoch) -> Self {
        Self { root_view: View::ZERO, epoch, ..Self::new(root) }
    }

    /// The view of the last committed block, 0 if none of this epoch is committed.
    pub const fn root_view(&self) -> View {
        self.root_view
    }

    /// The last committed block.
    pub const fn root(&self) -> &Block {
        &self.root
    }

    /// An uncommitted block and the certificate of its parent.
    pub fn get(&self, id: &BlockId) -> Option<&(Block, QuorumCert)> {
        self.nodes.get(id).map(|node| &node.block)
    }

    /// A block that is uncommitted or the root.
    pub fn header(&self, id: &BlockId) -> Option<&Block> {
        match *id == self.root_id {
            true => Some(&self.root),
            false => self.get(id).map(|(block, _)| block),
        }
    }

    /// All uncommitted blocks, each with the certificate of its parent.
    pub fn blocks(&self) -> impl Iterator<Item = &(Block, QuorumCert)> {
        self.nodes.values().map(|node| &node.block)
    }

    /// Number of uncommitted blocks.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Takes a block in, whether or not its parent is here. False if it is known, or can never be final because the
    /// root is as high or as late.
    pub fn insert(&mut self, id: BlockId, block: Block, justify: QuorumCert) -> bool {
        if block.height <= self.root.height || block.view <= self.root_view || self.nodes.contains_key(&id) {
            return false;
        }
        let batches = if block.is_empty() { Batches::Here } else { Batches::Asked };
        self.nodes.insert(id, Node { block: (block, justify), batches });
        true
    }

    /// Notes that a block's batches are here.
    pub fn set_here(&mut self, id: &BlockId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.batches = Batches::Here;
        }
    }

    /// Whether a block and its batches are here.
    pub fn is_here(&self, id: &BlockId) -> bool {
        *id == self.root_id || self.nodes.get(id).is_some_and(|node| node.batches == Batches::Here)
    }

    /// Whether the batches of all uncommitted blocks up to a height are here.
    pub fn is_here_up_to(&self, height: Height) -> bool {
        self.nodes.values().all(|node| node.block.0.height > height || node.batches == Batches::Here)
    }

    /// Whether a certificate says of a known block what the block does not say of itself.
    // rule C5
    pub fn contradicts(&self, certificate: &QuorumCert) -> bool {
        if certificate.block == self.root_id {
            let root = (self.root_view, self.root.height, self.epoch);
            return root != (certificate.view, certificate.height, certificate.epoch);
        }
        self.get(&certificate.block).is_some_and(|(block, _)| {
            block.view != certificate.view
                || block.height != certificate.height
                || block.epoch != certificate.epoch
        })
    }

    /// Walks from a certified block down to the root.
    pub fn ancestry(&self, certificate: &QuorumCert) -> Ancestry {
        let mut path = Vec::new();
        let mut certificate = certificate;
        loop {
            if certificate.block == self.root_id {
                path.reverse();
                return Ancestry::Whole(path);
            }
            // Heights fall by one a step, so the walk ends here at the latest.
            if certificate.height <= self.root.height {
                return Ancestry::Beside;
            }
            match self.get(&certificate.block) {
                Some((_, justify)) => {
                    path.push(certificate.block);
                    certificate = justify;
                }
                None => return Ancestry::Missing(certificate.clone()),
            }
        }
    }

    /// Whether a certificate may make a block final that is not yet: its own is not here, or follows its parent at once.
    // rules K1, K5
    pub fn may_finish(&self, certificate: &QuorumCert) -> bool {
        match self.get(&certificate.block) {
            Some((block, _)) => block.view.follows(block.parent_view) && block.parent_view > self.root_view,
            None => certificate.view > self.root_view.next() && certificate.height > self.root.height.next(),
        }
    }

    /// Whether an uncommitted block stands on this one, and so brought its certificate.
    pub fn stands_on(&self, id: &BlockId) -> bool {
        self.blocks().any(|(block, _)| block.parent == *id)
    }

    /// Whether a certified block or an uncommitted ancestor of it orders something, as far as they are known.
    pub fn has_work(&self, certificate: &QuorumCert) -> bool {
        let mut next = Some(certificate);
        while let Some((block, justify)) = next.and_then(|certificate| self.get(&certificate.block)) {
            if !block.is_empty() {
                return true;
            }
            next = Some(justify);
        }
        false
    }

    /// Whether an uncommitted block closes the epoch, going down from a block.
    // rule H3
    pub fn closing(&self, newest: &BlockId) -> Closing {
        let mut next = *newest;
        while next != self.root_id {
            let Some((block, _)) = self.get(&next) else { return Closing::Unknown };
            if block.closes_epoch() {
                return Closing::Yes;
            }
            // Who certified a block that orders something judged it by this same rule.
            if !block.is_empty() {
                return Closing::No;
            }
            next = block.parent;
        }
        Closing::No
    }

    /// Whether a block of `view` orders something.
    pub fn has_work_in(&self, view: View) -> bool {
        self.blocks().any(|(block, _)| block.view == view && !block.is_empty())
    }

    /// Makes an uncommitted block the root and returns it with its parent's certificate. What is not later or not
    /// higher can no longer be final and leaves.
    // rules K2, L3
    pub fn advance(&mut self, id: &BlockId) -> Option<(Block, QuorumCert)> {
        let (block, justify) = self.nodes.remove(id)?.block;
        self.root = block.clone();
        self.root_view = block.view;
        self.root_id = *id;
        self.nodes.retain(|_, node| node.block.0.height > block.height && node.block.0.view > block.view);
        Some((block, justify))
    }

    /// What decides our further words: root and blocks, and which of them are whole.
    pub fn essence(&self, out: &mut Essence) {
        out.block(&self.root_id).number(self.nodes.len() as u64);
        for (id, node) in &self.nodes {
            out.block(id).number(u64::from(node.batches == Batches::Here));
        }
    }

    /// Makes a final block the root that need not be here. What is not later or not higher leaves.
    // rules F6, L3
    pub fn leap(&mut self, block: Block) {
        (self.root_id, self.root_view) = (block.id(), block.view);
        self.nodes.retain(|_, node| node.block.0.height > block.height && node.block.0.view > block.view);
        self.root = block;
    }

    /// Drops the oldest blocks beyond the limit that no certificate in `kept` stands on.
    // rule L3
    pub fn shrink(&mut self, kept: &[&QuorumCert]) {
        if self.nodes.len() <= TREE_BLOCKS_MAX {
            return;
        }
        let mut keep = BTreeSet::new();
        for certificate in kept {
            let mut next = Some(*certificate);
            while let Some((_, justify)) = next.and_then(|certificate| {
                keep.insert(certificate.block);
                self.get(&certificate.block)
            }) {
                next = Some(justify);
            }
        }
        let mut loose: Vec<(View, BlockId)> = self
            .nodes
            .iter()
            .filter(|(id, _)| !keep.contains(*id))
            .map(|(id, node)| (node.block.0.view, *id))
            .collect();
        loose.sort_unstable();
        for (_, id) in loose.into_iter().take(self.nodes.len() - TREE_BLOCKS_MAX) {
            self.nodes.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{batch, block_on, certify, chain, genesis, genesis_qc, set};

    #[test]
    fn the_newest_missing_block_is_named_and_strangers_are_told_apart() {
        let set = set(4);
        let (blocks, qc) = chain(&set, &[1, 2, 3]);
        let mut tree = BlockTree::new(genesis());
        assert_eq!(tree.ancestry(&genesis_qc()), Ancestry::Whole(Vec::new()));
        assert_eq!(tree.ancestry(&qc), Ancestry::Missing(qc.clone()));
        for position in [2, 0] {
            let (block, justify) = blocks[position].clone();
            assert!(tree.insert(block.id(), block.clone(), justify.clone()));
            assert!(!tree.insert(block.id(), block, justify), "twice");
        }
        assert_eq!(tree.ancestry(&qc), Ancestry::Missing(blocks[2].1.clone()));
        let (block, justify) = blocks[1].clone();
        tree.insert(block.id(), block, justify);
        let path = blocks.iter().map(|(block, _)| block.id()).collect();
        assert_eq!(tree.ancestry(&qc), Ancestry::Whole(path));
        tree.advance(&blocks[0].0.id());
        let beside = certify(&set, &block_on(&set, &genesis_qc(), 9, &[]));
        assert_eq!(tree.ancestry(&beside), Ancestry::Beside);
        assert_eq!(tree.ancestry(&genesis_qc()), Ancestry::Beside);
    }

    #[test]
    fn what_is_not_later_and_higher_leaves_with_a_commit() {
        let set = set(4);
        let (blocks, _) = chain(&set, &[1, 3, 4]);
        let early = block_on(&set, &blocks[1].1, 2, &[]);
        let low = block_on(&set, &genesis_qc(), 5, &[]);
        let mut tree = BlockTree::new(genesis());
        for (block, justify) in
            blocks.iter().cloned().chain([(early, blocks[1].1.clone()), (low.clone(), genesis_qc())])
        {
            tree.insert(block.id(), block, justify);
        }
        tree.advance(&blocks[0].0.id());
        tree.advance(&blocks[1].0.id());
        assert_eq!(tree.blocks().map(|(block, _)| block.id()).collect::<Vec<_>>(), [blocks[2].0.id()]);
        assert!(!tree.insert(low.id(), low, genesis_qc()));
    }

    #[test]
    fn the_tree_is_bounded() {
        let set = set(4);
        let (blocks, qc) = chain(&set, &[1, 2, 3]);
        let mut tree = BlockTree::new(genesis());
        for (block, justify) in &blocks {
            tree.insert(block.id(), block.clone(), justify.clone());
        }
        let count = TREE_BLOCKS_MAX as u64 + 10;
        for view in 4..4 + count {
            let block = block_on(&set, &genesis_qc(), view, &[]);
            tree.insert(block.id(), block, genesis_qc());
        }
        tree.shrink(&[&qc]);
        assert_eq!(tree.len(), TREE_BLOCKS_MAX);
        assert!(matches!(tree.ancestry(&qc), Ancestry::Whole(_)), "certified ancestry is kept");
        assert!(
            tree.blocks().all(|(block, _)| block.view.get() <= 3 || block.view.get() >= 17),
            "the oldest go"
        );
    }

    #[test]
    fn a_certificate_that_says_what_the_block_does_not_is_noticed() {
        let (blocks, _) = chain(&set(4), &[1]);
        let mut tree = BlockTree::new(genesis());
        let block = blocks[0].0.clone();
        let good = certify(&set(4), &block);
        tree.insert(block.id(), block, blocks[0].1.clone());
        assert!(!tree.contradicts(&good));
        assert!(tree.contradicts(&QuorumCert { view: View::new(7), ..good.clone() }));
        assert!(tree.contradicts(&QuorumCert { height: Height::new(7), ..good.clone() }));
        assert!(!tree.contradicts(&QuorumCert { block: BlockId::default(), ..good }), "unknown");
    }

    #[test]
    fn work_is_an_uncommitted_batch() {
        let set = set(4);
        let (blocks, qc) = chain(&set, &[1]);
        let mut tree = BlockTree::new(genesis());
        assert!(!tree.has_work(&qc));
        tree.insert(blocks[0].0.id(), blocks[0].0.clone(), genesis_qc());
        assert_eq!(blocks[0].0.batches, [batch(1)]);
        let empty = block_on(&set, &qc, 2, &[]);
        let empty_qc = certify(&set, &empty);
        tree.insert(empty.id(), empty, qc.clone());
        assert!(
            tree.has_work(&empty_qc) && tree.has_work_in(View::new(1)) && !tree.has_work_in(View::new(2))
        );
        tree.advance(&blocks[0].0.id());
        assert!(!tree.has_work(&empty_qc));
    }
}
