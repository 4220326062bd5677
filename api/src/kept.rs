//! What is kept in memory of the ledger, decoded: parts of receipts that never change.
//!
//! What lies below a certified checkpoint is read from the store once and then given from here, until its room is
//! needed. Nothing is kept that could change: a checkpoint with the range of leaves it is the smallest to cover, the
//! leaves of a block, tiles (which only grow), the validators of an epoch. So nothing here is ever taken back, and a
//! reader that finds all it needs does not touch the store, nor wait for one that writes it.

mod spans;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crypto::{Digest, sha256};
use ledger::change::Table;
use ledger::read::ReadError;
use ledger::{Bundle, LedgerReader};
use merkle::inclusion::{self, ProveError};
use merkle::tile_nodes::{TileHashes as _, TileNodesError};
use merkle::{TileId, TileNodes, TileTree};
use model::error::ApiError;
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, LeafIndex, TreeSize};
use proto::genesis::Genesis;
use proto::id::SubmissionId;
use proto::receipt::Receipt;
use proto::validators::ValidatorSet;

use self::spans::Spans;
use crate::api::Fault;

/// Room for checkpoints: one with three signers is a note of 14 kB, so these are some 3,400.
const CHECKPOINTS_BYTES: usize = 48 << 20;
/// Room for the leaves of blocks.
const BUNDLES_BYTES: usize = 24 << 20;
/// Room for tiles: a full one takes 16 KiB, so these are the hashes of some 390,000 leaves.
const TILES_BYTES: usize = 24 << 20;
/// Room for validators, in the bytes of their encoding; decoded they take some times as much.
const SETS_BYTES: usize = 2 << 20;
/// Room for the places of submissions, about a quarter of what they really take: 120,000 of them.
const PLACES_BYTES: usize = 4 << 20;

/// A certified checkpoint as it stands in receipts.
#[derive(Debug)]
pub(crate) struct Certified {
    /// The size of its log.
    pub size: TreeSize,
    /// It, as signed note.
    pub note: String,
    /// The beginning of the note's SHA-256, in hex: tells the answers made from it from those made from another.
    pub tag: String,
}

/// A receipt before it is written.
#[derive(Debug)]
pub(crate) struct Proved {
    /// The receipt.
    pub receipt: Receipt,
    /// The size of its checkpoint.
    pub size: TreeSize,
    /// Tells it from every other receipt.
    pub tag: String,
}

/// The validators of an epoch.
#[derive(Debug)]
pub(crate) struct Reigned {
    /// Heads larger than this are signed by them.
    pub after: TreeSize,
    /// They.
    pub set: ValidatorSet,
}

/// Which checkpoint is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// The smallest that covers a leaf.
    Covering(LeafIndex),
    /// The one of this size.
    Of(TreeSize),
}

/// Where what is not kept comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beyond<'a> {
    /// From the store. Only on a thread that may block.
    Store(&'a LedgerReader),
    /// From nowhere: `Miss::NotKept`.
    Nothing,
}

/// Why a part was not had.
pub(crate) enum Miss {
    /// It is not in memory, and the store was not to be asked.
    NotKept,
    /// The store was asked, and this came of it.
    Fault(Fault),
}

impl From<ReadError> for Miss {
    fn from(fault: ReadError) -> Self {
        Self::Fault(Fault::Store(fault))
    }
}

impl From<ApiError> for Miss {
    fn from(error: ApiError) -> Self {
        Self::Fault(Fault::Refused(error))
    }
}

impl From<Fault> for Miss {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Miss> for Fault {
    fn from(miss: Miss) -> Self {
        match miss {
            // Said to those only who did not let the store be asked, and they ask again.
            Miss::NotKept => Self::Refused(ApiError::Internal),
            Miss::Fault(fault) => fault,
        }
    }
}

impl<'a> Beyond<'a> {
    fn store(self) -> Result<&'a LedgerReader, Miss> {
        match self {
            Self::Store(reader) => Ok(reader),
            Self::Nothing => Err(Miss::NotKept),
        }
    }
}

