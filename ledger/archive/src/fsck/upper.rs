//! The hashes above the leaves, each believed because those above it are: one in 256 of a log, kept in memory.

use std::collections::BTreeMap;

use crypto::Digest;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use merkle::tile::TILE_WIDTH;
use merkle::tile_nodes::TileHashes as _;
use merkle::{TileId, leaf_hash};
use proto::checkpoint::Head;

use super::{AT_ONCE, FaultKind, Faults, WIDTH, current, differ, edge_tiles, readable, whole};
use crate::bundle;
use crate::error::ArchiveError;
use crate::growing::{Growing, from_bytes, root_of_edge};
use crate::name::File;
use crate::place::Place;

/// Hashes by tile level, from 1 up; where none can be believed there is none.
#[derive(Debug, Default)]
pub(super) struct Upper {
    levels: BTreeMap<u8, Vec<Option<Digest>>>,
    /// The hashes of the leaves beyond the full tiles, if they are believed.
    edge: Option<Vec<Digest>>,
    files: u64,
}

impl Upper {
    /// Reads them all.
    pub(super) async fn read(place: &Place, head: Head, faults: &mut Faults) -> Result<Self, ArchiveError> {
        let size = head.size.get();
        let mut upper = Self::default();
        let mut edge = upper.read_edge(place, head, faults).await?;
        upper.edge = Some(edge.remove(&0).unwrap_or_default());
        let top = (1..=7).rev().find(|level| size >> (8 * u32::from(*level)) > 0).unwrap_or(0);
        for level in (1..=top).rev() {
            let full = size >> (8 * u32::from(level)) >> 8;
            let mut hashes = Vec::new();
            let tiles = (0..full).map_while(|index| TileId::new(level, index, TILE_WIDTH).ok());
            let read = |tile: TileId| async move {
                Ok::<_, ArchiveError>((tile, readable(place, File::Tile(tile)).await?))
            };
            let mut files = stream::iter(tiles).map(read).buffered(AT_ONCE);
            while let Some((tile, bytes)) = files.try_next().await? {
                upper.files += 1;
                if faults.are_enough() {
                    return Ok(upper);
                }
                let stored =
                    whole(bytes.as_deref(), File::Tile(tile), faults, |it| from_bytes(it, TILE_WIDTH));
                match upper.believe(place, tile, stored, faults).await? {
                    Some(good) => hashes.extend(good.into_iter().map(Some)),
                    None => hashes.extend([None; TILE_WIDTH as usize]),
                }
            }
            hashes.extend(edge.remove(&level).unwrap_or_default().into_iter().map(Some));
            upper.levels.insert(level, hashes);
        }
        Ok(upper)
    }

    /// How many files were read.
    pub(super) const fn files(&self) -> u64 {
        self.files
    }

    /// The hash that a full tile leads to, if it is believed.
    pub(super) fn above(&self, tile: &TileId) -> Option<Digest> {
        let place = usize::try_from(tile.index()).ok()?;
        *self.levels.get(&(tile.level() + 1))?.get(place)?
    }

    /// The hashes of the leaves beyond the full tiles.
    pub(super) fn edge_leaves(&self) -> Option<&Vec<Digest>> {
        self.edge.as_ref()
    }

    /// What is wrong with the hashes of a tile of level 0, or with those that a bundle leads to.
    pub(super) fn fault(&self, tile: &TileId, hashes: &Vec<Digest>) -> FaultKind {
        let edge = self.edge.as_deref().filter(|_| !tile.is_full());
        if let Some((place, expected, found)) = edge.and_then(|edge| differ(edge, hashes)) {
            return FaultKind::Hash { place, expected, found };
        }
        let found = hashes.over(0, TILE_WIDTH).unwrap_or(Digest::ZERO);
        FaultKind::Above { expected: self.above(tile).unwrap_or(Digest::ZERO), found }
    }

