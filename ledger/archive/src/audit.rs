//! Auditing: everything computed anew from the first leaf on, as if nobody had ever been believed.
//!
//! The files are checked as `fsck` does. On the way every submission's signatures are checked, on many threads, and
//! every block is judged by the ledger's own state machine: counts, refusals, rules and state digest, and who reigns.
//! Each published head must be signed by a quorum of those who reign at its size. What is found is named by leaf,
//! height and rule. Behind the first block that does not hold there is no state to judge by; files are checked to
//! the end. Source: `ledger/STATE.md`.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::Arc;

use crypto::Digest;
use futures::TryStreamExt as _;
use ledger::LedgerError;
use ledger::change::ChangeSet;
use ledger::files::Beside;
use ledger::read::Read;
use ledger::retrace::{Retrace, RetraceError, Stand, TracedBlock};
use merkle::leaf_hash;
use proto::canonical::{Canonical as _, DecodeError};
use proto::checkpoint::Head;
use proto::counter::{Epoch, Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{BlockEntry, Entry, EpochEntry};
use proto::genesis::Genesis;
use proto::id::{NetworkId, SubmissionId};
use proto::policy::{Policy, PolicyError};
use proto::submission::{Submission, SubmissionError};
use proto::verified::{Strict, Unverified, Verified};
use verify::{CheckpointFault, verify_checkpoint};

use crate::bundle;
use crate::error::ArchiveError;
use crate::fsck::{Checked, Sound, Step, Walk, expect_heads};
use crate::growing::Growing;
use crate::name::File;

/// Leaves after which what was done is committed, so that an interrupted audit can be gone on with from there.
const COMMIT_EVERY: u64 = 4_096;

/// Something in the log that is not as the rules make it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A leaf is no entry.
    #[error("leaf {index}: {fault}")]
    Entry {
        /// The leaf.
        index: LeafIndex,
        /// What is wrong.
        fault: DecodeError,
    },
    /// A leaf stands where none of its kind does.
    #[error("leaf {index}: expected {expected} (rules S5, L2)")]
    Order {
        /// The leaf.
        index: LeafIndex,
        /// What should stand there.
        expected: &'static str,
    },
    /// A submission was not signed as it says.
    #[error("leaf {index}: submission {id}: {fault}")]
    Signature {
        /// The leaf.
        index: LeafIndex,
        /// The submission.
        id: SubmissionId,
        /// What does not hold.
        fault: SubmissionError,
    },
    /// A block is not what the rules make of the log before it.
    #[error(transparent)]
    Rule(Box<RetraceError>),
    /// What stands beside a block cannot be had.
    #[error("{file}: {fault} (rules D2, V4)")]
    Beside {
        /// The file.
        file: File,
        /// What is wrong.
        fault: String,
    },
    /// A head is not signed by those who reign at its size.
    #[error("{file}, {size} leaves: {fault}")]
    Checkpoint {
        /// The file.
        file: File,
        /// Its size.
        size: TreeSize,
        /// What does not hold.
        fault: Box<CheckpointFault>,
    },
    /// A head cannot be read, or is missing although trust was handed over by it.
    #[error("{file}: {fault}")]
    Head {
        /// The file.
        file: File,
        /// What is wrong.
        fault: String,
    },
    /// The log that was audited before is not the beginning of this one.
    #[error("the {} leaves audited before had root {}, here they have {found} (rule L1)", .before.size, .before.root)]
    OtherHistory {
        /// The head audited before.
        before: Head,
        /// The root here.
        found: Digest,
    },
}

/// Why there is nothing to audit, or no place to note what was found.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The files cannot be had.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The genesis beside the log is of another network than the one that is trusted.
    #[error("the genesis of the log is of network {found}, trusted is {expected}")]
    OtherNetwork {
        /// The network found.
        found: NetworkId,
        /// The network trusted.
        expected: NetworkId,
    },
    /// The store of the audit is of no use, or no log begins as the genesis says.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store of the audit cannot be written.
    #[error("the audit's store: {0}")]
    Commit(String),
    /// No policy says what a quorum is.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// Makes writes durable, together; or says what hinders it.
