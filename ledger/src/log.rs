//! The log: leaves in, tiles and a head out.
//!
//! All leaves of a block are one value, each behind its length (u16, big-endian), as in a tlog-tiles entry bundle.
//! Node hashes are kept in tiles of up to 256; the ones along the right edge grow, and are rewritten with each
//! block. Source: C2SP tlog-tiles; RFC 6962 §2.1.

use std::collections::BTreeMap;

use crypto::Digest;
use merkle::tile::{TILE_WIDTH, tiles_between};
use merkle::tile_nodes::TileNodesError;
use merkle::{CompactRange, Nodes, TileId, TileNodes, leaf_hash};
use proto::canonical::Canonical as _;
use proto::checkpoint::Head;
use proto::counter::{LeafIndex, TreeSize};
use proto::entry::{ENTRY_BYTES_MAX, Entry};

use crate::change::{ChangeSet, Table};
use crate::error::LedgerError;
use crate::read::{Read, ReadError};

/// An entry's canonical bytes, short enough for a leaf.
pub(crate) struct Leaf(Vec<u8>);

impl Leaf {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// # Errors
    /// `LeafTooLarge`.
    pub(crate) fn of(entry: &Entry) -> Result<Self, LedgerError> {
        let what = match entry {
            Entry::Genesis(_) => "genesis",
            Entry::Epoch(_) => "epoch",
            Entry::Submission(_) => "submission",
            Entry::Statement(_) => "statement",
            Entry::Block(_) => "block",
        };
        let bytes = entry.encode();
        match bytes.len() {
            found if found > ENTRY_BYTES_MAX => {
                Err(LedgerError::LeafTooLarge { what, found, max: ENTRY_BYTES_MAX })
            }
            _ => Ok(Self(bytes)),
        }
    }
}

/// What a log must remember to grow: its peaks, and the tiles that are not full.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    range: CompactRange,
    /// By tile level, the hashes beyond its full tiles.
    edge: BTreeMap<u8, Vec<Digest>>,
}

impl Log {
    /// The log as a store has it.
    pub(crate) fn load(base: &dyn Read, head: &Head) -> Result<Self, ReadError> {
        let fetch = |key: &[u8]| base.get(Table::Tiles, key);
        let size = head.size.get();
        let mut edge = BTreeMap::new();
        for tile in tiles_between(0, size).filter(|tile| !tile.is_full()) {
            edge.insert(tile.level(), stored_tile(&fetch, tile)?);
        }
        let range = range_at(&nodes(fetch, head.size), size)?;
        let damaged = |fault: String| ReadError::damaged(Table::Tiles, b"", fault);
        match range.root() {
            root if root == head.root => Ok(Self { range, edge }),
            root => Err(damaged(format!("{size} leaves lead to root {root}, the tip says {}", head.root))),
        }
    }

    /// Its head.
    pub(crate) fn head(&self) -> Head {
        Head { size: TreeSize::new(self.range.size()), root: self.range.root() }
    }

    /// The index of the next leaf.
    pub(crate) fn next_index(&self) -> LeafIndex {
        LeafIndex::new(self.range.size())
    }

    /// Appends the leaves of a block and adds their bytes and tiles to `change`.
    ///
    /// # Errors
    /// `Full`, which leaves a log that is of no use.
    pub(crate) fn append(&mut self, leaves: &[Leaf], change: &mut ChangeSet) -> Result<Head, LedgerError> {
        let first = self.range.size();
        let mut framed = Vec::new();
        for Leaf(leaf) in leaves {
            let length = u16::try_from(leaf.len()).expect("checked by Leaf::of");
            framed.extend_from_slice(&length.to_be_bytes());
            framed.extend_from_slice(leaf);
            let edge = &mut self.edge;
            let mut keep = |level: u32, index: u64, hash: Digest| {
                if !level.is_multiple_of(TILE_WIDTH.ilog2()) {
                    return;
                }
                let level = (level / TILE_WIDTH.ilog2()) as u8; // at most 63 / 8
                let hashes = edge.entry(level).or_default();
                hashes.push(hash);
                if hashes.len() == usize::from(TILE_WIDTH) {
                    put_tile(level, index / u64::from(TILE_WIDTH), hashes, change);
                    hashes.clear();
                }
            };
            self.range.append(leaf_hash(leaf), &mut keep)?;
        }
        for tile in tiles_between(first, self.range.size()).filter(|tile| !tile.is_full()) {
            let hashes = self.edge.get(&tile.level()).map_or(&[][..], Vec::as_slice);
            put_tile(tile.level(), tile.index(), hashes, change);
        }
        change.put(Table::Leaves, &first.to_be_bytes(), framed);
        Ok(self.head())
    }
}