    /// The log at a size that is a multiple of 256; none where a hash it needs is not believed.
    pub(super) fn log_at(&self, size: u64) -> Option<Growing> {
        let hashes = |tile: TileId| {
            let first = usize::try_from(tile.index() * WIDTH).ok()?;
            let hashes = self.levels.get(&tile.level())?.get(first..first + usize::from(tile.width()))?;
            Some((tile.level(), hashes.iter().copied().collect::<Option<Vec<_>>>()?))
        };
        let edge = edge_tiles(size).into_values().map(hashes).collect::<Option<BTreeMap<_, _>>>()?;
        Growing::from_edge(size, edge)
    }

    /// The hashes of a full tile above level 0: those stored if they lead to the one above, else those made from below
    /// if these do.
    async fn believe(
        &self,
        place: &Place,
        tile: TileId,
        stored: Option<Vec<Digest>>,
        faults: &mut Faults,
    ) -> Result<Option<Vec<Digest>>, ArchiveError> {
        let leads_to = |hashes: &Vec<Digest>| hashes.over(0, TILE_WIDTH);
        let Some(above) = self.above(&tile) else { return Ok(stored) };
        if stored.as_ref().is_some_and(|stored| leads_to(stored) == Some(above)) {
            return Ok(stored);
        }
        let of_tiles = below(place, tile, Below::Tiles).await?;
        let of_entries = below(place, tile, Below::Entries).await?;
        let ways =
            [voted(stored.as_deref(), &of_tiles, &of_entries), whole_of(&of_tiles), whole_of(&of_entries)];
        let made = ways.into_iter().flatten().find(|made| leads_to(made) == Some(above));
        if let Some(stored) = &stored {
            let found = leads_to(stored).unwrap_or(Digest::ZERO);
            let hash = made.as_deref().and_then(|made| differ(made, stored));
            faults.add(
                File::Tile(tile),
                match hash {
                    Some((place, expected, found)) => FaultKind::Hash { place, expected, found },
                    None => FaultKind::Above { expected: above, found },
                },
            );
        }
        Ok(made)
    }

    /// The tiles of the right edge, which together lead to the root. If they do not, those that were made from below are
    /// tried in their place, in all combinations of those that differ: at most eight tiles, so 256.
    async fn read_edge(
        &mut self,
        place: &Place,
        head: Head,
        faults: &mut Faults,
    ) -> Result<BTreeMap<u8, Vec<Digest>>, ArchiveError> {
        let size = head.size.get();
        let tiles = edge_tiles(size);
        let mut stored = BTreeMap::new();
        for (level, tile) in &tiles {
            self.files += u64::from(*level > 0);
            let bytes = current(place, File::Tile(*tile)).await?;
            // The tile of level 0 is judged with its bundle, and not named twice.
            let mut unnamed = Faults::default();
            let faults = if *level == 0 { &mut unnamed } else { &mut *faults };
            let read = |bytes: &[u8]| from_bytes(bytes, tile.width());
            if let Some(hashes) = whole(bytes.as_deref(), File::Tile(*tile), faults, read) {
                stored.insert(*level, hashes);
            }
        }
        if root_of_edge(size, stored.clone()) == Some(head.root) {
            return Ok(stored);
        }
        let mut choices = Vec::new();
        for (level, tile) in &tiles {
            let mut ways: Vec<Vec<Digest>> = stored.get(level).cloned().into_iter().collect();
            let of_tiles = match level {
                0 => leaves(place, *tile).await?,
                _ => below(place, *tile, Below::Tiles).await?,
            };
            let of_entries = match level {
                0 => of_tiles.clone(),
                // Where no tile is, none is below it: a head may say any size.
                2.. if of_tiles.iter().all(Option::is_none) => of_tiles.clone(),
                _ => below(place, *tile, Below::Entries).await?,
            };
            let voted = voted(stored.get(level).map(Vec::as_slice), &of_tiles, &of_entries);
            for made in [whole_of(&of_tiles), whole_of(&of_entries), voted].into_iter().flatten() {
                if !ways.contains(&made) {
                    ways.push(made);
                }
            }
            choices.push((*level, ways));
        }
        let combinations = choices.iter().map(|(_, ways)| ways.len().max(1)).product::<usize>();
        for number in 0..combinations {
            let mut rest = number;
            let mut edge = BTreeMap::new();
            for (level, ways) in &choices {
                if let Some(way) = ways.get(rest % ways.len().max(1)) {
                    edge.insert(*level, way.clone());
                }
                rest /= ways.len().max(1);
            }
            if root_of_edge(size, edge.clone()) == Some(head.root) {
                for (level, hashes) in edge.iter().filter(|(level, _)| **level > 0) {
                    let differs = stored.get(level).and_then(|stored| differ(hashes, stored));
                    if let (Some((place, expected, found)), Some(tile)) = (differs, tiles.get(level)) {
                        faults.add(File::Tile(*tile), FaultKind::Hash { place, expected, found });
                    }
                }
                return Ok(edge);
            }
        }
        // Whatever is taken, the root is another: then it is the checkpoint that is not true to its files.
        let best: BTreeMap<_, _> =
            choices.into_iter().filter_map(|(level, ways)| Some((level, ways.into_iter().next()?))).collect();
        let expected = root_of_edge(size, best.clone()).unwrap_or(Digest::ZERO);
        faults.add(File::Checkpoint, FaultKind::Root { size, expected, found: head.root });
        Ok(best)
    }
}

