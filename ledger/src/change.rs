//! Changes: the writes of one step, applied whole or not at all.

use std::collections::BTreeMap;

/// Which kind of value a key names; the first byte of every stored key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// Single values: the tip, the state digest, the next notice number.
    Meta = 1,
    /// Height (u64, big-endian) to a block without the envelopes that its leaves hold; empty blocks too.
    Blocks = 2,
    /// Block id to height.
    BlockHeights = 3,
    /// Index of a block's first leaf (u64, big-endian) to all leaves of that block, each behind its u16 length.
    Leaves = 4,
    /// Submission id to what became of it.
    Outcomes = 5,
    /// Tile level (u8) and index (u64, big-endian) to its hashes, 32 bytes each, at most 256.
    Tiles = 6,
    /// Tree size (u64, big-endian) to canonical `CertifiedCheckpoint`.
    Checkpoints = 7,
    /// DID to identity.
    Identities = 8,
    /// Submission id of an attestation to its standing.
    Attestations = 9,
    /// Notice number (u64, big-endian) to notice.
    Notices = 10,
    /// The reigning validators, and the changes that wait for the next hand-over.
    Validators = 11,
    /// Epoch (u64, big-endian) to its validators and where it began.
    Epochs = 12,
    /// Height (u64, big-endian) to what its block refused, in order.
    Refusals = 13,
    /// Height (u64, big-endian) to the header of a block that is not here whole, and its certificate.
    Anchors = 14,
    /// Key id and DID to the index of the leaf by which that identity lists that key (u64, big-endian).
    Keys = 15,
    /// Submission id of an artifact to its standing.
    Artifacts = 17,
    /// Index of a leaf that erased (u64, big-endian) to the submission id of the artifact.
    Tombstones = 18,
    /// Block time at which an artifact ends (u64, big-endian) and its submission id, to nothing.
    Expiries = 19,
}

impl Table {
    /// Every table, in the order of its tag.
    pub const ALL: [Self; 18] = [
        Self::Meta,
        Self::Blocks,
        Self::BlockHeights,
        Self::Leaves,
        Self::Outcomes,
        Self::Tiles,
        Self::Checkpoints,
        Self::Identities,
        Self::Attestations,
        Self::Notices,
        Self::Validators,
        Self::Epochs,
        Self::Refusals,
        Self::Anchors,
        Self::Keys,
        Self::Artifacts,
        Self::Tombstones,
        Self::Expiries,
    ];

    /// Whether its writes are part of the replicated state, and so of the state digest. The others follow from the
    /// log or are this node's own.
    pub const fn is_state(self) -> bool {
        match self {
            Self::Outcomes | Self::Identities | Self::Attestations | Self::Validators | Self::Artifacts => {
                true
            }
            Self::Meta
            | Self::Blocks
            | Self::BlockHeights
            | Self::Leaves
            | Self::Tiles
            | Self::Checkpoints
            | Self::Notices
            | Self::Epochs
            | Self::Tombstones
            | Self::Expiries
            | Self::Refusals
            | Self::Anchors
            | Self::Keys => false,
        }
    }
}

/// Writes that become durable together: keys to values, or to nothing when deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    writes: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
}

impl ChangeSet {
    /// No writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value; a later write of the same key wins.
    pub fn put(&mut self, table: Table, key: &[u8], value: Vec<u8>) {
        self.writes.insert((table, key.to_vec()), Some(value));
    }

    /// Removes a value.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.writes.insert((table, key.to_vec()), None);
    }

    /// What this set says of a key: nothing, that it is deleted, or its value.
    pub fn get(&self, table: Table, key: &[u8]) -> Option<Option<&[u8]>> {
        self.writes.get(&(table, key.to_vec())).map(Option::as_deref)
    }

    /// The writes, ordered by table and key.
    pub fn iter(&self) -> impl Iterator<Item = (Table, &[u8], Option<&[u8]>)> {
        self.writes.iter().map(|((table, key), value)| (*table, key.as_slice(), value.as_deref()))
    }

    /// Adds the writes of `later`, which win.
    pub fn extend(&mut self, later: Self) {
        self.writes.extend(later.writes);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}