pub type Commit = Box<dyn FnMut(&ChangeSet) -> Result<(), String>>;

/// Where an audit keeps the state that it computes.
pub struct Store {
    /// To read from.
    pub read: Arc<dyn Read>,
    /// To write to.
    pub commit: Commit,
}

/// What an audit found.
#[derive(Debug)]
pub struct Audited {
    /// The network.
    pub network: NetworkId,
    /// Of the files.
    pub checked: Checked,
    /// Of what they say.
    pub findings: Vec<Finding>,
    /// How far the state was computed.
    pub stand: Stand,
    /// Leaves that an earlier run had audited.
    pub resumed: u64,
    /// Blocks judged.
    pub blocks: u64,
    /// Submissions whose signatures were checked.
    pub submissions: u64,
    /// Heads whose quorum was checked.
    pub heads: u64,
    /// The epoch that reigns at the end.
    pub epoch: Epoch,
}

impl Audited {
    /// Whether all of it is as the rules make it.
    pub fn is_true(&self) -> bool {
        self.findings.is_empty() && self.checked.faults.count == 0
    }
}

/// An audit under way.
pub struct Audit {
    walk: Walk,
    store: Store,
    threads: NonZero<usize>,
    genesis: Genesis,
    retrace: Retrace,
    /// Where the run before ended.
    before: Option<Head>,
    log: Growing,
    /// The first of the two leaves a log begins with.
    opening: Option<Entry>,
    /// Submissions whose block has not come yet.
    open: Vec<Placed>,
    /// A block that may have an epoch behind it.
    held: Option<Held>,
    /// Who signs heads of the present epoch, and who did of the one before.
    policies: [Policy; 2],
    /// Sizes of published heads that were not come to yet.
    sizes: BTreeSet<u64>,
    committed: u64,
    broken: bool,
    findings: Vec<Finding>,
    blocks: u64,
    submissions: u64,
    heads: u64,
}

/// A block whose leaves were read, but for an epoch's behind it.
struct Held {
    traced: TracedBlock,
    root: Digest,
}

/// A submission, and the place that its leaf states; a statement that is a leaf by itself states none.
struct Placed {
    at: Option<(Height, TimeMs)>,
    submission: Verified<Submission>,
}

/// A leaf, read and its signatures checked.
enum Leaf {
    Submission(Placed),
    Block(BlockEntry),
    Epoch(EpochEntry),
    Genesis(Entry),
}

impl Audit {
    /// Begins an audit, or goes on with the one its store knows of. Trusted is the network whose log this must be, if
    /// the caller knows.
    ///
    /// # Errors
    /// `AuditError`.
    pub async fn begin(
        mut walk: Walk,
        store: Store,
        trusted: Option<NetworkId>,
        threads: NonZero<usize>,
    ) -> Result<Self, AuditError> {
        let file = File::Genesis;
        let bytes = walk.place().find(file).await?.ok_or(ArchiveError::Missing { file })?;
        let malformed = |fault: DecodeError| ArchiveError::Malformed { file, fault: fault.to_string() };
        let genesis = Genesis::decode(&bytes).map_err(malformed)?;
        let found = genesis.network();
        if let Some(expected) = trusted.filter(|expected| *expected != found) {
            return Err(AuditError::OtherNetwork { found, expected });
        }
        let (retrace, before) = Retrace::open(Arc::clone(&store.read), &genesis)?;
        expect_heads(&mut walk).await?;
        let mut sizes = BTreeSet::new();
        let mut listed = walk.place().clone().list("checkpoints").await?;
        while let Some(path) = listed.try_next().await? {
            if let Ok(File::CheckpointOf(size)) = path.parse() {
                sizes.insert(size.get());
            }
        }
        let size = walk.stated().text.head.size.get();
        let from = before.map_or(0, |head| head.size.get());
        let sizes = sizes.into_iter().filter(|it| *it > from && *it <= size).collect();
        if from > 0 {
            walk.skip_to(from);
        }
        let log = walk.log().cloned().unwrap_or_default();
        let policy = Policy::of(&retrace.reigning().0)?;
        let mut audit = Self {
            walk,
            store,
            threads,
            genesis,
            retrace,
            before,
            log,
            opening: None,
            open: Vec::new(),
            held: None,
            policies: [policy.clone(), policy],
            sizes,
            committed: from,
            broken: false,
            findings: Vec::new(),
            blocks: 0,
            submissions: 0,
            heads: 0,
        };
        if from > size {
            let before = audit.before.unwrap_or(Head { size: TreeSize::ZERO, root: Digest::ZERO });
            audit.stop(Finding::OtherHistory { before, found: audit.walk.stated().text.head.root });
        }
        audit.compare_history();
        Ok(audit)
    }

