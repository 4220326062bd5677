//! Publishing: the files of a log, written where anybody may read them, the newest head last.
//!
//! What is there says how far it came: nothing else is remembered, so an interrupted run is gone on from by whoever
//! comes next. Tiles are made here from the entries, and no head is published that they do not lead to; so a reader
//! of `checkpoint` finds all that is below it, and it is true to it. Files are written more than once only with the
//! same bytes, but for those that an interrupted run left beyond the published head.
//! Source: C2SP tlog-tiles.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use merkle::tile::TILE_WIDTH;
use merkle::{TileId, leaf_hash};
use proto::canonical::Canonical as _;
use proto::checkpoint::Head;
use proto::counter::{Epoch, Height, TreeSize};
use proto::entry::Entry;

use crate::bundle;
use crate::error::ArchiveError;
use crate::growing::{Growing, Made, edge_of, from_bytes, to_bytes};
use crate::name::File;
use crate::place::Place;
use crate::source::{Source, stated};

/// Bundles that are under way at once: 16 of them hold at most 4,096 entries.
const WINDOW: u64 = 16;
/// Leaves of a bundle.
const WIDTH: u64 = TILE_WIDTH as u64;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Size published before.
    pub before: u64,
    /// Size published now.
    pub size: u64,
    /// Files written.
    pub files: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// Writes files to one place.
#[derive(Debug)]
pub struct Publisher {
    to: Place,
    /// The log as it was after the last run that succeeded: the next one need not read it back.
    last: Option<Growing>,
}

/// One run.
struct Run<'a> {
    from: &'a Source,
    to: &'a Place,
    log: Growing,
    done: Published,
    /// Heads that ended an epoch: trust is handed over by them, so each is published.
    ends: BTreeSet<TreeSize>,
}

impl Publisher {
    /// Writes to this place.
    pub const fn new(to: Place) -> Self {
        Self { to, last: None }
    }

    /// Publishes what the source has and the place has not. `said` is told how many leaves are done, of how many.
    ///
    /// # Errors
    /// `ArchiveError`; then `checkpoint` is as it was, and all below it.
    pub async fn publish(
        &mut self,
        from: &Source,
        said: &mut dyn FnMut(u64, u64),
    ) -> Result<Published, ArchiveError> {
        let newest = stated(File::Checkpoint, from.get(File::Checkpoint).await?)?;
        let head = newest.text.head;
        let before = match self.to.find(File::Checkpoint).await? {
            None => None,
            Some(bytes) => Some(stated(File::Checkpoint, bytes)?.text),
        };
        if let Some(before) = &before {
            if before.origin != newest.text.origin {
                let (found, expected) = (before.origin.clone(), newest.text.origin);
                return Err(ArchiveError::OtherLog { found, expected });
            }
            if before.head.size > head.size {
                return Err(ArchiveError::Ahead { published: before.head.size, size: head.size });
            }
            if before.head.size == head.size {
                let size = head.size.get();
                return match before.head == head {
                    true => Ok(Published { before: size, size, ..Published::default() }),
                    false => Err(ArchiveError::TwoRoots { published: before.head, source_head: head }),
                };
            }
        }
        let published = before.map(|text| text.head);
        let log = match (published, self.last.take()) {
            (None, _) => Growing::default(),
            (Some(at), Some(last)) if (last.size(), last.root()) == (at.size.get(), at.root) => last,
            (Some(at), Some(_) | None) => read_back(&self.to, at).await?,
        };
        let begun = log.size();
        let mut run = Run {
            from,
            to: &self.to,
            log: log.clone(),
            done: Published { before: begun, size: head.size.get(), ..Published::default() },
            ends: BTreeSet::new(),
        };
        let reused = run.reuse(head.size.get()).await?;
        let last = match run.grow(head, said).await {
            // What an interrupted run left may be of a source that lied: without it, then.
            Err(ArchiveError::Source { .. }) if reused > 0 => {
                run.log = log;
                run.grow(head, said).await?
            }
            grown => grown?,
        };
        run.edge(&last).await?;
        run.heads(head.size, &newest.note).await?;
        let done = run.done;
        tidy(&self.to, begun, head.size.get()).await?;
        self.last = Some(last);
        Ok(done)
    }
}

