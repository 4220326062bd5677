//! The port: what the house asks of whoever keeps its data.
//!
//! A `Store` reads (`ledger::read::Read`) and commits. The promise of `commit`, in full:
//!
//! 1. *Atomic.* After a crash at any moment, either every write of the set is there or none is.
//! 2. *Durable.* Once it returned `Ok`, the set survives the end of the process and a power cut.
//! 3. *Ordered.* A set that survives is never without the sets committed before it.
//! 4. *Seen only when durable.* No reader meets a write whose `commit` has not returned `Ok`.
//! 5. *Honest.* An error says whether anything may have changed: see [`StoreError::is_permanent`].
//!
//! Every implementation is held to it by `suite`; what it rests on is in `DURABILITY.md`.

use ledger::change::ChangeSet;
use ledger::read::Read;

/// Keeps the ledger's data.
pub trait Store: Read {
    /// Makes every write of `change` durable, together. An empty set is a success that writes nothing.
    ///
    /// # Errors
    /// `StoreError`. Unless it is `Full`, whether the set became durable is unknown: the node stops, and learns on
    /// its next start what is there.
    fn commit(&self, change: &ChangeSet) -> Result<(), StoreError>;
}

/// Why a set was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too little room; noticed beforehand, so nothing has changed.
    #[error("the disk has {free_bytes} bytes free, this write wants {needed_bytes}, reserve included")]
    Full {
        /// What is free, in bytes.
        free_bytes: u64,
        /// What has to be free, in bytes.
        needed_bytes: u64,
    },
    /// The operating system refused a read, a write or a sync.
    #[error("{deed} failed: {fault}")]
    Io {
        /// What was being done.
        deed: &'static str,
        /// What the system said.
        fault: String,
    },
    /// The storage engine failed, for another reason than the operating system.
    #[error("{deed}: the storage engine failed: {fault}")]
    Engine {
        /// What was being done.
        deed: &'static str,
        /// What it said.
        fault: String,
    },
    /// An earlier commit failed, so what is on disk is unknown; this store does nothing more.
    #[error("this store stopped when an earlier commit failed: {fault}")]
    Stopped {
        /// The earlier failure.
        fault: String,
    },
}

impl StoreError {
    /// Whether this store is of no more use. False: nothing has changed, and the same set may be tried again.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Full { .. } => false,
            Self::Io { .. } | Self::Engine { .. } | Self::Stopped { .. } => true,
        }
    }
}
