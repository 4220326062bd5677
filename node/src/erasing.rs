//! Erasing: the bytes of an artifact go when the log says so, or when its time is over.
//!
//! What is here is looked at once when the node starts; from then on each notice says that the log grew, and the
//! tombstones and the times that have passed since are asked for. Until it has succeeded the bytes are not given to
//! anybody, for whoever asks is answered by the log (`api/src/calls/artifacts.rs`).
//!
//! Of what is over, the tenant's policy says whether it is archived. Then, in this order: a copy is made and checked, a
//! tombstone says so in the log, the bytes go from here. A crash between two of these is made good at the next start, which
//! begins again with the first: nothing is lost, and nothing is said that is not so. What fails is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::keeping::{Buried, NotBuried, WhenOver};
use api::{Api, Keeping};
use archive::artifacts::ABANDONED;
use archive::{ArchiveError, Artifacts};
use ledger::artifact::{self, Artifact};
use ledger::{LedgerReader, Notice};
use proto::counter::{LeafIndex, TimeMs};
use proto::entry::Entry;
use proto::id::{SubmissionId, Tenant};
use tokio::sync::{broadcast, watch};

use crate::clock;

/// How often it is looked for artifacts whose time is over though nothing happens, and for those that could not be erased.
const LOOK: Duration = Duration::from_secs(10);
/// How often what uploads left is swept.
const SWEEP: Duration = Duration::from_secs(60);
/// How many are looked up at once.
const AT_ONCE: usize = 1_000;

