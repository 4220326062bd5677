//! Stored tiles, read as the nodes that proofs are made from.
//!
//! Each node costs one tile; what is kept of tiles is for the caller to decide (`tile_tree`). A tile that has grown since
//! serves as well as the one of the log's size, because the hashes in it never change.
//! Source: C2SP tlog-tiles, "Merkle Tree".

use crypto::Digest;

use crate::nodes::{Nodes, perfect_hash};
use crate::tile::{TileId, slot};

/// What a fetched tile answers with.
pub trait TileHashes {
    /// How many hashes it has.
    fn width(&self) -> usize;

    /// The hash over `count` of its hashes, a power of two, from `offset` on, a multiple of it; none when it has not
    /// all of them.
    fn over(&self, offset: u16, count: u16) -> Option<Digest>;
}

impl TileHashes for Vec<Digest> {
    fn width(&self) -> usize {
        self.len()
    }

    fn over(&self, offset: u16, count: u16) -> Option<Digest> {
        let (offset, count) = (usize::from(offset), usize::from(count));
        self.get(offset..offset + count).map(perfect_hash)
    }
}

/// The nodes of a log of `size` leaves, over a function that fetches the hashes of a tile.
#[derive(Clone, Debug)]
pub struct TileNodes<F> {
    fetch: F,
    size: u64,
}

/// Why a node could not be had from tiles.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileNodesError<E> {
    /// The node is not, or not wholly, inside the log.
    #[error("node {index} of level {level} is not within a log of {size} leaves")]
    OutOfTree {
        /// The node level asked for; leaves are level 0.
        level: u32,
        /// The node asked for, counted from the left on its level.
        index: u64,
        /// How many leaves the log has.
        size: u64,
    },
    /// What is stored as this tile has too few hashes.
    #[error("tile {tile} has {} hashes, found {found}", .tile.width())]
    ShortTile {
        /// The tile as it must be at this size.
        tile: TileId,
        /// How many hashes were fetched.
        found: usize,
    },
    /// The tile could not be fetched.
    #[error("a tile could not be fetched")]
    Fetch(#[source] E),
}

impl<F, T, E> TileNodes<F>
where
    F: Fn(TileId) -> Result<T, E>,
    T: TileHashes,
{
    /// The nodes of the log of `size` leaves whose tiles `fetch` answers with.
    ///
    /// `fetch` is asked for tiles as they are at this size, and may answer with a later, wider one.
    pub const fn new(fetch: F, size: u64) -> Self {
        Self { fetch, size }
    }
}

impl<F, T, E> Nodes for TileNodes<F>
where
    F: Fn(TileId) -> Result<T, E>,
    T: TileHashes,
{
    type Error = TileNodesError<E>;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error> {
        let out_of_tree = TileNodesError::OutOfTree { level, index, size: self.size };
        let Some(slot) = slot(level, index) else {
            return Err(out_of_tree);
        };
        let end = slot.offset + slot.count;
        let tile = match TileId::at(slot.level, slot.index, self.size) {
            Some(tile) if end <= tile.width() => tile,
            Some(_) | None => return Err(out_of_tree),
        };
        let hashes = (self.fetch)(tile).map_err(TileNodesError::Fetch)?;
        let short = TileNodesError::ShortTile { tile, found: hashes.width() };
        if hashes.width() < usize::from(tile.width()) {
            return Err(short);
        }
        hashes.over(slot.offset, slot.count).ok_or(short)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::hash::leaf_hash;
    use crate::range::CompactRange;
    use crate::tile::tiles_at;
    use crate::{consistency, inclusion};

    const SIZE: u64 = 70_000;

    type Stored = BTreeMap<(u32, u64), Digest>;

    /// A log with three levels of tiles, and its root.
    fn log() -> (Stored, Digest) {
        let (mut stored, mut range) = (Stored::new(), CompactRange::new());
        for leaf in 0..SIZE {
            let leaf = leaf_hash(&leaf.to_be_bytes());
            let mut keep = |level, index, hash| assert_eq!(stored.insert((level, index), hash), None);
            range.append(leaf, &mut keep).expect("far from full");
        }
        (stored, range.root())
    }

    fn tiles_of(stored: &Stored) -> BTreeMap<TileId, Vec<Digest>> {
        let hashes = |tile: TileId| {
            let first = tile.index() * 256;
            let nodes = first..first + u64::from(tile.width());
            nodes.map(|index| stored[&(u32::from(tile.level()) * 8, index)]).collect()
        };
        tiles_at(SIZE).map(|tile| (tile, hashes(tile))).collect()
    }

    fn nodes(
        tiles: &BTreeMap<TileId, Vec<Digest>>,
        size: u64,
    ) -> TileNodes<impl Fn(TileId) -> Result<Vec<Digest>, TileId>> {
        TileNodes::new(|tile: TileId| tiles.get(&tile).cloned().ok_or(tile), size)
    }

    #[test]
    fn tiles_answer_with_the_nodes_that_were_appended() {
        let (stored, root) = log();
        let tiles = tiles_of(&stored);
        let nodes = nodes(&tiles, SIZE);
        // Every node of the higher levels, and every 97th of the many below.
        for ((level, index), hash) in
            stored.iter().filter(|((level, index), _)| *level > 7 || index % 97 == 0)
        {
            assert_eq!(nodes.node(*level, *index), Ok(*hash), "level {level}, index {index}");
        }
        for level in 0..64 {
            let past = SIZE >> level;
            let refused = nodes.node(level, past);
            assert_eq!(refused, Err(TileNodesError::OutOfTree { level, index: past, size: SIZE }));
        }
        for (level, index) in [(64, 0), (u32::MAX, 0), (0, u64::MAX), (7, u64::MAX), (63, 1)] {
            assert!(matches!(nodes.node(level, index), Err(TileNodesError::OutOfTree { .. })));
        }

        let proof = inclusion::prove(&nodes, 69_999, SIZE).expect("all tiles are there");
        let leaf = leaf_hash(&69_999_u64.to_be_bytes());
        assert_eq!(inclusion::verify(&leaf, 69_999, SIZE, &proof, &root), Ok(()));
        let old_root = crate::root_at(&nodes, 65_537).expect("all tiles are there");
        let proof = consistency::prove(&nodes, 65_537, SIZE).expect("all tiles are there");
        assert_eq!(consistency::verify(65_537, &old_root, SIZE, &root, &proof), Ok(()));
    }

    #[test]
    fn a_missing_or_short_tile_is_named_and_a_wider_one_serves() {
        let hashes: Vec<_> = (0..200_u8).map(|leaf| leaf_hash(&[leaf])).collect();
        let partial = TileId::new(0, 0, 100).expect("a valid tile");
        let missing = nodes(&BTreeMap::new(), 100).node(0, 3);
        assert_eq!(missing, Err(TileNodesError::Fetch(partial)));
        let short = BTreeMap::from([(partial, hashes[..99].to_vec())]);
        assert_eq!(
            nodes(&short, 100).node(0, 3),
            Err(TileNodesError::ShortTile { tile: partial, found: 99 })
        );
        let wider = BTreeMap::from([(partial, hashes.clone())]);
        assert_eq!(nodes(&wider, 100).node(0, 99), Ok(hashes[99]));
        // The wider tile holds leaf 100, the log of 100 leaves does not.
        let past = TileNodesError::OutOfTree { level: 0, index: 100, size: 100 };
        assert_eq!(nodes(&wider, 100).node(0, 100), Err(past));
    }
}
