//! The chain once more, block by block, on nodes that live differently.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ledger::change::ChangeSet;
use ledger::read::Read;
use ledger::{Committed, Ledger, LedgerReader};
use proto::batch::Batch;
use proto::canonical::Canonical as _;
use proto::counter::{Height, TimeMs};
use proto::operation::Operation;
use proto::submission::Submission;
use proto::verified::{Strict, Unverified, Verified};
use sim::prng::Prng;
use store::disk::{Disk, Engine};
use store::memory::Memory;
use store::port::Store;

use crate::kinds::empty_tables;
use crate::seen::{Difference, Seen};
use crate::story::told;
use crate::world::Chain;

/// Rounds of the story, of which each says everything once; more with `REPLAY_ROUNDS`.
const ROUNDS: u64 = 2;

/// Rounds that this run asks for.
pub fn rounds() -> u64 {
    std::env::var("REPLAY_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

/// Where a node keeps what it knows.
#[derive(Clone, Copy, Debug)]
pub enum Home {
    Memory,
    Disk(Engine),
}

/// When a node begins again.
#[derive(Clone, Copy, Debug)]
pub enum Restarts {
    Never,
    /// After each block.
    Always,
    /// After some, as the seed draws.
    Sometimes(u64),
}

/// How a node lives.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    pub home: Home,
    pub restarts: Restarts,
    /// Most heights that are applied and not durable yet: a restart loses them.
    pub lag: usize,
    /// How far its clock is from the blocks' times, in ms: it is asked at the door, and by nobody else.
    pub clock_ms: i64,
    /// Threads that check signatures; 0: they were checked before.
    pub threads: usize,
}

/// A life without anything.
pub const PLAIN: Life =
    Life { home: Home::Memory, restarts: Restarts::Never, lag: 0, clock_ms: 0, threads: 0 };

enum Kept {
    Memory(Arc<Memory>),
    Disk { store: Option<Arc<Disk>>, path: PathBuf, engine: Engine },
}

impl Kept {
    fn store(&self) -> &dyn Store {
        match self {
            Self::Memory(store) => &**store,
            Self::Disk { store, .. } => &**store.as_ref().expect("open between restarts"),
        }
    }

    fn base(&self) -> Arc<dyn Read> {
        match self {
            Self::Memory(store) => store.clone(),
            Self::Disk { store, .. } => store.clone().expect("open between restarts"),
        }
    }
}

/// A node that does the chain's deeds again.
pub struct Node<'a> {
    chain: &'a Chain,
    life: Life,
    kept: Kept,
    _dir: tempfile::TempDir,
    ledger: Option<Ledger>,
    waiting: Vec<(Height, ChangeSet)>,
    moments: Prng,
    /// How often it began again.
    pub restarts: u64,
}

impl<'a> Node<'a> {
    pub fn begin(chain: &'a Chain, life: Life) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("data");
        let kept = match life.home {
            Home::Memory => Kept::Memory(Arc::default()),
            Home::Disk(engine) => {
                let store = Some(Arc::new(Disk::open(&path, engine).expect("an empty directory")));
                Kept::Disk { store, path, engine }
            }
        };
        let seed = if let Restarts::Sometimes(seed) = life.restarts { seed } else { 0 };
        let moments = Prng::new(seed, "restarts");
        let (ledger, change) = Ledger::open(kept.base(), &chain.genesis).expect("an empty store");
        kept.store().commit(&change.expect("the beginning")).expect("commits");
        let mut node = Self {
            chain,
            life,
            kept,
            _dir: dir,
            ledger: Some(ledger),
            waiting: Vec::new(),
            moments,
            restarts: 0,
        };
        node.ledger_mut().durable(Height::ZERO);
        node
    }

