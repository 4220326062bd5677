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
    /// A run of the index (level u8, number u64), height u8 and index u64 to its sorted records, at most 256, or above
    /// height 0 to the first records and hashes of what is below, at most 16.
    LookupPages = 20,
    /// A run of the index (level u8, number u64) to what is known of it as a whole.
    LookupRuns = 21,
    /// Index of the leaf of a block that added a run (u64, big-endian) to how many had done so then (u64, big-endian).
    LookupMarks = 22,
    /// Session id (16 bytes) to session.
    Sessions = 24,
    /// Number of a proof in its chain (u64, big-endian) to session id.
    SessionProofs = 25,
    /// Name of a chain to where it ends.
    Chains = 26,
    /// Key id of a validator's service to whose it is.
    Services = 27,
    /// Id of a proof of ProofNest that was told whole to what is kept of it.
    Proofs = 32,
    /// Height (u64, big-endian) to the batch of the proofs of its block that were told whole.
    ProofBatches = 33,
    /// Id and issuer's DID of a proof that was told by hashes to its place.
    ProofHashes = 34,
    /// Which list (u8) and number (u64, big-endian) to id or DID; 0 and which list to how many there are.
    ProofLists = 35,
    /// Issuer's DID, a zero byte and the name of a chain to where it ends.
    ProofChains = 36,
    /// DID of an issuer to what is known of it.
    Issuers = 28,
    /// Name of an attestation that is a JWT to what was sealed.
    Sealed = 29,
    /// Submission id that sealed to the attestation's name.
    SealedBy = 30,
    /// Issuer, a zero byte and the name of a chain to its last attestation.
    IssuerChains = 31,
    /// Tenant, a zero byte and job id to job.
    Jobs = 40,
    /// Tenant, a zero byte and job id to the evidence that was sealed.
    Evidence = 41,
    /// Tenant, a zero byte and the name of a record to the id of its job.
    EvidenceRecords = 42,
    /// Key id of an evidence key to what is known of it.
    Signers = 43,
    /// Name of an evidence key to its key id.
    SignerNames = 44,
    /// Which list (u8), tenant, a zero byte, and the complement of a number (u64, big-endian) or the hash of a bundle to job
    /// id; of revocations which list and number to key id.
    JobLists = 45,
    /// Submission id of an artifact to whose it is, in which class, and how long its content is.
    Retained = 46,
    /// 1 for commits or 2 for tombstones, tenant behind its length (u8) and leaf (u64, big-endian) to the artifact; 3 for
    /// sums, tenant, class (u8) and leaf to what holds from there on; 4, tenant and class to what holds now; 5, tenant and
    /// digest of a content to the artifact.
    RetentionLog = 47,
    /// Tenant behind its length (u8), class (u8), block time at which an artifact ends (u64, big-endian) and its submission
    /// id to the leaf that committed it (u64, big-endian); until it is erased.
    RetentionEnds = 48,
    /// 16 bytes of a term's digest and the index of a block's first leaf (u64, big-endian) to which of its leaves have it.
    AuditTerms = 49,
    /// Block time (u64, big-endian) to the index of the leaf after that block's own (u64, big-endian).
    AuditTimes = 50,
}

impl Table {
    /// Every table, in the order of its tag.
    pub const ALL: [Self; 45] = [
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
        Self::LookupPages,
        Self::LookupRuns,
        Self::LookupMarks,
        Self::Sessions,
        Self::SessionProofs,
        Self::Chains,
        Self::Services,
        Self::Proofs,
        Self::ProofBatches,
        Self::ProofHashes,
        Self::ProofLists,
        Self::ProofChains,
        Self::Issuers,
        Self::Sealed,
        Self::SealedBy,
        Self::IssuerChains,
        Self::Jobs,
        Self::Evidence,
        Self::EvidenceRecords,
        Self::Signers,
        Self::SignerNames,
        Self::JobLists,
        Self::Retained,
        Self::RetentionLog,
        Self::RetentionEnds,
        Self::AuditTerms,
        Self::AuditTimes,
    ];

    /// Whether its writes are part of the replicated state, and so of the state digest. The others follow from the
    /// log or are this node's own.
    pub const fn is_state(self) -> bool {
        match self {
            Self::Outcomes
            | Self::Identities
            | Self::Attestations
            | Self::Validators
            | Self::Artifacts
            | Self::Sessions
            | Self::Chains
            | Self::Services => true,
            Self::Proofs | Self::ProofBatches | Self::ProofHashes | Self::ProofChains => true,
            Self::Issuers | Self::Sealed | Self::SealedBy | Self::IssuerChains => true,
            Self::Jobs | Self::Evidence | Self::EvidenceRecords | Self::Signers | Self::SignerNames => true,
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
            | Self::LookupPages
            | Self::LookupRuns
            | Self::LookupMarks
            | Self::SessionProofs
            | Self::Refusals
            | Self::Anchors
            | Self::Keys
            | Self::JobLists
            | Self::Retained
            | Self::RetentionLog
            | Self::RetentionEnds
            | Self::ProofLists
            | Self::AuditTerms
            | Self::AuditTimes => false,
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