/// The log at a published head, from the tiles of its right edge.
async fn read_back(place: &Place, at: Head) -> Result<Growing, ArchiveError> {
    let size = at.size.get();
    let mut edge = BTreeMap::new();
    for tile in edge_of(size) {
        let file = File::Tile(tile);
        let bytes = match place.find(file).await? {
            Some(bytes) => bytes,
            // The tile was filled since, and the part of it removed.
            None => {
                let full = TileId::new(tile.level(), tile.index(), TILE_WIDTH).map(File::Tile);
                let full = full.map_err(|_| ArchiveError::Missing { file })?;
                let mut bytes = place.find(full).await?.ok_or(ArchiveError::Missing { file })?;
                bytes.truncate(32 * usize::from(tile.width()));
                bytes
            }
        };
        let hashes =
            from_bytes(&bytes, tile.width()).map_err(|fault| ArchiveError::Malformed { file, fault })?;
        edge.insert(tile.level(), hashes);
    }
    let log = Growing::from_edge(size, edge).ok_or(ArchiveError::Missing { file: File::Checkpoint })?;
    match log.root() {
        root if root == at.root => Ok(log),
        found => Err(ArchiveError::Published { found, expected: at }),
    }
}

/// A bundle on its way.
struct Fetched {
    tile: TileId,
    bytes: Vec<u8>,
}

impl Run<'_> {
    /// Passes over the full bundles that an interrupted run has written, by the hashes it wrote after each. Gives
    /// their number. Whether they are true is seen at the end, by the root.
    async fn reuse(&mut self, size: u64) -> Result<u64, ArchiveError> {
        let mut reused = 0;
        let (to, first) = (self.to, self.log.size() / WIDTH);
        let tiles = (first..size / WIDTH).filter_map(|index| TileId::new(0, index, TILE_WIDTH).ok());
        let mut found = stream::iter(tiles)
            .map(|tile| async move { Ok::<_, ArchiveError>((tile, to.find(File::Tile(tile)).await?)) });
        // One by one at first: in a place that is kept up to date there is nothing to be found.
        let head = found.next().await;
        let Some((tile, Some(bytes))) = (match head {
            Some(one) => Some(one.await?),
            None => None,
        }) else {
            return Ok(0);
        };
        let mut rest = found.buffered(WINDOW as usize);
        let mut next = Some((tile, Some(bytes)));
        while let Some((tile, Some(bytes))) = next {
            let Ok(hashes) = from_bytes(&bytes, TILE_WIDTH) else { break };
            // The blocks that end in it say what else they need, which is not told from hashes: it is asked for again.
            let skip = self.log.size().saturating_sub(tile.index() * WIDTH) as usize;
            let Some(entries) = to.find(File::Entries(tile)).await? else { break };
            let Ok(entries) = bundle::entries(&entries, TILE_WIDTH) else { break };
            let matches = entries.iter().zip(&hashes).all(|(entry, hash)| leaf_hash(entry) == *hash);
            if !matches {
                break;
            }
            let mut full = Vec::new();
            let mut needed = BTreeSet::new();
            for (index, (entry, hash)) in (tile.index() * WIDTH..).zip(entries.iter().zip(hashes)).skip(skip)
            {
                self.log.append(hash, &mut full);
                needed.extend(besides(index, entry, &mut self.ends));
            }
            self.besides(needed).await?;
            // Those above may be missing, whatever came first when the run ended.
            let above = full.into_iter().filter(|(made, _)| made.level() > 0).collect();
            self.put_tiles(above).await?;
            reused += 1;
            next = rest.next().await.transpose()?;
        }
        Ok(reused)
    }

    /// Writes all full bundles and tiles up to a size; gives the log at that size, which has the root it should have.
    async fn grow(&mut self, head: Head, said: &mut dyn FnMut(u64, u64)) -> Result<Growing, ArchiveError> {
        let size = head.size.get();
        while self.log.size() < size {
            let first = self.log.size() / WIDTH;
            let tiles = (first..first + WINDOW).map_while(|index| TileId::at(0, index, size));
            let from = self.from;
            let fetched: Vec<Fetched> = stream::iter(tiles)
                .map(|tile| async move {
                    Ok::<_, ArchiveError>(Fetched { tile, bytes: from.get(File::Entries(tile)).await? })
                })
                .buffered(WINDOW as usize)
                .try_collect()
                .await?;
            let (mut full, mut needed) = (Vec::new(), BTreeSet::new());
            for Fetched { tile, bytes } in &fetched {
                let file = File::Entries(*tile);
                let entries = bundle::entries(bytes, tile.width())
                    .map_err(|fault| ArchiveError::Malformed { file, fault })?;
                let begin = tile.index() * WIDTH;
                let skip = self.log.size().saturating_sub(begin) as usize;
                for (index, entry) in (begin..).zip(entries).skip(skip) {
                    self.log.append(leaf_hash(entry), &mut full);
                    needed.extend(besides(index, entry, &mut self.ends));
                }
            }
            let last = self.log.size() == size;
            if last && self.log.root() != head.root {
                return Err(ArchiveError::Source { found: self.log.root(), expected: head });
            }
            self.besides(needed).await?;
            let bundles = fetched.into_iter().map(|it| (File::Entries(it.tile), it.bytes)).collect();
            self.put(bundles).await?;
            // After the entries: who finds a tile finds them too.
            self.put_tiles(full).await?;
            said(self.log.size(), size);
        }
        match self.log.root() {
            root if root == head.root => Ok(self.log.clone()),
            found => Err(ArchiveError::Source { found, expected: head }),
        }
    }

    /// Writes the tiles that are not full at the new head.
    async fn edge(&mut self, log: &Growing) -> Result<(), ArchiveError> {
        self.put_tiles(log.edge()).await
    }

    /// Writes the heads, the newest last of all: from here on the rest is seen.
    async fn heads(&mut self, size: TreeSize, note: &str) -> Result<(), ArchiveError> {
        let genesis = self.from.find(File::Genesis).await?;
        let mut heads: Vec<_> = genesis.into_iter().map(|bytes| (File::Genesis, bytes)).collect();
        for end in std::mem::take(&mut self.ends) {
            if end < size {
                let file = File::CheckpointOf(end);
                heads.push((file, self.from.get(file).await?));
            }
        }
        heads.push((File::CheckpointOf(size), note.as_bytes().to_vec()));
        self.put(heads).await?;
        self.put(vec![(File::Checkpoint, note.as_bytes().to_vec())]).await
    }

    /// Writes what stands beside the blocks of these heights.
    async fn besides(&mut self, heights: BTreeSet<Height>) -> Result<(), ArchiveError> {
        for height in heights {
            let file = File::Beside(height);
            let bytes = self.from.get(file).await?;
            self.put(vec![(file, bytes)]).await?;
        }
        Ok(())
    }

    async fn put_tiles(&mut self, tiles: Vec<Made>) -> Result<(), ArchiveError> {
        self.put(tiles.into_iter().map(|(tile, hashes)| (File::Tile(tile), to_bytes(&hashes))).collect())
            .await
    }

    async fn put(&mut self, files: Vec<(File, Vec<u8>)>) -> Result<(), ArchiveError> {
        let to = self.to;
        self.done.files += files.len() as u64;
        self.done.bytes += files.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
        let puts = files.into_iter().map(|(file, bytes)| to.put(file, bytes));
        stream::iter(puts).buffer_unordered(WINDOW as usize).try_collect().await
    }
}

