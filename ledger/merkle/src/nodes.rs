//! Where proofs get their hashes from, and the hash of any range of leaves.
//!
//! Only perfect subtrees are ever asked for: their hashes never change once the log has grown past
//! them, so whoever stores them stores each of them once. The ragged right edge is recomputed here.
//! Source: RFC 6962 §2.1, `MTH(D[start:end])`.

use crypto::Digest;

use crate::hash::{empty_root, node_hash};

/// The hashes of the perfect subtrees of one log.
pub trait Nodes {
    /// Why a hash could not be had.
    type Error;

    /// The hash of the perfect subtree of `2^level` leaves that begins at leaf `index * 2^level`.
    ///
    /// # Errors
    /// When the log does not reach that far, or when it cannot be read.
    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error>;
}

/// The hash of the leaves `[start, end)`, as a tree of their own; of no leaf at all, the empty root.
///
/// Asks for O(log) nodes when `start` is 0 or the range is a valid [`Subtree`](crate::Subtree), and
/// down to one node a leaf for a range that is not aligned.
///
/// # Errors
/// What `nodes` answers.
pub fn subtree_hash<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<Digest, N::Error> {
    if start >= end {
        return Ok(empty_root());
    }
    let count = end - start;
    if count.is_power_of_two() && start.is_multiple_of(count) {
        return nodes.node(count.ilog2(), start / count);
    }
    let middle = start + split(count);
    Ok(node_hash(&subtree_hash(nodes, start, middle)?, &subtree_hash(nodes, middle, end)?))
}

/// The root of the log when it had `size` leaves.
///
/// # Errors
/// What `nodes` answers.
pub fn root_at<N: Nodes>(nodes: &N, size: u64) -> Result<Digest, N::Error> {
    subtree_hash(nodes, 0, size)
}

/// Where a tree of `count >= 2` leaves divides: at the largest power of two below `count`.
pub(crate) fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The hash over a power of two of neighbouring hashes; of none, the empty root.
pub(crate) fn perfect_hash(hashes: &[Digest]) -> Digest {
    match hashes {
        [] => empty_root(),
        [hash] => *hash,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(&perfect_hash(left), &perfect_hash(right))
        }
    }
}

/// The nodes of a small tree whose leaf hashes are all at hand; nothing is cached.
#[derive(Clone, Copy, Debug)]
pub struct LeafHashes<'a>(&'a [Digest]);

/// A node was asked for that is not, or not wholly, inside the tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node {index} of level {level} is not within a tree of {size} leaves")]
pub struct OutOfTree {
    /// The level asked for; leaves are level 0.
    pub level: u32,
    /// The node asked for, counted from the left on its level.
    pub index: u64,
    /// How many leaves the tree has.
    pub size: u64,
}

impl<'a> LeafHashes<'a> {
    /// Reads `hashes` as the leaf hashes of a tree, in order.
    pub const fn new(hashes: &'a [Digest]) -> Self {
        Self(hashes)
    }

    /// The leaves under a node, `None` when some of them are missing.
    fn under(&self, level: u32, index: u64) -> Option<&'a [Digest]> {
        let count = 1_u64.checked_shl(level)?;
        let start = index.checked_mul(count)?;
        let end = start.checked_add(count)?;
        self.0.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }
}

impl Nodes for LeafHashes<'_> {
    type Error = OutOfTree;

    fn node(&self, level: u32, index: u64) -> Result<Digest, OutOfTree> {
        let leaves = self.under(level, index).ok_or(OutOfTree { level, index, size: self.0.len() as u64 })?;
        Ok(perfect_hash(leaves))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;

    #[test]
    fn every_range_hashes_as_the_definition_says() {
        let entries = reference::entries(40);
        let leaves = reference::leaf_hashes(&entries);
        let nodes = LeafHashes::new(&leaves);
        for end in 0..=entries.len() {
            for start in 0..=end {
                let expected = reference::tree_hash(&entries[start..end]);
                assert_eq!(subtree_hash(&nodes, start as u64, end as u64), Ok(expected), "[{start}, {end})");
            }
        }
    }

    #[test]
    fn a_node_outside_the_tree_is_refused_at_every_extreme() {
        let leaves = reference::leaf_hashes(&reference::entries(5));
        let nodes = LeafHashes::new(&leaves);
        for (level, index) in
            [(0, 5), (1, 2), (2, 1), (3, 0), (63, 1), (63, 2), (64, 0), (0, u64::MAX), (1, u64::MAX)]
        {
            assert_eq!(nodes.node(level, index), Err(OutOfTree { level, index, size: 5 }));
        }
        assert!(root_at(&nodes, 5).is_ok());
        assert!(root_at(&nodes, 6).is_err());
        assert!(root_at(&nodes, u64::MAX).is_err());
    }

    #[test]
    fn a_tree_divides_at_the_largest_smaller_power_of_two() {
        for (count, at) in [(2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (u64::MAX, 1 << 63)] {
            assert_eq!(split(count), at, "{count}");
        }
    }
}
