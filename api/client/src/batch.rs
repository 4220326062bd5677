//! Many digests under one signature: a batch, its anchor, and the receipt of each item.
//!
//! The ledger holds the root alone. Whoever keeps the digests in their order makes every item's receipt out of the one
//! of the anchor, offline and at any time; a node has no part in it. Nothing here says that a receipt is true.
//! Source: `proto/ENCODING.md`, "The item of a batch".

use std::fmt::Write as _;

use crypto::Digest;
use merkle::{WholeTree, leaf_hash};
use proto::canonical::{Canonical as _, DecodeError};
use proto::counter::LeafIndex;
use proto::entry::Entry;
use proto::operation::{BATCH_TREE, Operation};
use proto::receipt::{BatchItem, Receipt, ReceiptError};

/// Characters of a digest in a list, with the end of its line.
const LINE_BYTES: usize = 65;

/// Why digests are no batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// There are none.
    #[error("a batch has at least one item")]
    Empty,
    /// There are too many.
    #[error("{found} items, at most {max} are allowed")]
    TooMany {
        /// Number found; more than one may be missing from it.
        found: usize,
        /// Number allowed.
        max: usize,
    },
    /// A line of a list is something else.
    #[error("line {line} is not a SHA-256 of 64 lower-case hex digits and nothing more")]
    Line {
        /// Which one, counted from 1.
        line: usize,
    },
}

/// Digests in their order, and the tree over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    digests: Vec<Digest>,
    tree: WholeTree,
}

impl Batch {
    /// Most items of a batch: its tree takes some 100 MB then.
    pub const COUNT_MAX: usize = 1_000_000;
    /// Longest list that is read, in bytes.
    pub const LIST_BYTES_MAX: usize = Self::COUNT_MAX * LINE_BYTES;

    /// A batch of these digests in this order. One that is named twice is two items, of which each has its receipt.
    ///
    /// # Errors
    /// `Empty` or `TooMany`.
    pub fn new(digests: Vec<Digest>) -> Result<Self, BatchError> {
        if digests.is_empty() {
            return Err(BatchError::Empty);
        }
        if digests.len() > Self::COUNT_MAX {
            return Err(BatchError::TooMany { found: digests.len(), max: Self::COUNT_MAX });
        }
        let tree = WholeTree::new(digests.iter().map(|digest| leaf_hash(digest.as_bytes())));
        Ok(Self { digests, tree })
    }

    /// Reads a list of digests: one a line, in lower-case hex.
    ///
    /// # Errors
    /// `Line` for the first that is not one, `TooMany` as soon as there are.
    pub fn read_list(text: &str) -> Result<Vec<Digest>, BatchError> {
        let mut digests = Vec::with_capacity((text.len() / LINE_BYTES + 1).min(Self::COUNT_MAX));
        for line in text.split_terminator('\n') {
            if digests.len() == Self::COUNT_MAX {
                return Err(BatchError::TooMany { found: Self::COUNT_MAX + 1, max: Self::COUNT_MAX });
            }
            digests.push(line.parse().map_err(|_| BatchError::Line { line: digests.len() + 1 })?);
        }
        Ok(digests)
    }

    /// The digests, in their order.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// The root of their tree.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// What anchors them: to be signed and submitted.
    pub fn operation(&self) -> Operation {
        Operation::BatchAnchor { root: self.root(), count: self.tree.size(), tree: BATCH_TREE.to_owned() }
    }

    /// The item at a place; none beyond the last.
    pub fn item(&self, index: LeafIndex) -> Option<BatchItem> {
        let path = self.tree.path(index.get())?;
        let digest = *self.digests.get(usize::try_from(index.get()).ok()?)?;
        Some(BatchItem { digest, index, path })
    }
}

/// Why a receipt is not the one of a batch's anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// It is about one item already.
    #[error("the receipt is the one of an item, not of the anchor itself")]
    OfItem,
    /// Its entry cannot be read.
    #[error("the entry of the receipt cannot be read: {0}")]
    Entry(#[from] DecodeError),
    /// Its entry anchors nothing.
    #[error("the receipt is not of a batch.anchor")]
    NoAnchor,
    /// It anchors something else.
    #[error("anchored are {anchored_count} items under root {anchored}, not these {count} under root {root}")]
    OtherBatch {
        /// Root in the entry.
        anchored: Digest,
        /// Number of items in the entry.
        anchored_count: u64,
        /// Root of the batch.
        root: Digest,
        /// Number of items of the batch.
        count: u64,
    },
    /// It anchors the root as one of another tree.
    #[error("the root is anchored as one of a tree {found:?}, not {BATCH_TREE:?}")]
    OtherTree {
        /// The name in the entry.
        found: String,
    },
}