/// The parts that are kept.
#[derive(Debug)]
pub(crate) struct Kept {
    genesis: Arc<Genesis>,
    /// By the sizes of logs whose last leaf they are the smallest to cover.
    checkpoints: Mutex<Spans<Certified>>,
    /// By their leaves.
    bundles: Mutex<Spans<Bundle>>,
    /// By level and place.
    tiles: Mutex<Spans<TileTree>>,
    /// By epoch.
    sets: Mutex<Spans<Reigned>>,
    /// By the first bytes of the submission's id; of two that begin alike the later is kept.
    places: Mutex<Spans<(SubmissionId, LeafIndex)>>,
}

impl Kept {
    /// Nothing yet, of this network.
    pub(crate) fn new(genesis: Arc<Genesis>) -> Self {
        Self {
            genesis,
            checkpoints: Mutex::new(Spans::new(CHECKPOINTS_BYTES)),
            bundles: Mutex::new(Spans::new(BUNDLES_BYTES)),
            tiles: Mutex::new(Spans::new(TILES_BYTES)),
            sets: Mutex::new(Spans::new(SETS_BYTES)),
            places: Mutex::new(Spans::new(PLACES_BYTES)),
        }
    }

    /// The leaf of a submission, if it was kept.
    pub(crate) fn place(&self, id: &SubmissionId) -> Option<LeafIndex> {
        let found = lock(&self.places).ending(beginning(id))?;
        (found.0 == *id).then_some(found.1)
    }

    /// Keeps the leaf of a submission that was executed.
    pub(crate) fn keep_place(&self, id: SubmissionId, index: LeafIndex) {
        let (key, place) = (beginning(&id), Arc::new((id, index)));
        lock(&self.places).keep(key, key, size_of_val(&*place), place);
    }

    /// The receipt of a leaf; none when there is no such checkpoint (yet), or it does not cover the leaf.
    pub(crate) fn receipt(
        &self,
        beyond: Beyond<'_>,
        index: LeafIndex,
        wanted: Wanted,
    ) -> Result<Option<Proved>, Miss> {
        let Some(checkpoint) = self.checkpoint(beyond, wanted)? else { return Ok(None) };
        let size = checkpoint.size;
        if index.size_after() > size {
            return Ok(None);
        }
        let Some(entry) = self.leaf(beyond, index)? else { return Ok(None) };
        let proof = self.inclusion(beyond, index, size)?;
        // Network and checkpoint determine all of it, given the index.
        let tag = format!("{}-{index}", checkpoint.tag);
        let receipt = Receipt { entry, index, proof, checkpoint: checkpoint.note.clone(), item: None };
        Ok(Some(Proved { receipt, size, tag }))
    }

    /// A certified checkpoint; none when there is no such one (yet).
    pub(crate) fn checkpoint(
        &self,
        beyond: Beyond<'_>,
        wanted: Wanted,
    ) -> Result<Option<Arc<Certified>>, Miss> {
        let kept = match wanted {
            Wanted::Covering(index) => lock(&self.checkpoints).holding(index.size_after().get()),
            Wanted::Of(size) => lock(&self.checkpoints).ending(size.get()),
        };
        if kept.is_some() {
            return Ok(kept);
        }
        let reader = beyond.store()?;
        let found = match wanted {
            Wanted::Covering(index) => reader.checkpoint_covering(index)?,
            Wanted::Of(size) => reader.checkpoint_at(size)?,
        };
        let Some(found) = found else { return Ok(None) };
        // Only a checkpoint by the validators of its size was ever stored (`STATE.md`, rule V7).
        let epoch = found.epoch().ok_or(ApiError::Storage)?;
        let reigned = self.reigned(beyond, epoch)?;
        let note = found.to_note(&reigned.set).map_err(|fault| {
            tracing::error!(%fault, "a stored checkpoint cannot be written as note");
            ApiError::Storage
        })?;
        let mut tag = sha256(note.as_bytes()).to_string();
        tag.truncate(32);
        let size = found.head.size;
        let before = reader.certified_before(size)?;
        let bytes = size_of::<Certified>() + note.len() + tag.len();
        let certified = Arc::new(Certified { size, note, tag });
        let first = before.get().saturating_add(1);
        lock(&self.checkpoints).keep(first, size.get(), bytes, Arc::clone(&certified));
        Ok(Some(certified))
    }

