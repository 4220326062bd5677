//! What a receipt is made of: a leaf, the path to a root, and the quorum that signed the root.
//!
//! Old ones stay valid for ever: the leaf, its index and each certified root are never changed.

use crypto::Digest;
use proto::checkpoint::CertifiedCheckpoint;
use proto::counter::{LeafIndex, TreeSize};

/// The parts of a receipt; how they are written for others is `proto`'s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptParts {
    /// The entry's canonical bytes.
    pub entry: Vec<u8>,
    /// Its leaf.
    pub index: LeafIndex,
    /// The size of the log that the proof and the checkpoint speak of.
    pub size: TreeSize,
    /// From the leaf to the root, RFC 6962.
    pub proof: Vec<Digest>,
    /// The root with the signatures of a quorum.
    pub checkpoint: CertifiedCheckpoint,
}