    /// Audits to the end. `said` is told how many leaves are done, of how many.
    ///
    /// # Errors
    /// `AuditError` when files cannot be had, or the store cannot be used.
    pub async fn run(mut self, said: &mut dyn FnMut(u64, u64)) -> Result<Audited, AuditError> {
        let size = self.walk.stated().text.head.size.get();
        loop {
            let done = match self.walk.step().await? {
                Step::Done => break,
                // It is among the faults of the files already, and nothing behind it can be judged.
                Step::Bad { first, .. } => {
                    self.broken = true;
                    first + 256
                }
                Step::Sound(Sound { first, bytes, width }) => {
                    if !self.broken {
                        self.bundle(first, &bytes, width).await?;
                    }
                    first + 256
                }
            };
            said(done.min(size), size);
        }
        if !self.broken {
            self.settle(None).await?;
        }
        if !self.broken {
            self.end();
            self.commit(self.log.root())?;
        }
        let stand = self.retrace.stand();
        Ok(Audited {
            network: self.genesis.network(),
            findings: self.findings,
            stand,
            resumed: self.before.map_or(0, |head| head.size.get()),
            blocks: self.blocks,
            submissions: self.submissions,
            heads: self.heads,
            epoch: self.retrace.reigning().0.epoch(),
            checked: self.walk.finish().await?,
        })
    }

    /// Notes what is wrong with a block: there is no state to go on from.
    fn stop(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.broken = true;
    }

    /// The head where an earlier run ended is one of this log.
    fn compare_history(&mut self) {
        if let Some(before) = self.before.filter(|before| before.size.get() == self.log.size()) {
            let found = self.log.root();
            if found != before.root {
                self.stop(Finding::OtherHistory { before, found });
            }
        }
    }

    async fn bundle(&mut self, first: u64, bytes: &[u8], width: u16) -> Result<(), AuditError> {
        // A sound bundle was taken apart before.
        let entries = bundle::entries(bytes, width).unwrap_or_default();
        let known = self.before.map_or(0, |head| head.size.get());
        let passed = known.saturating_sub(first).min(entries.len() as u64) as usize;
        let mut full = Vec::new();
        for entry in &entries[..passed] {
            self.log.append(leaf_hash(entry), &mut full);
            self.compare_history();
        }
        let leaves = read(&entries[passed..], first + passed as u64, &self.genesis.network(), self.threads);
        for ((index, leaf), entry) in (first + passed as u64..).zip(leaves).zip(&entries[passed..]) {
            if self.broken {
                break;
            }
            full.clear();
            self.log.append(leaf_hash(entry), &mut full);
            match leaf {
                Ok(leaf) => self.leaf(LeafIndex::new(index), leaf).await?,
                Err(finding) => self.stop(finding),
            }
        }
        Ok(())
    }

