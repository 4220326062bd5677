//! A tile with the nodes above its hashes, for whoever reads many proofs from it.
//!
//! A proof asks a tile for nodes over up to 128 of its hashes; computed each time, those cost more than the rest of
//! the proof. Here each is computed once, for twice the memory. A tree of more hashes answers for one of fewer.

use std::sync::Arc;

use crypto::Digest;

use crate::hash::node_hash;
use crate::tile::TILE_WIDTH;
use crate::tile_nodes::TileHashes;

/// Levels of nodes in a tile: its hashes, and those above up to the one over all of them.
const LEVELS: usize = TILE_WIDTH.ilog2() as usize + 1;

/// The hashes of a tile, and every node that is wholly above them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileTree {
    width: usize,
    /// Level by level from the hashes up, each from the left.
    nodes: Vec<Digest>,
    /// Where each level begins in `nodes`.
    starts: [usize; LEVELS],
}

impl TileTree {
    /// The tree over the hashes of a tile; those beyond the 256th are left out.
    pub fn new(mut hashes: Vec<Digest>) -> Self {
        hashes.truncate(usize::from(TILE_WIDTH));
        let width = hashes.len();
        let (mut nodes, mut starts) = (hashes, [0; LEVELS]);
        for level in 1..LEVELS {
            let (below, begin) = (starts[level - 1], nodes.len());
            for pair in 0..width >> level {
                let left = below + 2 * pair;
                nodes.push(node_hash(&nodes[left], &nodes[left + 1]));
            }
            starts[level] = begin;
        }
        Self { width, nodes, starts }
    }

    /// The tile's own hashes.
    pub fn hashes(&self) -> &[Digest] {
        &self.nodes[..self.width]
    }

    /// What it takes in memory, in bytes.
    pub const fn bytes(&self) -> usize {
        size_of::<Self>() + self.nodes.len() * size_of::<Digest>()
    }
}

impl TileHashes for Arc<TileTree> {
    fn width(&self) -> usize {
        self.width
    }

    fn over(&self, offset: u16, count: u16) -> Option<Digest> {
        let (offset, count) = (usize::from(offset), usize::from(count));
        let aligned = count.is_power_of_two() && offset.is_multiple_of(count);
        if !aligned || offset + count > self.width {
            return None;
        }
        let level = count.ilog2() as usize;
        self.nodes.get(self.starts.get(level)? + (offset >> level)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    #[test]
    fn the_tree_says_what_the_hashes_say_at_every_width() {
        let hashes: Vec<_> = (0..300_u16).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect();
        for width in [0, 1, 2, 3, 5, 8, 100, 127, 128, 255, 256] {
            let plain = hashes[..width].to_vec();
            let tree = Arc::new(TileTree::new(plain.clone()));
            assert_eq!((tree.hashes(), TileHashes::width(&tree)), (&plain[..], width));
            for level in 0..=8 {
                let count = 1_u16 << level;
                for offset in (0..=256).step_by(usize::from(count)) {
                    assert_eq!(
                        tree.over(offset, count),
                        plain.over(offset, count),
                        "{offset} + {count} of {width}"
                    );
                }
            }
        }
        assert_eq!(TileTree::new(hashes.clone()), TileTree::new(hashes[..256].to_vec()));
    }

    #[test]
    fn what_is_no_node_of_a_tile_is_none() {
        let tree = Arc::new(TileTree::new((0..=255).map(|leaf| leaf_hash(&[leaf])).collect()));
        for (offset, count) in [(1, 2), (0, 3), (0, 0), (256, 1), (0, 512), (255, 2), (u16::MAX, u16::MAX)] {
            assert_eq!(tree.over(offset, count), None, "{offset} + {count}");
        }
        assert!(tree.bytes() > 511 * 32 && tree.bytes() < 512 * 32 + 200);
    }
}