/// The leaves of one block, each behind its length, as `append` wrote them.
///
/// # Errors
/// What is wrong: there are none, or one ends early.
pub(crate) fn frames(mut framed: &[u8]) -> Result<Vec<Leaf>, &'static str> {
    let short = "a leaf ends early";
    let mut leaves = Vec::new();
    while !framed.is_empty() {
        let (length, rest) = framed.split_first_chunk::<2>().ok_or(short)?;
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(short)?;
        leaves.push(Leaf(leaf.to_vec()));
        framed = rest;
    }
    match leaves.is_empty() {
        true => Err("a block has a leaf of its own"),
        false => Ok(leaves),
    }
}

fn tile_key(level: u8, index: u64) -> [u8; 9] {
    let mut key = [level; 9];
    key[1..].copy_from_slice(&index.to_be_bytes());
    key
}

fn put_tile(level: u8, index: u64, hashes: &[Digest], change: &mut ChangeSet) {
    let bytes = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    change.put(Table::Tiles, &tile_key(level, index), bytes);
}

/// Reads a tile at the width asked for; what is stored may have grown since.
///
/// # Errors
/// `Damaged` when it is missing, too short, or not made of hashes.
pub(crate) fn stored_tile(
    fetch: &impl Fn(&[u8]) -> Result<Option<Vec<u8>>, ReadError>,
    tile: TileId,
) -> Result<Vec<Digest>, ReadError> {
    let mut hashes = grown_tile(fetch, tile)?;
    hashes.truncate(usize::from(tile.width()));
    Ok(hashes)
}

/// Reads a tile as wide as it is stored.
///
/// # Errors
/// As [`stored_tile`].
pub(crate) fn grown_tile(
    fetch: &impl Fn(&[u8]) -> Result<Option<Vec<u8>>, ReadError>,
    tile: TileId,
) -> Result<Vec<Digest>, ReadError> {
    let key = tile_key(tile.level(), tile.index());
    let damaged = |fault: String| ReadError::damaged(Table::Tiles, &key, fault);
    let bytes = fetch(&key)?.ok_or_else(|| damaged(format!("tile {tile} is missing")))?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    let (found, needed) = (hashes.len(), usize::from(tile.width()));
    if !rest.is_empty() || found < needed || found > usize::from(TILE_WIDTH) {
        return Err(damaged(format!("tile {tile} has {} bytes", bytes.len())));
    }
    Ok(hashes.iter().copied().map(Digest::new).collect())
}

/// The nodes of the log as it was at `size`.
pub(crate) fn nodes(
    fetch: impl Fn(&[u8]) -> Result<Option<Vec<u8>>, ReadError>,
    size: TreeSize,
) -> impl Nodes<Error = TileNodesError<ReadError>> {
    TileNodes::new(move |tile| stored_tile(&fetch, tile), size.get())
}

/// What the log was grown from at a size that it had, by its nodes.
pub(crate) fn range_at(
    nodes: &impl Nodes<Error = TileNodesError<ReadError>>,
    size: u64,
) -> Result<CompactRange, ReadError> {
    let (mut peaks, mut before) = (Vec::new(), 0);
    for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
        peaks.push(nodes.node(level, before >> level).map_err(unreadable)?);
        before += 1 << level;
    }
    CompactRange::from_peaks(size, peaks).map_err(|fault| ReadError::damaged(Table::Tiles, b"", fault))
}

/// A node that should be there is not: the store is to blame.
pub(crate) fn unreadable(fault: TileNodesError<ReadError>) -> ReadError {
    match fault {
        TileNodesError::Fetch(fault) => fault,
        TileNodesError::OutOfTree { .. } | TileNodesError::ShortTile { .. } => {
            ReadError::damaged(Table::Tiles, b"", fault)
        }
    }
}
