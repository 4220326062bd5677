//! The reader: what anyone may ask of a ledger. Sees what is durable, and nothing else.
//!
//! Every answer comes from values that are never changed, or only added to; so readers need no lock, and may lag
//! behind the state machine. A proof is made for a size the caller gets told, never for "now".

use std::fmt;
use std::sync::Arc;

use crypto::Digest;
use merkle::{TileId, TileTree, consistency, inclusion};
use proto::block::{Block, CertifiedBlock};
use proto::canonical::Canonical as _;
use proto::checkpoint::CertifiedCheckpoint;
use proto::counter::{Epoch, Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{BlockEntry, Entry};
use proto::history::{LogPart, LoggedBlock};
use proto::id::{BlockId, Did, SubmissionId};

use crate::anchor::Anchor;
use crate::artifact::{self, Artifact};
use crate::attestation::Attestation;
use crate::body;
use crate::bundle::Bundle;
use crate::change::Table;
use crate::checkpoint;
use crate::identity::Identity;
use crate::key::ListedKey;
use crate::log::{frames, grown_tile, nodes, stored_tile, unreadable};
use crate::notice::Notice;
use crate::outcome::Outcome;
use crate::read::{Read, ReadError};
use crate::receipt::ReceiptParts;
use crate::refusals;
use crate::reign::Reign;
use crate::tip::Tip;

mod issuers;
pub(crate) mod jobs;
mod keys;
mod proofs;
mod retention;
mod sessions;

pub use proofs::ProofLeaf;

/// Reads what is durable. Cheap to clone.
#[derive(Clone)]
pub struct LedgerReader {
    base: Arc<dyn Read>,
}

impl fmt::Debug for LedgerReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerReader").finish_non_exhaustive()
    }
}

/// Every method fails with `ReadError` when the store fails or a stored value is damaged, and with nothing else.
impl LedgerReader {
    /// A reader of a store.
    pub fn new(base: Arc<dyn Read>) -> Self {
        Self { base }
    }

    /// The store it reads.
    pub(crate) fn base(&self) -> &dyn Read {
        &*self.base
    }