    pub fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().expect("open between restarts")
    }

    pub fn ledger_mut(&mut self) -> &mut Ledger {
        self.ledger.as_mut().expect("open between restarts")
    }

    pub fn reader(&self) -> LedgerReader {
        LedgerReader::new(self.kept.base())
    }

    pub fn height(&self) -> usize {
        self.ledger().tip().height.get() as usize
    }

    /// What follows from a step is durable, but for the newest heights.
    pub fn keep(&mut self, height: Height, change: ChangeSet, lag: usize) {
        self.waiting.push((height, change));
        while self.waiting.len() > lag {
            let (height, change) = self.waiting.remove(0);
            self.kept.store().commit(&change).expect("commits");
            self.ledger_mut().durable(height);
        }
    }

    /// Ends and begins again; what was not durable is gone.
    fn restart(&mut self) {
        self.restarts += 1;
        self.ledger = None;
        self.waiting.clear();
        if let Kept::Disk { store, path, engine } = &mut self.kept {
            let ended =
                Arc::into_inner(store.take().expect("open between restarts")).expect("nobody else reads");
            // In order, or as when the process is killed.
            match self.restarts.is_multiple_of(2) {
                true => ended.close().expect("closes"),
                false => drop(ended),
            }
            *store = Some(Arc::new(Disk::open(path, *engine).expect("it opens again")));
        }
        let (ledger, change) =
            Ledger::open(self.kept.base(), &self.chain.genesis).expect("the store is whole");
        assert_eq!(change, None, "it goes on");
        self.ledger = Some(ledger);
    }

    /// Applies a block as this node lives, and says what it knows then.
    pub fn step(&mut self, block: Committed) -> Result<Seen, ledger::LedgerError> {
        let block = match self.life.threads {
            0 => block,
            threads => checked_by(threads, self.chain, block),
        };
        self.at_the_door(&block);
        let applied = self.ledger_mut().apply(block)?;
        // What is asked of the ledger shows the store only; so this height is durable, and older ones with it.
        let lag = if self.moments.chance(500) { self.life.lag } else { 0 };
        self.keep(applied.height, applied.change, lag);
        let overlay =
            Over { base: self.kept.base(), change: self.waiting.iter().map(|it| &it.1).cloned().collect() };
        Ok(Seen::of(self.ledger(), &LedgerReader::new(Arc::new(overlay))))
    }

    /// Its clock is asked, and nothing follows from that.
    fn at_the_door(&self, block: &Committed) {
        if self.life.clock_ms == 0 {
            return;
        }
        let now = TimeMs::new(block.block.time.get().saturating_add_signed(self.life.clock_ms));
        for submission in block.batches.iter().flat_map(|batch| &batch.submissions) {
            let taken = self.chain.network();
            let submission = Unverified::new(submission.clone()).verify(&taken, &crate::world::Lenient);
            // Whatever it says: it is what this node would tell a caller.
            let _ = self.ledger().check(&submission.expect("applied before"), now);
        }
    }

    /// The whole chain, with its restarts, each height compared with what the first node said.
    pub fn live(&mut self) -> Result<(), Difference> {
        while self.height() < self.chain.blocks.len() {
            let height = self.height();
            let (block, expected) = (&self.chain.blocks[height], &self.chain.seen[height]);
            let found = self.step(block.clone()).expect("the next block");
            expected.expect(&found)?;
            let again = match self.life.restarts {
                Restarts::Never => false,
                Restarts::Always => true,
                Restarts::Sometimes(_) => self.moments.chance(150),
            };
            // Never so often that nothing becomes durable.
            if again && self.waiting.len() < 8 {
                self.restart();
            }
        }
        Ok(())
    }
}

/// A store, and above it what is not durable.
struct Over {
    base: Arc<dyn Read>,
    change: Vec<ChangeSet>,
}