/// Why a text is not an anchored batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchoredError {
    /// Longer than it may be; nothing was read.
    #[error("it has {found} bytes, at most {max} are allowed")]
    TooLarge {
        /// Length found, in bytes.
        found: usize,
        /// Length allowed, in bytes.
        max: usize,
    },
    /// The first line is no receipt.
    #[error("on the first line, {0}")]
    Receipt(#[from] ReceiptError),
    /// The other lines are no digests.
    #[error("after the first line, {0}")]
    Batch(#[from] BatchError),
    /// The one does not belong to the others.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
}

/// A batch with the receipt of its anchor: all that the items' receipts are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchored {
    batch: Batch,
    anchor: Receipt,
}

impl Anchored {
    /// Longest text of one, in bytes.
    pub const BYTES_MAX: usize = Receipt::BYTES_MAX + 1 + Batch::LIST_BYTES_MAX;

    /// Puts a batch and the receipt of its anchor together. Whether the receipt is true is not asked.
    ///
    /// # Errors
    /// `AnchorError` when the receipt is not of this very batch.
    pub fn new(batch: Batch, anchor: Receipt) -> Result<Self, AnchorError> {
        if anchor.item.is_some() {
            return Err(AnchorError::OfItem);
        }
        let Entry::Submission(entry) = Entry::decode(&anchor.entry)? else {
            return Err(AnchorError::NoAnchor);
        };
        let Operation::BatchAnchor { root: anchored, count: anchored_count, tree } =
            &entry.submission.body().operation
        else {
            return Err(AnchorError::NoAnchor);
        };
        let (anchored, anchored_count) = (*anchored, *anchored_count);
        let (root, count) = (batch.root(), batch.tree.size());
        if (anchored, anchored_count) != (root, count) {
            return Err(AnchorError::OtherBatch { anchored, anchored_count, root, count });
        }
        if tree != BATCH_TREE {
            return Err(AnchorError::OtherTree { found: tree.clone() });
        }
        Ok(Self { batch, anchor })
    }

    /// The batch.
    pub const fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The receipt of the anchor.
    pub const fn anchor(&self) -> &Receipt {
        &self.anchor
    }

    /// The receipt of the item at a place; none beyond the last.
    pub fn receipt(&self, index: LeafIndex) -> Option<Receipt> {
        let item = self.batch.item(index)?;
        Some(Receipt { item: Some(item), ..self.anchor.clone() })
    }

    /// The receipts of all items, in their order.
    pub fn receipts(&self) -> impl Iterator<Item = Receipt> + '_ {
        (0..self.batch.tree.size()).filter_map(|index| self.receipt(LeafIndex::new(index)))
    }

    /// The place of a digest: the first one, if it is named more than once.
    pub fn place(&self, digest: &Digest) -> Option<LeafIndex> {
        let at = self.batch.digests.iter().position(|found| found == digest)?;
        Some(LeafIndex::new(at as u64))
    }

    /// Both as text: the receipt on the first line, then a digest a line.
    pub fn to_text(&self) -> String {
        let mut text = self.anchor.to_json();
        text.reserve(1 + self.batch.digests.len() * LINE_BYTES);
        text.push('\n');
        for digest in &self.batch.digests {
            let _ = writeln!(text, "{digest}");
        }
        text
    }

    /// Reads such a text. Nothing is verified but that the digests are those of the anchor.
    ///
    /// # Errors
    /// `AnchoredError`, the first fault.
    pub fn from_text(text: &str) -> Result<Self, AnchoredError> {
        if text.len() > Self::BYTES_MAX {
            return Err(AnchoredError::TooLarge { found: text.len(), max: Self::BYTES_MAX });
        }
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let anchor = Receipt::from_json(first)?;
        Ok(Self::new(Batch::new(Batch::read_list(rest)?)?, anchor)?)
    }
}

#[cfg(test)]
mod tests;
