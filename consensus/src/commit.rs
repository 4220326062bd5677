//! The commit rule: which blocks are final, and in what order they leave.
//!
//! A block is final when a block of the very next view stands on it and is certified; with it all its ancestors. A gap
//! of one view is enough to lose this: the leader of the skipped view may have gathered a certificate for another
//! history (Fast-HotStuff's attack). Source: `SPEC.md`, rules K1 to K4.

use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::id::BlockId;

use crate::effect::CommittedBlock;
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
pub fn commit(tree: &mut BlockTree, high_qc: &QuorumCert) -> Decision {
    for certificate in finals(tree, high_qc) {
        match tree.ancestry(&certificate) {
            Ancestry::Whole(path) => return leave(tree, &path, certificate),
            // An older one may be whole: so a replica far behind commits what it has while it fetches the rest.
            Ancestry::Missing(_) => {}
            // rule K4
            Ancestry::Beside => return Decision::Fork(certificate),
        }
    }
    Decision::Wait
}

/// Lets the blocks of `path` leave the tree, oldest first, up to the first whose batches are not here. `certificate` is
/// of the last one; each other has the one its successor stands on.
// rules K2, K3
fn leave(tree: &mut BlockTree, path: &[BlockId], certificate: QuorumCert) -> Decision {
    let ready = path.iter().take_while(|id| tree.is_here(id)).count();
    let mut certificates: Vec<QuorumCert> =
        path.iter().skip(1).filter_map(|id| tree.get(id)).map(|(_, justify)| justify.clone()).collect();
    certificates.push(certificate);
    let committed: Vec<CommittedBlock> = path[..ready]
        .iter()
        .zip(certificates)
        .filter_map(|(id, certificate)| {
            tree.advance(id).map(|(block, justify)| CommittedBlock { block, justify, certificate })
        })
        .collect();
    match committed.is_empty() {
        true => Decision::Wait,
        false => Decision::Commit(committed),
    }
}

/// Certificates of the blocks that the rule makes final and that are later than the root, latest first. Every
/// certificate counts that we hold: the highest, and those that blocks of the tree stand on.
// rule K1
fn finals(tree: &BlockTree, high_qc: &QuorumCert) -> Vec<QuorumCert> {
    let mut finals: Vec<QuorumCert> = tree
        .blocks()
        .map(|(_, justify)| justify)
        .chain([high_qc])
        .filter_map(|certificate| tree.get(&certificate.block))
        .filter(|(block, _)| closes(block) && block.parent_view > tree.root().view)
        .map(|(_, justify)| justify.clone())
        .collect();
    finals.sort_by_key(|certificate| std::cmp::Reverse(certificate.view));
    finals
}

/// Whether a certificate for this block makes its parent final.
const fn closes(block: &Block) -> bool {
    block.view.follows(block.parent_view)
}