/// From what hashes are made anew.
#[derive(Clone, Copy, Debug)]
enum Below {
    /// From the tiles one level below.
    Tiles,
    /// From the entries: of a tile of level 0 or 1. Of a higher one from the tiles two levels below.
    Entries,
}

/// At each place the hash that two of three ways lead to; where there are no two, the stored one.
fn voted(
    stored: Option<&[Digest]>,
    of_tiles: &[Option<Digest>],
    of_entries: &[Option<Digest>],
) -> Option<Vec<Digest>> {
    let pairs = of_tiles.iter().zip(of_entries).enumerate();
    let vote = |(place, (tile, entries)): (usize, (&Option<Digest>, &Option<Digest>))| {
        let stored = stored.and_then(|stored| stored.get(place)).copied();
        if tile == entries && tile.is_some() { *tile } else { stored.or(*tile).or(*entries) }
    };
    pairs.map(vote).collect()
}

fn whole_of(hashes: &[Option<Digest>]) -> Option<Vec<Digest>> {
    hashes.iter().copied().collect()
}

/// The hashes of a tile, made from what is below it; none where that is not to be had.
async fn below(place: &Place, tile: TileId, how: Below) -> Result<Vec<Option<Digest>>, ArchiveError> {
    if tile.level() == 0 {
        return leaves(place, tile).await;
    }
    let first = tile.index() * WIDTH;
    let children = (first..first + u64::from(tile.width()))
        .filter_map(|index| TileId::new(tile.level() - 1, index, TILE_WIDTH).ok());
    let hash = |child: TileId| async move {
        let hashes = match how {
            Below::Entries if child.level() == 0 => leaves(place, child).await?,
            Below::Entries => Box::pin(below(place, child, Below::Tiles)).await?,
            Below::Tiles => {
                let bytes = readable(place, File::Tile(child)).await?;
                let hashes = bytes.and_then(|bytes| from_bytes(&bytes, TILE_WIDTH).ok()).unwrap_or_default();
                hashes.into_iter().map(Some).collect()
            }
        };
        let hashes = hashes.into_iter().collect::<Option<Vec<_>>>();
        Ok::<_, ArchiveError>(hashes.and_then(|hashes| hashes.over(0, TILE_WIDTH)))
    };
    stream::iter(children).map(hash).buffered(AT_ONCE).try_collect().await
}

/// The leaf hashes of a bundle.
async fn leaves(place: &Place, tile: TileId) -> Result<Vec<Option<Digest>>, ArchiveError> {
    let width = tile.width();
    let bytes = current(place, File::Entries(tile)).await?;
    let hashes = bytes.and_then(|bytes| {
        let entries = bundle::entries(&bytes, width).ok()?;
        Some(entries.into_iter().map(|entry| Some(leaf_hash(entry))).collect())
    });
    Ok(hashes.unwrap_or_else(|| vec![None; usize::from(width)]))
}
