//! A log that grows, entry by entry: what it must remember to know its root and to make its tiles.
//!
//! All of it is in the tiles of its right edge, so whoever has these can go on from them.
//! Source: C2SP tlog-tiles; RFC 6962 §2.1.

use std::collections::BTreeMap;

use crypto::Digest;
use merkle::tile::TILE_WIDTH;
use merkle::tile_nodes::TileHashes as _;
use merkle::{CompactRange, TileId};

/// Node levels in one tile level.
const TILE_HEIGHT: u32 = TILE_WIDTH.ilog2();

/// Peaks, and the hashes beyond the full tiles of each level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growing {
    range: CompactRange,
    edge: BTreeMap<u8, Vec<Digest>>,
}

/// A tile with its hashes.
pub type Made = (TileId, Vec<Digest>);

/// The tiles of the right edge of a log, which are not full; one on each level at most.
pub fn edge_of(size: u64) -> impl Iterator<Item = TileId> {
    (0..=7).filter_map(move |level| {
        let hashes = size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0);
        let tile = TileId::at(level, hashes / u64::from(TILE_WIDTH), size);
        tile.filter(|tile| !tile.is_full())
    })
}

impl Growing {
    /// A log of this size from the tiles of its right edge. Compare its root with one that is trusted.
    ///
    /// `None` when a tile is missing or has not the width that it has at this size.
    pub fn from_edge(size: u64, edge: BTreeMap<u8, Vec<Digest>>) -> Option<Self> {
        let needed = edge_of(size).map(|tile| (tile.level(), usize::from(tile.width())));
        if !needed.eq(edge.iter().map(|(level, hashes)| (*level, hashes.len()))) {
            return None;
        }
        let mut peaks = Vec::new();
        for hashes in edge.values().rev() {
            // A tile's hashes divide as the log does: the largest power of two first.
            let (mut at, width) = (0_u16, u16::try_from(hashes.len()).ok()?);
            for count in (0..TILE_HEIGHT).rev().map(|bit| 1 << bit).filter(|count| width & count != 0) {
                peaks.push(hashes.over(at, count)?);
                at += count;
            }
        }
        let range = CompactRange::from_peaks(size, peaks).ok()?;
        Some(Self { range, edge })
    }

    /// Appends a leaf; the tiles that it filled are added to `full`.
    pub fn append(&mut self, leaf: Digest, full: &mut Vec<Made>) {
        let edge = &mut self.edge;
        let mut keep = |level: u32, index: u64, hash: Digest| {
            if !level.is_multiple_of(TILE_HEIGHT) {
                return;
            }
            let level = (level / TILE_HEIGHT) as u8; // at most 63 / 8
            let hashes = edge.entry(level).or_default();
            hashes.push(hash);
            if hashes.len() == usize::from(TILE_WIDTH)
                && let Ok(tile) = TileId::new(level, index / u64::from(TILE_WIDTH), TILE_WIDTH)
            {
                full.push((tile, edge.remove(&level).unwrap_or_default()));
            }
        };
        // A log of 2^64 leaves is full; none that is read from files comes near.
        let _ = self.range.append(leaf, &mut keep);
    }

    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.range.size()
    }

    /// Its root.
    pub fn root(&self) -> Digest {
        self.range.root()
    }

    /// The tiles of its right edge.
    pub fn edge(&self) -> Vec<Made> {
        let made = |tile: TileId| Some((tile, self.edge.get(&tile.level())?.clone()));
        edge_of(self.size()).filter_map(made).collect()
    }
}

/// The root of a log of so many leaves when these are the tiles of its right edge.
pub fn root_of_edge(size: u64, edge: BTreeMap<u8, Vec<Digest>>) -> Option<Digest> {
    Growing::from_edge(size, edge).map(|log| log.root())
}

/// A tile as bytes.
pub fn to_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The hashes of a tile, which must be so many.
///
/// # Errors
/// What is wrong with its length.
pub fn from_bytes(bytes: &[u8], width: u16) -> Result<Vec<Digest>, String> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    match rest.is_empty() && hashes.len() == usize::from(width) {
        true => Ok(hashes.iter().copied().map(Digest::new).collect()),
        false => {
            Err(format!("it has {} bytes, {width} hashes have {}", bytes.len(), 32 * usize::from(width)))
        }
    }
}

#[cfg(test)]
mod tests {
    use merkle::leaf_hash;
    use merkle::tile::tiles_between;

    use super::*;

    #[test]
    fn what_is_made_is_what_the_geometry_says_and_any_edge_can_be_gone_on_from() {
        let (mut log, mut tiles) = (Growing::default(), BTreeMap::new());
        let sizes = [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000];
        for index in 0..66_000_u64 {
            if sizes.contains(&index) {
                let edge = log.edge().into_iter().map(|(tile, hashes)| (tile.level(), hashes)).collect();
                assert_eq!(Growing::from_edge(index, edge), Some(log.clone()), "{index}");
            }
            let mut full = Vec::new();
            log.append(leaf_hash(&index.to_be_bytes()), &mut full);
            tiles.extend(full);
        }
        tiles.extend(log.edge());
        let expected: Vec<TileId> = {
            let mut all: Vec<_> = tiles_between(0, 66_000).collect();
            all.sort();
            all
        };
        assert_eq!(tiles.keys().copied().collect::<Vec<_>>(), expected);
        // The hash of a full tile is the hash above it.
        for (tile, hashes) in tiles.iter().filter(|(tile, _)| tile.is_full()) {
            let (above, offset) = (tile.index() / 256, (tile.index() % 256) as usize);
            let at = TileId::at(tile.level() + 1, above, 66_000).expect("the log reaches it");
            assert_eq!(hashes.over(0, 256), Some(tiles[&at][offset]), "{tile}");
        }
    }

    #[test]
    fn an_edge_of_another_size_is_refused() {
        let hash = leaf_hash(b"");
        let edge = |level, count: usize| BTreeMap::from([(level, vec![hash; count])]);
        assert_eq!(Growing::from_edge(5, edge(0, 4)), None);
        assert_eq!(Growing::from_edge(5, edge(1, 5)), None);
        assert_eq!(Growing::from_edge(256, edge(0, 0)), None);
        assert!(Growing::from_edge(256, edge(1, 1)).is_some());
    }
}
