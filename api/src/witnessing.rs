//! The doors for witnesses: checkpoints of other logs go in to be cosigned, and what others cosigned of ours is shown.
//!
//! What was cosigned last is a value to be looked at, so that monitors wait for nobody.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::Digest;
use tokio::sync::{mpsc, oneshot, watch};

/// What the window knows of witnesses.
pub struct Witnessing {
    /// Cosigning for other logs; none: this node is no witness.
    pub cosigner: Option<CosignerDoor>,
    /// What was cosigned of our log outside, and how those stand who are asked.
    pub outside: watch::Receiver<Arc<Outside>>,
}

/// The door of a node that cosigns for others.
pub struct CosignerDoor {
    /// Requests in. When it is full the caller is told to come again.
    pub ask: mpsc::Sender<CosignRequest>,
    /// What is durable of it.
    pub shown: watch::Receiver<Arc<Cosigner>>,
}

/// What a witness shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cosigner {
    /// The name it cosigns under.
    pub name: String,
    /// Its keys, as vkeys.
    pub vkeys: Vec<String>,
    /// The logs it cosigns, by the SHA-256 of their origins.
    pub logs: BTreeMap<Digest, CosignedHead>,
}

/// What was cosigned of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignedHead {
    /// The log's origin.
    pub origin: String,
    /// The checkpoint cosigned last, with its size and root; none before the first.
    pub last: Option<(u64, Digest, Arc<str>)>,
}

/// A body, what it asks for, and where to answer.
#[derive(Debug)]
pub struct CosignRequest {
    /// What is asked.
    pub what: CosignWhat,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The answer.
    pub reply: oneshot::Sender<CosignReply>,
}

/// What may be asked of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CosignWhat {
    /// To cosign a checkpoint.
    Checkpoint,
    /// To cosign a subtree.
    Subtree,
}

/// What a witness answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CosignReply {
    /// Signature lines.
    Cosigned(String),
    /// Not a request of its kind, or one for what cannot be.
    Malformed(String),
    /// The log is not cosigned here.
    OriginUnknown(String),
    /// The checkpoint is not the log's, or not known to be cosigned here.
    Untrusted(String),
    /// Another size was cosigned last.
    Conflict {
        /// That size.
        ours: u64,
        /// Both sides, in words.
        detail: String,
    },
    /// Another checkpoint is known.
    KnownCheckpoint {
        /// It, as signed note.
        note: String,
        /// Both sides, in words.
        detail: String,
    },
    /// The proof does not hold.
    Inconsistent(String),
    /// The new state could not be made durable.
    NotRecorded,
}

/// What was cosigned of our log outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// The newest checkpoints that were, newest first.
    pub heads: Vec<WitnessedHead>,
    /// Who is asked.
    pub witnesses: Vec<OutsideStatus>,
}

/// A checkpoint of ours that was cosigned outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessedHead {
    /// Its size; a quorum of the validators has certified it.
    pub size: u64,
    /// The names of those who cosigned it.
    pub witnesses: Vec<String>,
    /// Their signature lines, to stand under the certified note.
    pub lines: Arc<str>,
}

/// How an outside witness stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Where it is asked.
    pub url: String,
    /// Its keys, as vkeys.
    pub vkeys: Vec<String>,
    /// The size it cosigned last, and when by its own clock, in seconds since 1970.
    pub last: Option<(u64, u64)>,
    /// Times it failed since.
    pub failures: u64,
    /// Why it failed last.
    pub fault: Option<String>,
    /// When it is asked again, if it has to be waited for.
    pub retry_at: Option<std::time::Instant>,
}

impl Outside {
    /// The newest checkpoint of at least `size` leaves that at least `wanted` have cosigned; else the most that any
    /// such checkpoint has.
    pub(crate) fn newest(&self, size: u64, wanted: u64) -> Result<&WitnessedHead, u64> {
        let large = || self.heads.iter().filter(|head| head.size >= size);
        let found = large().find(|head| head.witnesses.len() as u64 >= wanted);
        found.ok_or_else(|| large().map(|head| head.witnesses.len() as u64).max().unwrap_or_default())
    }
}

impl Default for Witnessing {
    /// Neither a witness, nor one that has witnesses.
    fn default() -> Self {
        Self { cosigner: None, outside: watch::channel(Arc::default()).1 }
    }
}
