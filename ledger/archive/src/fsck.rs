//! Checking files: is each what the checkpoint says it is?
//!
//! From the root downwards every tile has a hash that it must have, and every bundle below a tile of level 0 has one for
//! each entry. So each file is judged by itself, and a bad one is named however many others are bad too. Where a bad tile
//! hides what stands below it, its hashes are made anew from below, and believed if they have the hash above. `upper`
//! knows the hashes above level 0, one in 256 of all; the rest is read once, in order, and not kept.
//! Source: C2SP tlog-tiles; RFC 6962 §2.1.

mod strays;
mod upper;

use std::collections::{BTreeMap, VecDeque};

use crypto::Digest;
use futures::future::try_join;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use merkle::tile::TILE_WIDTH;
use merkle::tile_nodes::TileHashes as _;
use merkle::{TileId, leaf_hash};
use proto::checkpoint::Head;
use proto::counter::TreeSize;

use crate::bundle;
use crate::error::ArchiveError;
use crate::growing::{Growing, edge_of, from_bytes};
use crate::name::File;
use crate::place::Place;
use crate::source::{Stated, stated};
use upper::Upper;

/// Files that are read at once.
pub(crate) const AT_ONCE: usize = 16;
/// Leaves of a bundle.
pub(crate) const WIDTH: u64 = TILE_WIDTH as u64;
/// Most faults that are kept; all are counted.
const FAULTS_MAX: usize = 1_000;

/// Bad files after which no more are looked for: a head may say any size, and nothing below it need be there.
const FAULTS_STOP: u64 = 10_000;

/// One bad file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Its path.
    pub path: String,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum FaultKind {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It is not of its form.
    #[error("malformed: {0}")]
    Malformed(String),
    /// A hash of a tile is not the one it must be.
    #[error("hash {place} is {found}, must be {expected}")]
    Hash {
        /// Its place in the tile, from 0.
        place: usize,
        /// The hash it must be.
        expected: Digest,
        /// The hash found.
        found: Digest,
    },
    /// An entry has not the hash it must have.
    #[error("entry {index} has hash {found}, must have {expected}")]
    Entry {
        /// The entry.
        index: u64,
        /// The hash it must have.
        expected: Digest,
        /// The hash it has.
        found: Digest,
    },
    /// The hashes together lead to another one than they must, and which of them is wrong cannot be said.
    #[error("its hashes lead to {found}, must lead to {expected}")]
    Above {
        /// The hash they must lead to.
        expected: Digest,
        /// The hash they lead to.
        found: Digest,
    },
    /// A head has another root than the entries below it.
    #[error("says root {found} for {size} leaves, the files lead to {expected}")]
    Root {
        /// Number of leaves.
        size: u64,
        /// The root of the files.
        expected: Digest,
        /// The root it says.
        found: Digest,
    },
    /// A part of a tile or bundle differs from the full one.
    #[error("differs at byte {place} from {full}")]
    Part {
        /// Where, from 0.
        place: usize,
        /// The path of the full one.
        full: String,
    },
    /// Nothing that is good tells what it should be, and it contradicts the file beside it.
    #[error("contradicts {beside}, and what is above both is bad too")]
    Unjudged {
        /// The path of the other one.
        beside: String,
    },
}

/// Bad files: all counted, the first of them kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, in the order in which they were found.
    pub first: Vec<Fault>,
    /// How many there are.
    pub count: u64,
}

impl FaultKind {
    /// Its stable name, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed(_) => "malformed",
            Self::Hash { .. } => "hash",
            Self::Entry { .. } => "entry",
            Self::Above { .. } => "above",
            Self::Root { .. } => "root",
            Self::Part { .. } => "part",
            Self::Unjudged { .. } => "unjudged",
        }
    }
}

impl Faults {
    /// Whether there are so many that no more are looked for.
    pub const fn are_enough(&self) -> bool {
        self.count >= FAULTS_STOP
    }

