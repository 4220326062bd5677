//! Certified checkpoints: heads of the log that a quorum signed.
//!
//! A head of another root than ours at the same size is no checkpoint but evidence: execution diverged, here or
//! there, and nothing may be told any more. Source: `STATE.md`, rules C1 to C3, C6, V7.

use proto::canonical::Canonical as _;
use proto::checkpoint::{CertifiedCheckpoint, Head};
use proto::counter::{Epoch, TreeSize};
use proto::verified::Verified;

use crate::change::{ChangeSet, Table};
use crate::ledger::Ledger;
use crate::notice::{Event, Notice};
use crate::read::{Read, ReadError};

/// What follows from a certified head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finality {
    /// To be made durable, after the change of the height that made the head.
    pub change: ChangeSet,
    /// For subscribers, then.
    pub notice: Notice,
}

/// Why a certified head is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertifyError {
    /// Not applied so far yet. Passes: ask again later.
    #[error("a head of {size} leaves, applied are {own}")]
    Ahead {
        /// Size of the head.
        size: TreeSize,
        /// Size of our log.
        own: TreeSize,
    },
    /// A quorum signed another root than ours. Permanent: this node, or a third of the network, is wrong.
    #[error("a quorum signed the root {} for {} leaves, ours is {}", .theirs.head.root, .ours.size, .ours.root)]
    Diverged {
        /// Our head.
        ours: Head,
        /// Theirs, with the signatures: the evidence.
        theirs: Box<CertifiedCheckpoint>,
    },
    /// Signed by the validators of another epoch than the one that signs heads of this size.
    #[error("a head of {size} leaves is signed by epoch {expected}, this one by epoch {found:?}")]
    OtherEpoch {
        /// Size of the head.
        size: TreeSize,
        /// Who signed; none if nobody did.
        found: Option<Epoch>,
        /// Who should have.
        expected: Epoch,
    },
    /// The head that opened an epoch is not certified, and a larger one has to wait for it: who follows the epochs
    /// could not come past it. Passes: ask again later.
    #[error("a head of {size} leaves before the one of {opening}, which opened an epoch")]
    OpeningFirst {
        /// Size of the head.
        size: TreeSize,
        /// Size of the one that comes first.
        opening: TreeSize,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl CertifyError {
    /// Whether the same head is refused for ever.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Ahead { .. } | Self::OpeningFirst { .. } => false,
            Self::OtherEpoch { .. } | Self::Diverged { .. } | Self::Read(_) => true,
        }
    }
}

impl Ledger {
    /// Takes a head that a quorum signed. None when one of this size or more was taken before: certified sizes only
    /// grow, else the smallest one that covers a leaf, and with it the leaf's receipt, could change.
    ///
    /// # Errors
    /// `Ahead`, `OpeningFirst`, `OtherEpoch`, `Diverged` or `Read`. The ledger is then as it was.
    pub fn certify(
        &mut self,
        checkpoint: &Verified<CertifiedCheckpoint>,
    ) -> Result<Option<Finality>, CertifyError> {
        let Head { size, root } = checkpoint.head;
        let Some(ours) = self.head_at(size)? else {
            return Err(CertifyError::Ahead { size, own: self.tip.head.size });
        };
        // Rule V7
        let (found, expected) = (checkpoint.epoch(), self.epoch_of(size)?);
        if found != Some(expected) {
            return Err(CertifyError::OtherEpoch { size, found, expected });
        }
        if ours.root != root {
            return Err(CertifyError::Diverged {
                ours,
                theirs: Box::new(CertifiedCheckpoint::clone(checkpoint)),
            });
        }
        if size <= self.certified {
            return Ok(None);
        }
        // Rule C6
        if let Some(opening) = self.uncertified_opening()?.filter(|opening| size > *opening) {
            return Err(CertifyError::OpeningFirst { size, opening });
        }
        let mut change = ChangeSet::new();
        change.put(Table::Checkpoints, &size.get().to_be_bytes(), checkpoint.encode());
        let notice = self.sequence.tell(Event::Finalized { size, root }, &mut change);
        self.certified = size;
        Ok(Some(Finality { change, notice }))
    }
}

/// The latest checkpoint stored.
pub(crate) fn latest(base: &dyn Read) -> Result<Option<CertifiedCheckpoint>, ReadError> {
    let found = base.at_or_below(Table::Checkpoints, &u64::MAX.to_be_bytes())?;
    found.map(|(key, value)| decode(&key, &value)).transpose()
}

/// The smallest checkpoint stored of at least this size.
pub(crate) fn smallest(base: &dyn Read, size: TreeSize) -> Result<Option<CertifiedCheckpoint>, ReadError> {
    let found = base.at_or_above(Table::Checkpoints, &size.get().to_be_bytes())?;
    found.map(|(key, value)| decode(&key, &value)).transpose()
}

/// The size of the largest checkpoint stored of at most this size; zero without one.
pub(crate) fn size_at_or_below(base: &dyn Read, size: TreeSize) -> Result<TreeSize, ReadError> {
    let Some((key, _)) = base.at_or_below(Table::Checkpoints, &size.get().to_be_bytes())? else {
        return Ok(TreeSize::ZERO);
    };
    match <[u8; 8]>::try_from(key.as_slice()) {
        Ok(size) => Ok(TreeSize::new(u64::from_be_bytes(size))),
        Err(_) => Err(ReadError::damaged(Table::Checkpoints, &key, "the key is not 8 bytes")),
    }
}

/// The checkpoint stored of exactly this size.
pub(crate) fn exact(base: &dyn Read, size: TreeSize) -> Result<Option<CertifiedCheckpoint>, ReadError> {
    let key = size.get().to_be_bytes();
    let found = base.get(Table::Checkpoints, &key)?;
    found.map(|value| decode(&key, &value)).transpose()
}

fn decode(key: &[u8], value: &[u8]) -> Result<CertifiedCheckpoint, ReadError> {
    let damaged = |fault: String| ReadError::damaged(Table::Checkpoints, key, fault);
    let checkpoint = CertifiedCheckpoint::decode(value).map_err(|fault| damaged(fault.to_string()))?;
    match checkpoint.head.size.get().to_be_bytes() == *key {
        true => Ok(checkpoint),
        false => Err(damaged(format!("holds a head of {} leaves", checkpoint.head.size))),
    }
}