/// Why something could not be dealt with.
#[derive(Debug, thiserror::Error)]
enum Undone {
    /// A store failed, or what it holds is spoilt.
    #[error(transparent)]
    Store(#[from] ArchiveError),
    /// The ledger took no tombstone.
    #[error(transparent)]
    Ledger(#[from] NotBuried),
}

/// What erases.
pub(crate) struct Erasing {
    artifacts: Artifacts,
    archived: Option<Artifacts>,
    keeping: Keeping,
    reader: LedgerReader,
    window: Api,
    /// All that leaves before this one erased is gone.
    leaf: LeafIndex,
    /// All whose time ended before is gone, or waits; of those that end at this very time, perhaps not all that came later.
    time: TimeMs,
    /// What was here when the node started was looked at.
    begun: bool,
    /// What is over and could not be dealt with yet.
    waiting: BTreeSet<SubmissionId>,
    /// The ledger took no tombstone in this round: the others need not be tried in it.
    refused: bool,
    swept: Option<Instant>,
}

impl Erasing {
    pub(crate) fn new(
        artifacts: Artifacts,
        archived: Option<Artifacts>,
        keeping: Keeping,
        reader: LedgerReader,
        window: Api,
    ) -> Self {
        Self {
            artifacts,
            archived,
            keeping,
            reader,
            window,
            leaf: LeafIndex::ZERO,
            time: TimeMs::ZERO,
            begun: false,
            waiting: BTreeSet::new(),
            refused: false,
            swept: None,
        }
    }

    /// Erases what is to be erased, until the node stops.
    pub(crate) async fn run(
        mut self,
        mut feed: broadcast::Receiver<Arc<Notice>>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let mut stopped = stopping.clone();
        loop {
            tokio::select! {
                // An error says that the node is gone. What is left undone is done at the next start.
                _ = stopped.wait_for(|stopping| *stopping) => return,
                done = self.catch_up() => {
                    if let Err(fault) = done {
                        tracing::error!(code = "not_erased", %fault, "artifacts wait to be erased");
                    }
                }
            }
            tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => return,
                // Whoever falls behind the notices misses none of what they tell of: it is read from the ledger.
                _ = feed.recv() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), ArchiveError> {
        self.refused = false;
        if !self.begun {
            self.begin().await?;
            self.begun = true;
        }
        if self.swept.is_none_or(|swept| swept.elapsed() >= SWEEP) {
            self.swept = Some(Instant::now());
            let artifacts = self.artifacts.clone();
            let swept = tokio::task::spawn_blocking(move || artifacts.sweep(ABANDONED)).await;
            // An error says that the runtime is going down.
            let swept = swept.unwrap_or(Ok(0))?;
            if swept > 0 {
                tracing::info!(swept, "files of uploads that did not end were removed");
            }
        }
        while let Some((leaf, id)) = self.reader.erased_from(self.leaf)? {
            self.erase(id, "a tombstone").await?;
            self.waiting.remove(&id);
            self.leaf = leaf.next();
        }
        for id in self.waiting.clone() {
            self.end(id).await;
        }
        let now = self.now()?;
        let mut last = None;
        loop {
            let ended = self.reader.expiring(self.time, last.as_ref(), now, AT_ONCE)?;
            if ended.is_empty() {
                break;
            }
            for (until, id) in ended {
                self.end(id).await;
                (self.time, last) = (until, Some(id));
            }
        }
        Ok(())
    }

    /// Counts and looks at each that is here, and where the log stands: what came before that needs no second look.
    async fn begin(&mut self) -> Result<(), ArchiveError> {
        let (tip, now) = (self.reader.tip()?, self.now()?);
        let all = self.artifacts.all().await?;
        let mut here: BTreeMap<Tenant, BTreeMap<SubmissionId, u64>> = BTreeMap::new();
        for (id, bytes) in &all {
            // What the ledger does not know was given to a node that knows more; it is not ours to erase or to count.
            let Some(artifact) = self.reader.artifact(id)? else { continue };
            let Some(tenant) = self.tenant(id, &artifact)? else { continue };
            here.entry(tenant).or_default().insert(*id, *bytes);
        }
        self.keeping.room.counted(here);
        for (id, _) in all {
            let keeping = self.reader.artifact(&id)?.map(|artifact| artifact.keeping_at(now));
            match keeping {
                Some(artifact::Keeping::Erased { .. }) => self.erase(id, "a tombstone").await?,
                Some(artifact::Keeping::Expired { .. }) => self.end(id).await,
                Some(artifact::Keeping::Kept) | None => {}
            }
        }
        self.time = now;
        self.leaf = tip.map_or(LeafIndex::ZERO, |tip| LeafIndex::new(tip.head.size.get()));
        Ok(())
    }

    /// Deals with one whose time is over; if that fails, later.
    async fn end(&mut self, id: SubmissionId) {
        if self.refused {
            self.waiting.insert(id);
            return;
        }
        match self.try_end(id).await {
            Ok(()) => {
                self.waiting.remove(&id);
            }
            Err(fault) => {
                self.refused |= matches!(fault, Undone::Ledger(_));
                if self.waiting.insert(id) {
                    tracing::error!(code = "not_erased", %id, %fault, "an artifact whose time is over waits");
                }
            }
        }
    }

    async fn try_end(&self, id: SubmissionId) -> Result<(), Undone> {
        let Some(artifact) = self.reader.artifact(&id).map_err(ArchiveError::from)? else { return Ok(()) };
        if self.artifacts.size(id).await?.is_none() {
            // Whoever has it deals with it, or has.
            return Ok(self.erase(id, "its time is over").await?);
        }
        let tenant = self.tenant(&id, &artifact)?;
        let tenant = tenant.unwrap_or_else(Tenant::default_tenant);
        let mut said = "deleted: its time is over";
        if self.keeping.policy(&tenant).when_over == WhenOver::Archive
            && let Some(archived) = &self.archived
            && artifact.erased.is_none()
            && self.artifacts.copy_to(archived, id, &artifact).await?
        {
            said = "archived: its time is over";
        }
        if artifact.erased.is_none() {
            match self.window.bury(id, tenant, said).await? {
                Buried::Logged => {}
                Buried::Nobody => tracing::debug!(%id, "this node lays no tombstones: it is no validator"),
            }
        }
        Ok(self.erase(id, "its time is over").await?)
    }

    async fn erase(&self, id: SubmissionId, why: &'static str) -> Result<(), ArchiveError> {
        let erased = self.artifacts.erase(id).await?;
        // It may have been erased by another that shares the store: it takes no room here any more.
        if let Some(artifact) = self.reader.artifact(&id)?
            && let Some(tenant) = self.tenant(&id, &artifact)?
        {
            self.keeping.room.gone(&tenant, id);
        }
        if erased.is_some() {
            tracing::info!(%id, why, "an artifact was erased");
        }
        Ok(())
    }

    /// Whose an artifact is: as listed, or, of one from before there were lists, as its leaf says.
    fn tenant(&self, id: &SubmissionId, artifact: &Artifact) -> Result<Option<Tenant>, ArchiveError> {
        if let Some(retained) = self.reader.retained(id)? {
            return Ok(Some(retained.tenant));
        }
        Ok(match self.reader.entry(artifact.committed.index)? {
            Some((_, Entry::Submission(entry))) => Some(entry.submission.body().tenant.clone()),
            Some(_) | None => None,
        })
    }

    /// The block time, or ours where no block is made.
    fn now(&self) -> Result<TimeMs, ArchiveError> {
        let now = clock::now();
        Ok(self.reader.tip()?.map_or(now, |tip| tip.time.max(now)))
    }
}