    async fn leaf(&mut self, index: LeafIndex, leaf: Leaf) -> Result<(), AuditError> {
        let order = |expected| Finding::Order { index, expected };
        match (index.get(), leaf) {
            (0, Leaf::Genesis(genesis)) => self.opening = Some(genesis),
            (0, _) => self.stop(order("the genesis")),
            (1, Leaf::Epoch(epoch)) => {
                let opening = self.opening.take();
                let begun = opening.map(|genesis| self.retrace.begin([&genesis, &Entry::Epoch(epoch)]));
                match begun {
                    Some(Err(fault)) => self.stop(Finding::Rule(Box::new(fault))),
                    Some(Ok(())) => {
                        let root = self.log.root();
                        self.head(2, root, false).await?;
                    }
                    None => self.stop(order("the epoch behind the genesis")),
                }
            }
            (1, _) => self.stop(order("epoch 0")),
            (_, Leaf::Genesis(_)) => self.stop(order("no second genesis")),
            (_, Leaf::Submission(placed)) => {
                self.settle(None).await?;
                self.submissions += 1;
                self.open.push(placed);
            }
            (_, Leaf::Block(entry)) => {
                self.settle(None).await?;
                let placed = |Placed { at, submission }| {
                    let (height, time) = at.unwrap_or((entry.height, entry.time));
                    (height, time, submission)
                };
                let submissions: Vec<_> = std::mem::take(&mut self.open).into_iter().map(placed).collect();
                let first = LeafIndex::new(index.get().saturating_sub(submissions.len() as u64));
                let traced =
                    TracedBlock { first, submissions, entry, epoch: None, beside: Beside::default() };
                self.held = Some(Held { traced, root: self.log.root() });
            }
            (_, Leaf::Epoch(epoch)) => match self.held.is_some() {
                true => self.settle(Some(epoch)).await?,
                false => self.stop(order("the block that closes the epoch before")),
            },
        }
        Ok(())
    }

    /// Judges the block that was held back, now that it is known whether an epoch stands behind it.
    async fn settle(&mut self, epoch: Option<EpochEntry>) -> Result<(), AuditError> {
        let Some(Held { mut traced, root }) = self.held.take() else { return Ok(()) };
        if self.broken {
            return Ok(());
        }
        let closes = epoch.is_some();
        let root = if closes { self.log.root() } else { root };
        let height = traced.entry.height;
        traced.epoch = epoch;
        if closes || traced.entry.rejected > 0 {
            let file = File::Beside(height);
            let beside = match self.walk.place().find(file).await {
                Ok(Some(bytes)) => Beside::decode(&bytes).map_err(|fault| fault.to_string()),
                Ok(None) => Err("missing".to_owned()),
                Err(fault @ ArchiveError::TooLarge { .. }) => Err(fault.to_string()),
                Err(fault) => return Err(fault.into()),
            };
            match beside {
                Ok(beside) => traced.beside = beside,
                Err(fault) => {
                    self.stop(Finding::Beside { file, fault });
                    return Ok(());
                }
            }
        }
        match self.retrace.block(&traced) {
            Ok(()) => self.blocks += 1,
            // The audit's own store failed: that says nothing of the log.
            Err(RetraceError::Ledger(fault @ LedgerError::Read(_))) => return Err(fault.into()),
            Err(fault) => {
                self.stop(Finding::Rule(Box::new(fault)));
                return Ok(());
            }
        }
        if closes {
            let policy = Policy::of(&self.retrace.reigning().0)?;
            let [present, _] = std::mem::replace(&mut self.policies, [policy.clone(), policy]);
            self.policies[1] = present;
        }
        let size = self.retrace.stand().size.get();
        self.head(size, root, closes).await?;
        if size - self.committed >= COMMIT_EVERY && !self.broken {
            self.commit(root)?;
        }
        Ok(())
    }