    pub(crate) fn add(&mut self, file: impl ToString, kind: FaultKind) {
        self.count += 1;
        if self.first.len() < FAULTS_MAX {
            self.first.push(Fault { path: file.to_string(), kind });
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The head that all of it was compared with.
    pub head: Head,
    /// Files that were read.
    pub files: u64,
    /// Bundles that were not read, because they were checked by an earlier run.
    pub skipped_bundles: u64,
    /// Files beyond the head, of an interrupted publication; they are no fault.
    pub beyond: u64,
    /// Files of other names.
    pub unknown: u64,
    /// The bad ones; if they are enough, the rest was not looked at.
    pub faults: Faults,
}

/// A bundle whose every entry has the hash that it must have.
#[derive(Clone, Debug)]
pub struct Sound {
    /// The first of its leaves.
    pub first: u64,
    /// The bundle.
    pub bytes: Vec<u8>,
    /// How many entries it has.
    pub width: u16,
}

/// What is told of one bundle.
#[derive(Debug)]
pub enum Step {
    /// It is sound, and here it is.
    Sound(Sound),
    /// It is bad, and among the faults.
    Bad {
        /// Its path.
        path: String,
        /// The first of its leaves.
        first: u64,
    },
    /// All were read.
    Done,
}

/// Reads a published log once, in order, and compares every file with what it must be.
#[derive(Debug)]
pub struct Walk {
    place: Place,
    stated: Stated,
    upper: Upper,
    faults: Faults,
    files: u64,
    /// Grows with the leaves that are sound; none behind a bundle of which nothing sound is left.
    log: Option<Growing>,
    next: u64,
    skipped: u64,
    window: VecDeque<Read>,
    /// Roots of published heads, to be compared when the log has come to their size.
    heads: BTreeMap<u64, Digest>,
}

/// A bundle and its tile, as they were read.
#[derive(Debug)]
struct Read {
    tile: TileId,
    hashes: Option<Vec<u8>>,
    bundle: Option<Vec<u8>>,
}

impl Walk {
    /// Reads the checkpoint and the tiles above level 0. The note is for the caller to believe or not.
    ///
    /// # Errors
    /// `ArchiveError` when there is no checkpoint, or the place cannot be read.
    pub async fn begin(place: Place) -> Result<Self, ArchiveError> {
        let bytes = place.find(File::Checkpoint).await?;
        let bytes = bytes.ok_or(ArchiveError::Missing { file: File::Checkpoint })?;
        let stated = stated(File::Checkpoint, bytes)?;
        let mut faults = Faults::default();
        let upper = Upper::read(&place, stated.text.head, &mut faults).await?;
        let files = 1 + upper.files();
        Ok(Self {
            place,
            stated,
            upper,
            faults,
            files,
            log: Some(Growing::default()),
            next: 0,
            skipped: 0,
            window: VecDeque::new(),
            heads: BTreeMap::new(),
        })
    }

    /// The checkpoint.
    pub const fn stated(&self) -> &Stated {
        &self.stated
    }

    /// Where the files are.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// What is bad so far.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Begins with the bundle that holds this leaf; those before were checked by an earlier run. The tiles above are
    /// checked always, so what is passed over is bound by them.
    pub fn skip_to(&mut self, leaf: u64) {
        let first = leaf.min(self.stated.text.head.size.get()) / WIDTH;
        self.log = self.upper.log_at(first * WIDTH);
        (self.next, self.skipped) = (first, first);
    }

    /// The log as far as bundles were read; none behind a bundle of which nothing sound is left.
    pub const fn log(&self) -> Option<&Growing> {
        self.log.as_ref()
    }

    /// Compares the root of a head with the files', once they were read so far. What is not a head is a fault.
    pub fn expect(&mut self, file: File, stated: &Stated) {
        let Head { size, root } = stated.text.head;
        if stated.text.origin != self.stated.text.origin {
            let fault = format!("it is of the log {}", stated.text.origin);
            self.faults.add(file, FaultKind::Malformed(fault));
        }
        self.heads.insert(size.get(), root);
    }

    /// Reads and judges the next bundle and its tile.
    ///
    /// # Errors
    /// `ArchiveError` when the place cannot be read; a bad file is no error but a step.
    pub async fn step(&mut self) -> Result<Step, ArchiveError> {
        if self.faults.are_enough() {
            return Ok(Step::Done);
        }
        if self.window.is_empty() {
            self.fill().await?;
        }
        let Some(read) = self.window.pop_front() else { return Ok(Step::Done) };
        let (first, width) = (read.tile.index() * WIDTH, read.tile.width());
        let path = File::Entries(read.tile).to_string();
        let leaves = self.judge(&read);
        let Judged { leaves, sound } = leaves;
        match leaves {
            None => self.log = None,
            Some(leaves) => self.grow(&leaves),
        }
        Ok(match (sound, read.bundle) {
            (true, Some(bytes)) => Step::Sound(Sound { first, bytes, width }),
            (_, _) => Step::Bad { path, first },
        })
    }

    async fn fill(&mut self) -> Result<(), ArchiveError> {
        let size = self.stated.text.head.size.get();
        let tiles: Vec<_> =
            (self.next..self.next + AT_ONCE as u64).map_while(|index| TileId::at(0, index, size)).collect();
        let place = &self.place;
        let read = |tile: TileId| async move {
            let (hashes, bundle) =
                try_join(current(place, File::Tile(tile)), current(place, File::Entries(tile))).await?;
            Ok::<_, ArchiveError>(Read { tile, hashes, bundle })
        };
        self.window = stream::iter(tiles).map(read).buffered(AT_ONCE).try_collect().await?;
        self.next += self.window.len() as u64;
        self.files += 2 * self.window.len() as u64;
        Ok(())
    }

    fn grow(&mut self, leaves: &[Digest]) {
        let Some(log) = &mut self.log else { return };
        let mut full = Vec::new();
        for leaf in leaves {
            log.append(*leaf, &mut full);
            full.clear();
            let size = log.size();
            if let Some(found) = self.heads.get(&size) {
                let expected = log.root();
                if *found != expected {
                    let file = File::CheckpointOf(TreeSize::new(size));
                    self.faults.add(file, FaultKind::Root { size, expected, found: *found });
                }
            }
        }
    }

    /// Judges a bundle and its tile; gives the leaf hashes that are true, and whether the bundle has them.
    fn judge(&mut self, read: &Read) -> Judged {
        let Read { tile, hashes, bundle } = read;
        let (first, width) = (tile.index() * WIDTH, tile.width());
        let (of_tile, of_bundle) = (File::Tile(*tile), File::Entries(*tile));
        let faults = &mut self.faults;
        let hashes = whole(hashes.as_deref(), of_tile, faults, |bytes| from_bytes(bytes, width));
        let entries = whole(bundle.as_deref(), of_bundle, faults, |bytes| {
            let entries = bundle::entries(bytes, width)?;
            Ok(entries.into_iter().map(leaf_hash).collect::<Vec<_>>())
        });
        // What the hashes must be: all of them where the tile is part of the edge, else the one they lead to.
        let is_true = |hashes: &Vec<Digest>| match (tile.is_full(), self.upper.edge_leaves()) {
            (false, edge) => edge.map(|edge| edge == hashes),
            (true, _) => self.upper.above(tile).map(|above| hashes.over(0, TILE_WIDTH) == Some(above)),
        };
        let verdicts = (hashes.as_ref().map(is_true), entries.as_ref().map(is_true));
        match (hashes, entries) {
            (None, None) => Judged { leaves: None, sound: false },
            (Some(hashes), None) => {
                let good = verdicts.0.flatten();
                if good == Some(false) {
                    faults.add(of_tile, self.upper.fault(tile, &hashes));
                }
                Judged { leaves: (good == Some(true)).then_some(hashes), sound: false }
            }
            (None, Some(entries)) => {
                let good = verdicts.1.flatten();
                if good == Some(false) {
                    faults.add(of_bundle, self.upper.fault(tile, &entries));
                }
                Judged { leaves: (good != Some(false)).then_some(entries), sound: good == Some(true) }
            }
            (Some(hashes), Some(entries)) => match (verdicts.0.flatten(), verdicts.1.flatten()) {
                (Some(true), Some(true)) => Judged { leaves: Some(entries), sound: true },
                (Some(true), Some(false)) => {
                    if let Some((place, expected, found)) = differ(&hashes, &entries) {
                        let index = first + place as u64;
                        faults.add(of_bundle, FaultKind::Entry { index, expected, found });
                    }
                    Judged { leaves: Some(hashes), sound: false }
                }
                (Some(false), Some(true)) => {
                    if let Some((place, expected, found)) = differ(&entries, &hashes) {
                        faults.add(of_tile, FaultKind::Hash { place, expected, found });
                    }
                    Judged { leaves: Some(entries), sound: true }
                }
                (Some(false), Some(false)) => {
                    faults.add(of_tile, self.upper.fault(tile, &hashes));
                    faults.add(of_bundle, self.upper.fault(tile, &entries));
                    Judged { leaves: None, sound: false }
                }
                // Nothing above is left to judge by; that they agree is all that can be said.
                (None, _) | (_, None) => {
                    if hashes != entries {
                        let beside = of_tile.to_string();
                        faults.add(of_bundle, FaultKind::Unjudged { beside });
                    }
                    Judged { leaves: Some(entries), sound: false }
                }
            },
        }
    }

    /// Looks at what else is there, where that can be listed, and ends.
    ///
    /// # Errors
    /// `ArchiveError` when the place cannot be read.
    pub async fn finish(mut self) -> Result<Checked, ArchiveError> {
        let head = self.stated.text.head;
        let mut checked = Checked {
            head,
            files: self.files,
            skipped_bundles: self.skipped,
            beyond: 0,
            unknown: 0,
            faults: std::mem::take(&mut self.faults),
        };
        if checked.faults.are_enough() {
            return Ok(checked);
        }
        strays::look(&self.place, head.size.get(), &mut checked).await?;
        Ok(checked)
    }
}

/// What is true of a bundle and its tile.
struct Judged {
    leaves: Option<Vec<Digest>>,
    sound: bool,
}

/// The first place at which two lists of one length differ.
fn differ(expected: &[Digest], found: &[Digest]) -> Option<(usize, Digest, Digest)> {
    let pairs = expected.iter().zip(found).enumerate();
    pairs.filter(|(_, (a, b))| a != b).map(|(place, (a, b))| (place, *a, *b)).next()
}

/// Reads a file whole; one that is too large for its kind is as good as malformed, and comes back empty.
pub(crate) async fn readable(place: &Place, file: File) -> Result<Option<Vec<u8>>, ArchiveError> {
    match place.find(file).await {
        Err(ArchiveError::TooLarge { .. }) => Ok(Some(Vec::new())),
        read => read,
    }
}

/// Reads a tile or bundle of the present head. A part that is not there may have been removed since the head was read,
/// because the full one is there: then it is the beginning of that.
pub(crate) async fn current(place: &Place, file: File) -> Result<Option<Vec<u8>>, ArchiveError> {
    let (tile, full) = match file {
        File::Tile(tile) => (tile, TileId::new(tile.level(), tile.index(), TILE_WIDTH).map(File::Tile)),
        File::Entries(tile) => (tile, TileId::new(0, tile.index(), TILE_WIDTH).map(File::Entries)),
        File::Checkpoint | File::CheckpointOf(_) | File::Genesis | File::Beside(_) => {
            return readable(place, file).await;
        }
    };
    let found = readable(place, file).await?;
    let (None, Ok(full), false) = (&found, full, tile.is_full()) else { return Ok(found) };
    let Some(mut bytes) = readable(place, full).await? else { return Ok(None) };
    let length = match full {
        File::Entries(_) => match bundle::entries(&bytes, TILE_WIDTH) {
            Ok(entries) => entries.iter().take(usize::from(tile.width())).map(|entry| entry.len() + 2).sum(),
            Err(_) => bytes.len(),
        },
        _ => 32 * usize::from(tile.width()),
    };
    bytes.truncate(length);
    Ok(Some(bytes))
}

/// Takes a file apart, or says what is wrong with it.
pub(crate) fn whole<T>(
    bytes: Option<&[u8]>,
    file: File,
    faults: &mut Faults,
    read: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Option<T> {
    let read = match bytes {
        None => Err(FaultKind::Missing),
        Some(bytes) => read(bytes).map_err(FaultKind::Malformed),
    };
    read.map_err(|kind| faults.add(file, kind)).ok()
}

/// Checks every file of a place. `said` is told how many leaves are done, of how many.
///
/// # Errors
/// `ArchiveError` when there is no checkpoint, or the place cannot be read.
pub async fn fsck(mut walk: Walk, said: &mut dyn FnMut(u64, u64)) -> Result<Checked, ArchiveError> {
    expect_heads(&mut walk).await?;
    let size = walk.stated.text.head.size.get();
    loop {
        let first = match walk.step().await? {
            Step::Sound(Sound { first, .. }) | Step::Bad { first, .. } => first,
            Step::Done => break,
        };
        said((first + WIDTH).min(size), size);
    }
    walk.finish().await
}

/// Reads all heads that were ever published here, where they can be listed.
///
/// # Errors
/// `ArchiveError` when the place cannot be read.
pub async fn expect_heads(walk: &mut Walk) -> Result<(), ArchiveError> {
    let mut paths = walk.place.clone().list("checkpoints").await?;
    while let Some(path) = paths.try_next().await? {
        let Ok(file @ File::CheckpointOf(size)) = path.parse() else { continue };
        if size > walk.stated.text.head.size {
            continue;
        }
        walk.files += 1;
        let Some(bytes) = walk.place.find(file).await? else { continue };
        match stated(file, bytes) {
            Ok(stated) if stated.text.head.size == size => walk.expect(file, &stated),
            Ok(stated) => {
                let fault = format!("it is of {} leaves", stated.text.head.size);
                walk.faults.add(file, FaultKind::Malformed(fault));
            }
            Err(fault) => walk.faults.add(file, FaultKind::Malformed(fault.to_string())),
        }
    }
    Ok(())
}

pub(crate) fn edge_tiles(size: u64) -> BTreeMap<u8, TileId> {
    edge_of(size).map(|tile| (tile.level(), tile)).collect()
}
