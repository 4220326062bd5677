//! The commit rule: which blocks are final, and in what order they leave.
//!
//! A block is final when a block of the very next view stands on it and is certified; with it all its ancestors. A gap
//! of one view is enough to lose this: the leader of the skipped view may have gathered a certificate for another
//! history (Fast-HotStuff's attack). Source: `SPEC.md`, rules K1 to K4, H4.

use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::id::BlockId;

use crate::effect::{CommittedBlock, EpochEnd};
use crate::tree::{Ancestry, BlockTree};

/// What the certificates known so far decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing new, or an ancestor or its batches are still missing.
    Wait,
    /// These are final, oldest first.
    Commit(Vec<CommittedBlock>),
    /// This certified block is final by the rule, and does not descend from what we committed.
    Fork(QuorumCert),
}

/// Applies the commit rule and moves the tree's root to the newest block that is final and whole.
pub fn commit(tree: &mut BlockTree, shown: &[&QuorumCert]) -> Decision {
    let decided = finals(tree, shown).into_iter().find_map(|proof| match tree.ancestry(&proof.certificate) {
        Ancestry::Whole(path) => Some((proof, Some(path))),
        // An older one may be whole: so a replica far behind commits what it has while it fetches the rest.
        Ancestry::Missing(_) => None,
        Ancestry::Beside => Some((proof, None)),
    });
    match decided {
        None => Decision::Wait,
        Some((proof, Some(path))) => leave(tree, &path, proof),
        // rule K4
        Some((proof, None)) => Decision::Fork(proof.certificate),
    }
}

/// That a block is final: its certificate, the block of the next view on it, and the certificate of that one.
struct Proof {
    certificate: QuorumCert,
    child: Block,
    child_certificate: QuorumCert,
}

/// Lets the blocks of `path` leave the tree, oldest first, up to the first whose batches are not here, and none behind one
/// that closes the epoch. `proof` is of the last one; each other has the certificate its successor stands on.
// rules K2, K3, H4
fn leave(tree: &mut BlockTree, path: &[BlockId], proof: Proof) -> Decision {
    let Proof { certificate, child, child_certificate } = proof;
    let mut ready = path.iter().take_while(|id| tree.is_here(id)).count();
    let after = path.iter().skip(1).filter_map(|id| tree.get(id)).map(|(block, _)| block);
    let followed: Vec<bool> = after.chain([&child]).map(|block| !block.is_empty()).collect();
    let closes = |id: &BlockId| tree.get(id).is_some_and(|(block, _)| block.closes_epoch());
    let mut end = None;
    if let Some(last) = path[..ready].iter().position(closes) {
        ready = last + 1;
        let above = path[ready..].iter().filter_map(|id| tree.get(id)).cloned();
        let blocks = above.chain([(child, certificate.clone())]).collect();
        end = Some(EpochEnd { blocks, certificate: child_certificate });
    }
    let mut certificates: Vec<QuorumCert> =
        path.iter().skip(1).filter_map(|id| tree.get(id)).map(|(_, justify)| justify.clone()).collect();
    certificates.push(certificate);
    let mut committed: Vec<CommittedBlock> = path[..ready]
        .iter()
        .zip(certificates.into_iter().zip(followed))
        .filter_map(|(id, (certificate, is_followed))| {
            let (block, justify) = tree.advance(id)?;
            Some(CommittedBlock { block, justify, certificate, is_followed, end: None })
        })
        .collect();
    if let Some(last) = committed.last_mut() {
        last.end = end;
    }
    match committed.is_empty() {
        true => Decision::Wait,
        false if crypto::broken!(AncestorsSkipped) => {
            Decision::Commit(committed.split_off(committed.len() - 1))
        }
        false => Decision::Commit(committed),
    }
}

/// The blocks that the rule makes final and that are later than the root, latest first, each by its proof. Every
/// certificate counts that we hold: those `shown`, and those that blocks of the tree stand on.
// rules K1, K5
fn finals(tree: &BlockTree, shown: &[&QuorumCert]) -> Vec<Proof> {
    let mut finals: Vec<Proof> = tree
        .blocks()
        .map(|(_, justify)| justify)
        .chain(shown.iter().copied())
        .filter_map(|of_child| Some((of_child, tree.get(&of_child.block)?)))
        .filter(|(_, (child, _))| finishes(child) && child.parent_view > tree.root_view())
        .map(|(of_child, (child, justify))| Proof {
            certificate: justify.clone(),
            child: child.clone(),
            child_certificate: of_child.clone(),
        })
        .collect();
    finals.sort_by_key(|proof| std::cmp::Reverse(proof.certificate.view));
    finals
}