    /// Checks the quorum under a head of this size, if there is one; there must be where an epoch ends.
    async fn head(&mut self, size: u64, root: Digest, closes: bool) -> Result<(), AuditError> {
        let listed = self.sizes.remove(&size);
        let newest = self.walk.stated();
        let (file, note) = match newest.text.head.size.get() == size {
            true => (File::Checkpoint, Some(newest.note.clone())),
            false if listed || closes => {
                let file = File::CheckpointOf(TreeSize::new(size));
                let bytes = match self.walk.place().find(file).await {
                    Err(fault @ ArchiveError::TooLarge { .. }) => {
                        self.findings.push(Finding::Head { file, fault: fault.to_string() });
                        return Ok(());
                    }
                    read => read?,
                };
                (file, bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
            }
            false => return Ok(()),
        };
        let Some(note) = note else {
            let fault = "missing or no text, and trust is handed over by it".to_owned();
            self.findings.push(Finding::Head { file, fault });
            return Ok(());
        };
        // Rule V7: the head that opens an epoch is signed by those before.
        let policy = &self.policies[usize::from(closes)];
        let size = TreeSize::new(size);
        match verify_checkpoint(policy, &note) {
            Ok(facts) if facts.head.size == size && facts.head.root == root => self.heads += 1,
            Ok(facts) => {
                let fault = format!("says {} leaves and root {}", facts.head.size, facts.head.root);
                self.findings.push(Finding::Head { file, fault });
            }
            Err(fault) => self.findings.push(Finding::Checkpoint { file, size, fault: Box::new(fault) }),
        }
        Ok(())
    }

    /// What must hold when all was read.
    fn end(&mut self) {
        let size = self.walk.stated().text.head.size;
        if self.retrace.stand().size != size {
            let index = LeafIndex::new(self.retrace.stand().size.get());
            self.findings.push(Finding::Order { index, expected: "a block at the end of a published head" });
        }
        for size in std::mem::take(&mut self.sizes) {
            let file = File::CheckpointOf(TreeSize::new(size));
            let fault = "no block ends at its size".to_owned();
            self.findings.push(Finding::Head { file, fault });
        }
    }

    /// Notes how far it came. What was found wrong is not passed over by the next run.
    fn commit(&mut self, root: Digest) -> Result<(), AuditError> {
        if !self.findings.is_empty() || self.walk.faults().count > 0 {
            return Ok(());
        }
        let change = self.retrace.take(&root);
        self.committed = self.retrace.stand().size.get();
        (self.store.commit)(&change).map_err(AuditError::Commit)
    }
}

/// Reads the entries of a bundle and checks their signatures, on so many threads.
fn read(
    entries: &[&[u8]],
    first: u64,
    network: &NetworkId,
    threads: NonZero<usize>,
) -> Vec<Result<Leaf, Finding>> {
    let placed = |at, submission: Submission, index| {
        let id = submission.id();
        let verified = Unverified::new(submission).verify(network, &Strict);
        let submission = verified.map_err(|fault| Finding::Signature { index, id, fault })?;
        Ok(Leaf::Submission(Placed { at, submission }))
    };
    let one = |(position, entry): (usize, &&[u8])| {
        let index = LeafIndex::new(first + position as u64);
        match Entry::decode(entry).map_err(|fault| Finding::Entry { index, fault })? {
            Entry::Submission(entry) => placed(Some((entry.height, entry.time)), entry.submission, index),
            Entry::Statement(entry) => placed(None, entry.submission().clone(), index),
            Entry::Block(entry) => Ok(Leaf::Block(entry)),
            Entry::Epoch(entry) => Ok(Leaf::Epoch(entry)),
            entry @ Entry::Genesis(_) => Ok(Leaf::Genesis(entry)),
        }
    };
    let each = entries.len().div_ceil(threads.get()).max(1);
    let numbered: Vec<_> = entries.iter().enumerate().collect();
    let mut leaves = Vec::with_capacity(entries.len());
    std::thread::scope(|scope| {
        let one = &one;
        let parts: Vec<_> = numbered
            .chunks(each)
            .map(|part| scope.spawn(move || part.iter().map(|it| one(*it)).collect::<Vec<_>>()))
            .collect();
        for part in parts {
            leaves.extend(part.join().expect("reading and verifying panic on no bytes"));
        }
    });
    leaves
}