    /// The bytes of a leaf; none when the log ends before it.
    pub(crate) fn leaf(&self, beyond: Beyond<'_>, index: LeafIndex) -> Result<Option<Vec<u8>>, Miss> {
        let copy = |bundle: &Bundle| bundle.leaf(index).map(<[u8]>::to_vec);
        let kept = lock(&self.bundles).holding(index.get());
        if let Some(kept) = kept {
            return Ok(copy(&kept));
        }
        let Some(found) = beyond.store()?.bundle(index)? else { return Ok(None) };
        let leaf = copy(&found);
        let (first, last, bytes) = (found.first().get(), found.last().get(), found.bytes());
        lock(&self.bundles).keep(first, last, bytes, Arc::new(found));
        Ok(leaf)
    }

    /// The path from a leaf to the root of a certified log that holds it.
    pub(crate) fn inclusion(
        &self,
        beyond: Beyond<'_>,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<Vec<Digest>, Miss> {
        let nodes = TileNodes::new(|tile| self.tile(beyond, tile), size.get());
        // A certified size is one that the log has had; where its nodes are not, the store is to blame.
        let damaged = |fault: String| Miss::from(ReadError::damaged(Table::Tiles, b"", fault));
        inclusion::prove(&nodes, index.get(), size.get()).map_err(|fault| match fault {
            ProveError::Nodes(TileNodesError::Fetch(miss)) => miss,
            ProveError::Nodes(
                fault @ (TileNodesError::OutOfTree { .. } | TileNodesError::ShortTile { .. }),
            ) => damaged(fault.to_string()),
            fault @ ProveError::IndexOutOfRange { .. } => damaged(fault.to_string()),
        })
    }

    /// A tile of the log, or what it has grown to since.
    pub(crate) fn tile(&self, beyond: Beyond<'_>, tile: TileId) -> Result<Arc<TileTree>, Miss> {
        // A log of at most 2^64 leaves has at most 2^56 tiles on a level, and 8 levels.
        let key = u64::from(tile.level()) << 56 | tile.index();
        let kept = lock(&self.tiles).holding(key);
        if let Some(kept) = kept.filter(|kept| kept.width() >= usize::from(tile.width())) {
            return Ok(kept);
        }
        let tree = Arc::new(beyond.store()?.tile_tree(tile)?);
        lock(&self.tiles).keep(key, key, tree.bytes(), Arc::clone(&tree));
        Ok(tree)
    }

    /// The validators of an epoch that has begun.
    ///
    /// # Errors
    /// `EpochUnknown` when it has not.
    pub(crate) fn reigned(&self, beyond: Beyond<'_>, epoch: Epoch) -> Result<Arc<Reigned>, Miss> {
        let kept = lock(&self.sets).holding(epoch.get());
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let unknown = || ApiError::EpochUnknown { epoch: epoch.get() };
        let reign = beyond.store()?.reign(epoch)?.ok_or_else(unknown)?;
        let bytes = reign.validators.encode().len();
        let set = reign.set(self.genesis.network(), self.genesis.origin.clone());
        let reigned = Arc::new(Reigned { after: reign.size, set });
        lock(&self.sets).keep(epoch.get(), epoch.get(), bytes, Arc::clone(&reigned));
        Ok(reigned)
    }

    /// The validators whose signatures a head of this size needs.
    ///
    /// # Errors
    /// `EpochUnknown` when no epoch has begun.
    pub(crate) fn reigned_at(&self, reader: &LedgerReader, size: TreeSize) -> Result<Arc<Reigned>, Fault> {
        let beyond = Beyond::Store(reader);
        let mut epoch = reader.epoch_latest()?.ok_or(ApiError::EpochUnknown { epoch: 0 })?;
        loop {
            let reigned = self.reigned(beyond, epoch)?;
            match epoch.get().checked_sub(1) {
                Some(before) if size <= reigned.after => epoch = Epoch::new(before),
                Some(_) | None => return Ok(reigned),
            }
        }
    }
}

fn beginning(id: &SubmissionId) -> u64 {
    id.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What is kept is sound at every step, and no code panics while it holds this lock. It is held for a look-up only.
fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