/// Whether a certificate for this block makes its parent final.
fn finishes(block: &Block) -> bool {
    block.view.follows(block.parent_view) || crypto::broken!(CommitAcrossGap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{block_on, certify, chain, genesis, genesis_qc, set, v};

    /// A tree of one chain with all batches here, and the certificate of its last block.
    fn grown(views: &[u64]) -> (BlockTree, QuorumCert) {
        let (blocks, qc) = chain(&set(4), views);
        let mut tree = BlockTree::new(genesis());
        for (block, justify) in blocks {
            let id = block.id();
            tree.insert(id, block, justify);
            tree.set_here(&id);
        }
        (tree, qc)
    }

    fn views(decision: Decision) -> Vec<u64> {
        match decision {
            Decision::Commit(blocks) => blocks.iter().map(|it| it.block.view.get()).collect(),
            Decision::Wait => Vec::new(),
            Decision::Fork(certificate) => panic!("fork at {certificate:?}"),
        }
    }

    #[test]
    fn a_gap_in_views_makes_nothing_final() {
        for (chain, finals) in [
            (&[1][..], &[][..]),
            (&[1, 2], &[1]),
            (&[1, 3], &[]),
            (&[1, 2, 4], &[1]),
            (&[1, 3, 4], &[1, 3]),
            (&[1, 3, 5, 7], &[]),
            (&[2, 4, 5, 9], &[2, 4]),
        ] {
            let (mut tree, qc) = grown(chain);
            assert_eq!(views(commit(&mut tree, &[&qc])), finals, "{chain:?}");
        }
    }

    #[test]
    fn ancestors_leave_oldest_first_and_once() {
        let (mut tree, qc) = grown(&[1, 3, 5, 6]);
        let Decision::Commit(blocks) = commit(&mut tree, &[&qc]) else { panic!("nothing is final") };
        assert_eq!(blocks.iter().map(|it| it.block.view).collect::<Vec<_>>(), [v(1), v(3), v(5)]);
        for it in &blocks {
            assert_eq!(it.certificate.block, it.block.id());
            assert_eq!(it.justify.block, it.block.parent);
        }
        assert_eq!(commit(&mut tree, &[&qc]), Decision::Wait);
        assert_eq!((tree.root().view, tree.len()), (v(5), 1));
    }

    #[test]
    fn a_block_is_followed_by_work_or_not() {
        let set = set(4);
        let mut tree = BlockTree::new(genesis());
        let mut qc = genesis_qc();
        for (view, batches) in [(1, &[1][..]), (2, &[2]), (3, &[]), (4, &[3])] {
            let block = block_on(&set, &qc, view, batches);
            let id = block.id();
            tree.insert(id, block.clone(), qc);
            tree.set_here(&id);
            qc = certify(&set, &block);
        }
        let Decision::Commit(blocks) = commit(&mut tree, &[&qc]) else { panic!("nothing is final") };
        let followed: Vec<_> = blocks.iter().map(|it| (it.block.view, it.is_followed)).collect();
        assert_eq!(followed, [(v(1), true), (v(2), false), (v(3), true)]);
    }

    #[test]
    fn an_uncertified_successor_makes_nothing_final() {
        let (mut tree, _) = grown(&[1, 2]);
        assert_eq!(commit(&mut tree, &[&genesis_qc()]), Decision::Wait);
    }

    #[test]
    fn a_missing_ancestor_or_batch_holds_back_what_follows_only() {
        let set = set(4);
        let (blocks, qc) = chain(&set, &[1, 2, 3, 4]);
        let mut tree = BlockTree::new(genesis());
        for (block, justify) in &blocks[..3] {
            tree.insert(block.id(), block.clone(), justify.clone());
        }
        // A later pair of views whose ancestry is not whole.
        let far = block_on(&set, &certify(&set, &block_on(&set, &qc, 5, &[])), 6, &[]);
        let last = block_on(&set, &certify(&set, &far), 7, &[]);
        tree.insert(last.id(), last.clone(), certify(&set, &far));
        let high_qc = certify(&set, &last);
        assert!(views(commit(&mut tree, &[&high_qc])).is_empty(), "no batches");
        tree.set_here(&blocks[1].0.id());
        assert!(views(commit(&mut tree, &[&high_qc])).is_empty(), "not before its parent");
        tree.set_here(&blocks[0].0.id());
        assert_eq!(views(commit(&mut tree, &[&high_qc])), [1], "view 2 needs a certificate of view 3");
        let (block, justify) = &blocks[3];
        tree.insert(block.id(), block.clone(), justify.clone());
        assert_eq!(views(commit(&mut tree, &[&high_qc])), [2]);
    }

    #[test]
    fn a_final_block_of_another_history_is_a_fork() {
        let set = set(4);
        let (mut tree, qc) = grown(&[1, 2]);
        assert_eq!(views(commit(&mut tree, &[&qc])), [1]);
        let third = block_on(&set, &genesis_qc(), 3, &[]);
        let fourth = block_on(&set, &certify(&set, &third), 4, &[]);
        tree.insert(fourth.id(), fourth.clone(), certify(&set, &third));
        assert_eq!(commit(&mut tree, &[&certify(&set, &fourth)]), Decision::Fork(certify(&set, &third)));
    }
}