    /// Where the durable ledger stands; none before the genesis is durable.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn tip(&self) -> Result<Option<Tip>, ReadError> {
        Tip::load(&*self.base)
    }

    /// The number of leaves.
    fn size(&self) -> Result<TreeSize, ReadError> {
        Ok(self.tip()?.map_or(TreeSize::ZERO, |tip| tip.head.size))
    }

    /// A leaf: its bytes and what they say.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn entry(&self, index: LeafIndex) -> Result<Option<(Vec<u8>, Entry)>, ReadError> {
        let Some(bytes) = self.entries(index, 1)?.pop() else { return Ok(None) };
        let entry = Entry::decode(&bytes).map_err(|fault| {
            ReadError::damaged(Table::Leaves, &index.get().to_be_bytes(), format!("leaf {index}: {fault}"))
        })?;
        Ok(Some((bytes, entry)))
    }

    /// The bytes of up to `max` leaves from `from` on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn entries(&self, from: LeafIndex, max: usize) -> Result<Vec<Vec<u8>>, ReadError> {
        let (mut leaves, mut next) = (Vec::new(), from);
        while leaves.len() < max {
            let Some(bundle) = self.bundle(next)? else { break };
            leaves.extend(bundle.from(next).take(max - leaves.len()).map(<[u8]>::to_vec));
            next = LeafIndex::new(bundle.last().get().saturating_add(1));
        }
        Ok(leaves)
    }

    /// The leaves of the block that a leaf is of; none when the log ends before it. They never change.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn bundle(&self, index: LeafIndex) -> Result<Option<Bundle>, ReadError> {
        Bundle::holding(&*self.base, index)
    }

    /// The log of whole blocks from a size on, as far as one answer goes, proven to be the beginning of the log of
    /// size `to`. None when a block does not begin at `from`, the log is not so large, or no block here can be gone on
    /// from within one answer.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn log_part(&self, from: TreeSize, to: TreeSize) -> Result<Option<LogPart>, ReadError> {
        if to > self.size()? {
            return Ok(None);
        }
        let (mut blocks, mut ends) = (Vec::new(), Vec::new());
        let (mut next, mut bytes) = (from.get(), 0);
        while blocks.len() < LogPart::BLOCKS_MAX && next < to.get() {
            let Some(leaves) = self.base.get(Table::Leaves, &next.to_be_bytes())? else { break };
            // What closes an epoch is shown block by block, by the certificates that make it final.
            let Some((end, block)) = ending(next, &leaves)? else { break };
            let refused = refusals::stored(&*self.base, block.height, block.rejected)?;
            bytes += leaves.len() + refused.len();
            if end > to.get() || (bytes > LogPart::BYTES_MAX && !blocks.is_empty()) {
                break;
            }
            next = end;
            blocks.push(LoggedBlock { leaves, refused });
            ends.push((end, block.height));
        }
        // The last block that can be gone on from: what was itself replayed here has few of them.
        while let Some((end, height)) = ends.pop() {
            if let Some(Anchor { block, certificate }) = Anchor::find(&*self.base, height)? {
                let proof = self.consistency(TreeSize::new(end), to)?;
                return Ok(proof.map(|proof| LogPart { blocks, last: block, certificate, proof }));
            }
            blocks.pop();
        }
        Ok(None)
    }

    /// What became of a submission that a block ordered.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn by_id(&self, id: &SubmissionId) -> Result<Option<Outcome>, ReadError> {
        let stored = self.base.get(Table::Outcomes, id.as_bytes())?;
        stored.map(|bytes| Outcome::decode(id, &bytes)).transpose()
    }

    /// An artifact that a submission committed.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn artifact(&self, id: &SubmissionId) -> Result<Option<Artifact>, ReadError> {
        let stored = self.base.get(Table::Artifacts, id.as_bytes())?;
        stored.map(|bytes| Artifact::decode(id, &bytes)).transpose()
    }

    /// The first artifact that was erased by a leaf from this one on, and the leaf.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn erased_from(&self, leaf: LeafIndex) -> Result<Option<(LeafIndex, SubmissionId)>, ReadError> {
        let found = self.base.at_or_above(Table::Tombstones, &leaf.get().to_be_bytes())?;
        found.map(|pair| artifact::read_tombstone(&pair)).transpose()
    }

    /// Up to `max` artifacts whose time ends from one block time on and not after another, the earliest first; those of the
    /// first time only behind the artifact `after`, if there is one.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn expiring(
        &self,
        from: TimeMs,
        after: Option<&SubmissionId>,
        to: TimeMs,
        max: usize,
    ) -> Result<Vec<(TimeMs, SubmissionId)>, ReadError> {
        let mut found = Vec::new();
        let mut next = match after {
            Some(id) => [&artifact::expiry_key(from, id)[..], &[0]].concat(),
            None => from.get().to_be_bytes().to_vec(),
        };
        while found.len() < max {
            let Some((key, _)) = self.base.at_or_above(Table::Expiries, &next)? else { break };
            let (until, id) = artifact::read_expiry(&key)?;
            if until > to {
                break;
            }
            found.push((until, id));
            next = [&key[..], &[0]].concat();
        }
        Ok(found)
    }

    /// A block with the certificate of its parent and its batches.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn block(&self, height: Height) -> Result<Option<CertifiedBlock>, ReadError> {
        body::stored(|table, key| self.base.get(table, key), height)
    }

    /// A block's header, without reading its batches.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn block_header(&self, height: Height) -> Result<Option<Block>, ReadError> {
        let stored = body::stored_header(|table, key| self.base.get(table, key), height)?;
        Ok(stored.map(|(block, _)| block))
    }

    /// The height of a block.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn height_of(&self, block: &BlockId) -> Result<Option<Height>, ReadError> {
        let Some(bytes) = self.base.get(Table::BlockHeights, block.as_bytes())? else { return Ok(None) };
        match <[u8; 8]>::try_from(bytes.as_slice()) {
            Ok(height) => Ok(Some(Height::new(u64::from_be_bytes(height)))),
            Err(_) => {
                let fault = format!("a height has 8 bytes, this has {}", bytes.len());
                Err(ReadError::damaged(Table::BlockHeights, block.as_bytes(), fault))
            }
        }
    }

    /// The latest certified checkpoint.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn checkpoint_latest(&self) -> Result<Option<CertifiedCheckpoint>, ReadError> {
        checkpoint::latest(&*self.base)
    }

    /// The certified checkpoint of exactly this size.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn checkpoint_at(&self, size: TreeSize) -> Result<Option<CertifiedCheckpoint>, ReadError> {
        checkpoint::exact(&*self.base, size)
    }

    /// The smallest certified checkpoint that covers a leaf. It never changes, once there is one.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn checkpoint_covering(&self, index: LeafIndex) -> Result<Option<CertifiedCheckpoint>, ReadError> {
        checkpoint::smallest(&*self.base, index.size_after())
    }

    /// The size of the last certified checkpoint before one of this size; zero when there was none. It never changes
    /// once there is one of this size.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn certified_before(&self, size: TreeSize) -> Result<TreeSize, ReadError> {
        let Some(before) = size.get().checked_sub(1) else { return Ok(TreeSize::ZERO) };
        checkpoint::size_at_or_below(&*self.base, TreeSize::new(before))
    }

    /// The receipt of a submission, as [`LedgerReader::receipt_of_leaf`]; none too when it is no leaf.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn receipt(
        &self,
        id: &SubmissionId,
        at: Option<TreeSize>,
    ) -> Result<Option<ReceiptParts>, ReadError> {
        match self.by_id(id)? {
            Some(Outcome::Committed { index, .. }) => self.receipt_of_leaf(index, at),
            Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) | None => Ok(None),
        }
    }

    /// The receipt of a leaf, under the certified checkpoint of size `at`, or under the smallest that covers it: that
    /// one is always the same. None when there is no such checkpoint, or it does not cover the leaf.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn receipt_of_leaf(
        &self,
        index: LeafIndex,
        at: Option<TreeSize>,
    ) -> Result<Option<ReceiptParts>, ReadError> {
        let checkpoint = match at {
            None => self.checkpoint_covering(index)?,
            Some(size) => self.checkpoint_at(size)?,
        };
        let Some(checkpoint) = checkpoint else { return Ok(None) };
        let size = checkpoint.head.size;
        let Some(proof) = self.inclusion(index, size)? else { return Ok(None) };
        let entry = self.entries(index, 1)?.pop();
        Ok(entry.map(|entry| ReceiptParts { entry, index, size, proof, checkpoint }))
    }

    /// The path from a leaf to the root of the log at a size; none unless index < size ≤ the log's.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn inclusion(&self, index: LeafIndex, size: TreeSize) -> Result<Option<Vec<Digest>>, ReadError> {
        if size > self.size()? {
            return Ok(None);
        }
        match inclusion::prove(&nodes(|key| self.base.get(Table::Tiles, key), size), index.get(), size.get())
        {
            Ok(proof) => Ok(Some(proof)),
            Err(inclusion::ProveError::IndexOutOfRange { .. }) => Ok(None),
            Err(inclusion::ProveError::Nodes(fault)) => Err(unreadable(fault)),
        }
    }

    /// The proof that the log of size `to` extends the one of size `from`; none unless from ≤ to ≤ the log's size.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn consistency(&self, from: TreeSize, to: TreeSize) -> Result<Option<Vec<Digest>>, ReadError> {
        if to > self.size()? {
            return Ok(None);
        }
        match consistency::prove(&nodes(|key| self.base.get(Table::Tiles, key), to), from.get(), to.get()) {
            Ok(proof) => Ok(Some(proof)),
            Err(consistency::ProveError::SizesReversed { .. }) => Ok(None),
            Err(consistency::ProveError::Nodes(fault)) => Err(unreadable(fault)),
        }
    }

    /// The hashes of a tile, as many as its width says; none when the log does not reach so far.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn tile(&self, tile: TileId) -> Result<Option<Vec<Digest>>, ReadError> {
        let now = TileId::at(tile.level(), tile.index(), self.size()?.get());
        match now.is_some_and(|now| now.width() >= tile.width()) {
            true => stored_tile(&|key: &[u8]| self.base.get(Table::Tiles, key), tile).map(Some),
            false => Ok(None),
        }
    }

    /// A tile as wide as it is stored, with the nodes above its hashes. These never change; there may be more later.
    ///
    /// # Errors
    /// `ReadError`; `Damaged` too when it is narrower than asked for, which a tile within the log is not.
    pub fn tile_tree(&self, tile: TileId) -> Result<TileTree, ReadError> {
        grown_tile(&|key: &[u8]| self.base.get(Table::Tiles, key), tile).map(TileTree::new)
    }

    /// Up to `max` notices, from number `from` on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn notices(&self, from: u64, max: usize) -> Result<Vec<Notice>, ReadError> {
        let (mut notices, mut next) = (Vec::new(), Some(from));
        while let Some(number) = next.filter(|_| notices.len() < max) {
            let found = self.base.at_or_above(Table::Notices, &number.to_be_bytes())?;
            let Some((key, value)) = found else { break };
            let notice = Notice::decode(&key, &value)?;
            next = notice.sequence.checked_add(1);
            notices.push(notice);
        }
        Ok(notices)
    }

    /// A registered identity.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn identity(&self, did: &Did) -> Result<Option<Identity>, ReadError> {
        let stored = self.base.get(Table::Identities, Identity::stored_key(did))?;
        stored.map(|bytes| Identity::decode(did.clone(), &bytes)).transpose()
    }

    /// Up to `max` registered identities in the order of their names, from after `after` on.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn identities(&self, after: Option<&Did>, max: usize) -> Result<Vec<Identity>, ReadError> {
        // The least key after a text is the text with one zero byte more.
        let following = |did: &Did| [Identity::stored_key(did), &[0]].concat();
        let mut identities: Vec<Identity> = Vec::new();
        let mut next = after.map_or_else(Vec::new, following);
        while identities.len() < max {
            let Some((key, value)) = self.base.at_or_above(Table::Identities, &next)? else { break };
            let text = String::from_utf8_lossy(&key);
            let did =
                Did::parse(&text).map_err(|fault| ReadError::damaged(Table::Identities, &key, fault))?;
            next = following(&did);
            identities.push(Identity::decode(did, &value)?);
        }
        Ok(identities)
    }

    /// All keys a registered identity has or had.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn keys(&self, did: &Did) -> Result<Option<Vec<ListedKey>>, ReadError> {
        Ok(self.identity(did)?.map(|identity| identity.keys))
    }

    /// The validators of an epoch and where it began; none when it has not.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn reign(&self, epoch: Epoch) -> Result<Option<Reign>, ReadError> {
        let key = epoch.get().to_be_bytes();
        let stored = self.base.get(Table::Epochs, &key)?;
        stored.map(|bytes| Reign::decode(Table::Epochs, &key, &bytes)).transpose()
    }

    /// The latest epoch; none before the genesis is durable.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn reign_latest(&self) -> Result<Option<Reign>, ReadError> {
        let found = self.base.at_or_below(Table::Epochs, &u64::MAX.to_be_bytes())?;
        found.map(|(key, value)| Reign::decode(Table::Epochs, &key, &value)).transpose()
    }

    /// The number of the latest epoch; none before the genesis is durable.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn epoch_latest(&self) -> Result<Option<Epoch>, ReadError> {
        let Some((key, _)) = self.base.at_or_below(Table::Epochs, &u64::MAX.to_be_bytes())? else {
            return Ok(None);
        };
        match <[u8; 8]>::try_from(key.as_slice()) {
            Ok(epoch) => Ok(Some(Epoch::new(u64::from_be_bytes(epoch)))),
            Err(_) => Err(ReadError::damaged(Table::Epochs, &key, "the key is not 8 bytes")),
        }
    }

    /// What hands trust over from one epoch to the next: the receipt of the leaf that tells of `epoch`, under the head
    /// that the validators before signed last. None of epoch 0, which the genesis tells of, and none before that head
    /// is certified.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn handover_receipt(&self, epoch: Epoch) -> Result<Option<ReceiptParts>, ReadError> {
        match self.reign(epoch)? {
            Some(reign) if epoch > Epoch::ZERO => {
                let leaf = LeafIndex::new(reign.size.get().saturating_sub(1));
                self.receipt_of_leaf(leaf, Some(reign.size))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// The standing of an attestation.
    ///
    /// # Errors
    /// `ReadError`.
    pub fn attestation(&self, id: &SubmissionId) -> Result<Option<Attestation>, ReadError> {
        let stored = self.base.get(Table::Attestations, id.as_bytes())?;
        stored.map(|bytes| Attestation::decode(id, &bytes)).transpose()
    }
}

/// The size of the log after a block's leaves, which begin at `first`, and what the last of them says; none when the
/// block closed its epoch.
fn ending(first: u64, leaves: &[u8]) -> Result<Option<(u64, BlockEntry)>, ReadError> {
    let key = first.to_be_bytes();
    let damaged = |fault: String| ReadError::damaged(Table::Leaves, &key, fault);
    let leaves = frames(leaves).map_err(|fault| damaged(fault.to_owned()))?;
    let end = first.saturating_add(leaves.len() as u64);
    let last = leaves.last().ok_or_else(|| damaged("no leaf".to_owned()))?;
    match Entry::decode(last.bytes()).map_err(|fault| damaged(fault.to_string()))? {
        Entry::Block(block) => Ok(Some((end, block))),
        Entry::Epoch(_) => Ok(None),
        Entry::Genesis(_) | Entry::Submission(_) | Entry::Statement(_) => {
            Err(damaged("a block's leaves do not end with its own".to_owned()))
        }
    }
}