/// The height whose file an entry needs, if it needs one; and the size that an epoch began with.
fn besides(index: u64, entry: &[u8], ends: &mut BTreeSet<TreeSize>) -> Option<Height> {
    // Whatever cannot be read here is hashed and published as it is: what it says is for others to judge.
    match Entry::decode(entry).ok()? {
        Entry::Block(block) => (block.rejected > 0).then_some(block.height),
        Entry::Epoch(epoch) if epoch.epoch > Epoch::ZERO => {
            ends.insert(TreeSize::new(index.saturating_add(1)));
            Some(epoch.height)
        }
        Entry::Epoch(_) | Entry::Genesis(_) | Entry::Submission(_) | Entry::Statement(_) => None,
    }
}

/// Removes the parts of tiles and bundles that were filled between two heads: whoever asks for one is given the full
/// one by its other name. Source: C2SP tlog-tiles, which lets a log do so.
async fn tidy(place: &Place, before: u64, size: u64) -> Result<(), ArchiveError> {
    let filled = edge_of(before)
        .filter(|tile| TileId::at(tile.level(), tile.index(), size).is_some_and(|now| now.is_full()));
    for tile in filled {
        place.remove_parts(File::Tile(tile)).await?;
        if tile.level() == 0 {
            place.remove_parts(File::Entries(tile)).await?;
        }
    }
    Ok(())
}
