//! A whole tree in memory: its root and the way of each of its leaves, without hashing anything twice.
//!
//! For trees that are made at once and kept while their proofs are handed out, such as a batch; about 64 bytes a leaf.
//! Source: RFC 6962 §2.1.

use std::convert::Infallible;

use crypto::Digest;

use crate::inclusion::{ProveError, prove};
use crate::nodes::{Nodes, root_at};
use crate::range::CompactRange;

/// All nodes of one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeTree {
    /// The hashes of the perfect subtrees, by level from the leaves up, then from the left.
    levels: Vec<Vec<Digest>>,
}

impl WholeTree {
    /// The tree over these leaf hashes, in their order.
    pub fn new(leaf_hashes: impl IntoIterator<Item = Digest>) -> Self {
        let mut levels: Vec<Vec<Digest>> = vec![Vec::new()];
        let mut range = CompactRange::new();
        for leaf in leaf_hashes {
            let mut keep = |level: u32, _index, hash| {
                let level = level as usize;
                if level == levels.len() {
                    levels.push(Vec::new());
                }
                levels[level].push(hash);
            };
            range.append(leaf, &mut keep).expect("what is in memory is less than 2^64 leaves");
        }
        Self { levels }
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// Its root.
    pub fn root(&self) -> Digest {
        match root_at(&Kept(&self.levels), self.size()) {
            Ok(root) => root,
            Err(never) => match never {},
        }
    }

    /// The proof for the leaf at `index`, lowest hash first; none without such a leaf.
    pub fn path(&self, index: u64) -> Option<Vec<Digest>> {
        match prove(&Kept(&self.levels), index, self.size()) {
            Ok(path) => Some(path),
            Err(ProveError::IndexOutOfRange { .. }) => None,
            Err(ProveError::Nodes(never)) => match never {},
        }
    }
}

/// The nodes, asked for by proofs within the tree only.
struct Kept<'a>(&'a [Vec<Digest>]);

impl Nodes for Kept<'_> {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Infallible> {
        // Root and proofs of a tree ask for its perfect subtrees alone, and `append` has told each of them, in order.
        Ok(self.0[level as usize][index as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inclusion::verify;
    use crate::reference;

    #[test]
    fn roots_and_paths_follow_the_definition_at_every_size() {
        let entries = reference::entries(70);
        let leaves = reference::leaf_hashes(&entries);
        for size in 0..=entries.len() {
            let tree = WholeTree::new(leaves[..size].iter().copied());
            assert_eq!((tree.size(), tree.root()), (size as u64, reference::tree_hash(&entries[..size])));
            for (index, leaf) in (0..).zip(&leaves[..size]) {
                let path = tree.path(index).expect("within the tree");
                assert_eq!(path, reference::path(index as usize, &entries[..size]), "{index} of {size}");
                assert_eq!(verify(leaf, index, size as u64, &path, &tree.root()), Ok(()));
            }
            for index in [size as u64, u64::MAX] {
                assert_eq!(tree.path(index), None, "{index} of {size}");
            }
        }
    }
}
