//! Erasing: the bytes of an artifact go when the log says so, or when its time is over.
//!
//! What is here is looked at once when the node starts; from then on each notice says that the log grew, and the tombstones
//! and the times that have passed since are asked for. A failure is tried again: until it has succeeded the bytes are not
//! given to anybody, for whoever asks is answered by the log (`api/src/calls/artifacts.rs`).

use std::sync::Arc;
use std::time::Duration;

use archive::{ArchiveError, Artifacts};
use ledger::artifact::Keeping;
use ledger::{LedgerReader, Notice};
use proto::counter::{LeafIndex, TimeMs};
use proto::id::SubmissionId;
use tokio::sync::{broadcast, watch};

use crate::clock;

/// How often it is looked for artifacts whose time is over though nothing happens, and for those that could not be erased.
const LOOK: Duration = Duration::from_secs(10);

/// Erases what is to be erased, until the node stops.
pub(crate) async fn run(
    artifacts: Artifacts,
    reader: LedgerReader,
    mut feed: broadcast::Receiver<Arc<Notice>>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut erasing = Erasing { artifacts, reader, leaf: LeafIndex::ZERO, time: TimeMs::ZERO, begun: false };
    loop {
        if let Err(fault) = erasing.catch_up().await {
            tracing::error!(code = "not_erased", %fault, "artifacts wait to be erased");
        }
        tokio::select! {
            // An error says that the node is gone.
            _ = stopping.wait_for(|stopping| *stopping) => return,
            // Whoever falls behind the notices misses none of what they tell of: it is read from the ledger.
            _ = feed.recv() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// How many are looked up at once.
const AT_ONCE: usize = 1_000;

struct Erasing {
    artifacts: Artifacts,
    reader: LedgerReader,
    /// All that leaves before this one erased is gone.
    leaf: LeafIndex,
    /// All whose time ended before is gone; of those that end at this very time, perhaps not all that came later.
    time: TimeMs,
    /// What was here when the node started was looked at.
    begun: bool,
}

impl Erasing {
    async fn catch_up(&mut self) -> Result<(), ArchiveError> {
        if !self.begun {
            self.begin().await?;
            self.begun = true;
        }
        while let Some((leaf, id)) = self.reader.erased_from(self.leaf)? {
            self.erase(id, "a tombstone").await?;
            self.leaf = leaf.next();
        }
        let now = self.now()?;
        let mut last = None;
        loop {
            let ended = self.reader.expiring(self.time, last.as_ref(), now, AT_ONCE)?;
            if ended.is_empty() {
                break;
            }
            for (until, id) in ended {
                self.erase(id, "its time is over").await?;
                (self.time, last) = (until, Some(id));
            }
        }
        Ok(())
    }

    /// Looks at each that is here, and where the log stands: what came before that needs no second look.
    async fn begin(&mut self) -> Result<(), ArchiveError> {
        let (tip, now) = (self.reader.tip()?, self.now()?);
        for id in self.artifacts.all().await? {
            let keeping = self.reader.artifact(&id)?.map(|artifact| artifact.keeping_at(now));
            match keeping {
                Some(Keeping::Erased { .. }) => self.erase(id, "a tombstone").await?,
                Some(Keeping::Expired { .. }) => self.erase(id, "its time is over").await?,
                // What the ledger does not know was given to a node that knows more; it is not ours to erase.
                Some(Keeping::Kept) | None => {}
            }
        }
        self.time = now;
        self.leaf = tip.map_or(LeafIndex::ZERO, |tip| LeafIndex::new(tip.head.size.get()));
        Ok(())
    }

    async fn erase(&self, id: SubmissionId, why: &'static str) -> Result<(), ArchiveError> {
        if self.artifacts.erase(id).await? {
            tracing::info!(%id, why, "an artifact was erased");
        }
        Ok(())
    }

    /// The block time, or ours where no block is made.
    fn now(&self) -> Result<TimeMs, ArchiveError> {
        let now = clock::now();
        Ok(self.reader.tip()?.map_or(now, |tip| tip.time.max(now)))
    }
}