impl Read for Over {
    fn get(
        &self,
        table: ledger::change::Table,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, ledger::read::ReadError> {
        match self.change.iter().rev().find_map(|change| change.get(table, key)) {
            Some(found) => Ok(found.map(<[u8]>::to_vec)),
            None => self.base.get(table, key),
        }
    }

    fn at_or_below(
        &self,
        table: ledger::change::Table,
        key: &[u8],
    ) -> Result<Option<ledger::read::Pair>, ledger::read::ReadError> {
        let over = self.change.iter().flat_map(|change| change.iter());
        let over = over.filter(|(found, at, value)| *found == table && *at <= key && value.is_some());
        let over = over.map(|(_, at, value)| (at.to_vec(), value.expect("filtered").to_vec()));
        let below = self.base.at_or_below(table, key)?;
        Ok(over.chain(below).max_by(|a, b| a.0.cmp(&b.0)))
    }

    fn at_or_above(
        &self,
        table: ledger::change::Table,
        key: &[u8],
    ) -> Result<Option<ledger::read::Pair>, ledger::read::ReadError> {
        self.base.at_or_above(table, key)
    }
}

/// The block from its bytes: every signature is checked anew, by so many threads, in the order in which they come to it.
fn checked_by(threads: usize, chain: &Chain, committed: Committed) -> Committed {
    let network = chain.network();
    let batches = committed.batches.iter().map(|batch| {
        let bytes: Vec<_> = batch.submissions.iter().map(Submission::encode).collect();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(bytes) = bytes.get(number) else { return };
                        let submission = Submission::decode(bytes).expect("as it was written");
                        let submission = Unverified::new(submission).verify(&network, &Strict);
                        let submission = submission.expect("it was signed");
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((number, submission));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(number, _)| *number);
        let author = batch.author;
        let made: Verified<Batch> = Verified::pack(author, done.into_iter().map(|it| it.1).collect());
        assert_eq!(*made, **batch);
        made
    });
    Committed { batches: batches.collect(), ..committed }
}

fn replayed(chain: &Chain, life: Life) {
    let mut node = Node::begin(chain, life);
    node.live().unwrap_or_else(|difference| panic!("{life:?}: {difference}"));
    let begun_again = node.restarts > 0;
    assert_eq!(
        begun_again,
        !matches!(life.restarts, Restarts::Never),
        "{life:?}: {} restarts",
        node.restarts
    );
}

#[test]
fn the_chain_holds_every_kind_of_operation() {
    let chain = told(2);
    assert_eq!(chain.count.lacks(), Vec::<String>::new());
    assert_eq!(empty_tables(&*chain.store), []);
    // What others count by is the same list.
    assert_eq!(chain.count.names, Operation::NAMES.into_iter().collect());
    let (blocks, refusals) = (chain.blocks.len(), chain.count.codes.len());
    println!("{blocks} blocks, {} leaves, refusals of {refusals} kinds", chain.seen[blocks - 1].head.size);
}

#[test]
fn another_clock_and_other_restarts_lead_to_the_same_state() {
    let chain = told(rounds());
    let hour_ms = 3_600_000;
    replayed(&chain, PLAIN);
    replayed(&chain, Life { clock_ms: -hour_ms, restarts: Restarts::Always, ..PLAIN });
    for seed in 1..=rounds().max(4) {
        let restarts = Restarts::Sometimes(seed);
        let clock_ms = if seed % 2 == 0 { 24 * hour_ms } else { -1 };
        replayed(&chain, Life { clock_ms, restarts, lag: seed as usize % 5, ..PLAIN });
    }
}

#[test]
fn any_number_of_threads_checks_to_the_same_state() {
    let chain = told(rounds());
    for threads in [1, 3, 8] {
        replayed(&chain, Life { threads, ..PLAIN });
    }
}

#[test]
fn both_engines_hold_the_same_state_through_restarts() {
    let chain = told(rounds());
    for engine in Engine::ALL {
        let home = Home::Disk(engine);
        replayed(&chain, Life { home, ..PLAIN });
        replayed(&chain, Life { home, restarts: Restarts::Sometimes(7), lag: 3, clock_ms: 9, threads: 2 });
    }
}
