//! Checkpoints: the head of the log, and the signatures under it.
//!
//! The consensus is a transparency log: each validator signs the head it computed, as log (note type 0x01) and as
//! cosigner (0x04 with Ed25519, 0xff with ML-DSA-65), and a quorum of such signatures makes it final. Among nodes
//! a checkpoint travels in its canonical encoding; everyone else is given the same facts as a signed note.
//! Source: C2SP tlog-checkpoint, tlog-cosignature.

mod cosigning;
pub(crate) mod text;

use crypto::{Digest, Signature};

pub use cosigning::{
    CosignatureError, Cosigned, CosignedSubtree, cosignature_v1_message, cosigned_messages, note_keys,
};
pub use text::{CheckpointText, CheckpointTextError, SignatureLineError, decimal, digest};

use crate::counter::{Epoch, TreeSize};
use crate::id::ValidatorIndex;

/// The head of a log: its size and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// Number of leaves.
    pub size: TreeSize,
    /// RFC 6962 root over them.
    pub root: Digest,
}

/// One validator's signatures under a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The reign `signer` speaks in. Not signed: it names the keys to ask, and under others nothing holds.
    pub epoch: Epoch,
    /// Who.
    pub signer: ValidatorIndex,
    /// The head.
    pub head: Head,
    /// The signer's own clock, in seconds since 1970; bound by both cosignatures.
    pub time_s: u64,
    /// By the log key, over the checkpoint's text.
    pub log: Signature,
    /// By the Ed25519 cosigner key, over the `cosignature/v1` message.
    pub ed25519: Signature,
    /// By the ML-DSA-65 cosigner key, over the `subtree/v1` message.
    pub ml_dsa_65: Signature,
}

/// A head with the cosignatures of a quorum, in the order of the validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedCheckpoint {
    /// The head.
    pub head: Head,
    /// Signers strictly ascending, of one reign, each over this head.
    pub cosignatures: Vec<Cosignature>,
}

impl CertifiedCheckpoint {
    /// The reign its signers speak in; none if nobody signed.
    pub fn epoch(&self) -> Option<Epoch> {
        self.cosignatures.first().map(|part| part.epoch)
    }
}
