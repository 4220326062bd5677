use super::*;

use std::cell::RefCell;
use std::sync::Mutex;

use crypto::{Scheme, SecretKey};
use engine::Event;
use ledger::change::Table;
use ledger::read::{Pair, Read, ReadError};
use proto::certificate::QuorumCert;
use proto::counter::{Epoch, Height, View};
use proto::id::{BlockId, NetworkId};
use proto::record::SafetyRecord;

use crate::journal::IfMissing;

fn shared() -> Shared {
    Shared { counters: Arc::default(), failure: Failure::new() }
}

/// A gate, and behind it an event that carries its number.
fn gate<W>(write: W, number: u64) -> Gated<W, Command> {
    Gated::new(write, vec![Command::Happen(Event::Applied { height: Height::new(number) })])
}

/// Where a command that was let out leaves its number.
fn note(out: &RefCell<Vec<u64>>) -> impl Fn(Command) + '_ {
    |command| match command {
        Command::Happen(Event::Applied { height }) => out.borrow_mut().push(height.get()),
        other => panic!("{other:?}"),
    }
}

fn write(view: u64) -> JournalWrite {
    let record = SafetyRecord {
        epoch: Epoch::ZERO,
        last_acted_view: View::new(view),
        high_qc: QuorumCert::genesis(BlockId::default()),
        high_tc: None,
        voted: None,
        timed_out: true,
        proposed: None,
    };
    JournalWrite { record, body: None, settled: Height::ZERO }
}

fn open(dir: &tempfile::TempDir) -> Journal {
    let path = dir.path().join(Journal::FILE_NAME);
    let us = SecretKey::from_seed(Scheme::Ed25519, &[0; 32]).unwrap().public().clone();
    Journal::open(&path, &NetworkId::default(), &us, IfMissing::Create).unwrap().0
}

#[test]
fn what_waited_for_the_journal_is_let_out_in_order_and_is_there_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, out) = (Gates::default(), RefCell::default());
    (1..=5).for_each(|view| queue.push(gate(write(view), view)));
    queue.close();
    run_journal(open(&dir), &queue, &shared(), note(&out));
    assert_eq!(out.into_inner(), [1, 2, 3, 4, 5]);
    assert_eq!(open(&dir).record(), Some(&write(5).record));
}

#[test]
fn a_journal_that_refuses_lets_nothing_out_and_stops_the_node() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, out, shared) = (Gates::default(), RefCell::default(), shared());
    // A view that goes back: one bad write among those of one sync keeps all of them in.
    [3, 4, 2].into_iter().for_each(|view| queue.push(gate(write(view), view)));
    queue.close();
    run_journal(open(&dir), &queue, &shared, note(&out));
    assert!(out.into_inner().is_empty());
    assert!(shared.failure.is_told());
    assert_eq!(open(&dir).record(), None);
}

/// A store that does what it was told to do: the answers, last first.
#[derive(Default)]
struct Scripted {
    answers: Mutex<Vec<StoreError>>,
    committed: Mutex<Vec<ChangeSet>>,
}

impl Read for Scripted {
    fn get(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(None)
    }

    fn at_or_below(&self, _: Table, _: &[u8]) -> Result<Option<Pair>, ReadError> {
        Ok(None)
    }

    fn at_or_above(&self, _: Table, _: &[u8]) -> Result<Option<Pair>, ReadError> {
        Ok(None)
    }
}

impl Store for Scripted {
    fn commit(&self, change: &ChangeSet) -> Result<(), StoreError> {
        if let Some(fault) = self.answers.lock().unwrap().pop() {
            return Err(fault);
        }
        self.committed.lock().unwrap().push(change.clone());
        Ok(())
    }
}

fn change(number: u8) -> ChangeSet {
    let mut change = ChangeSet::new();
    change.put(Table::Blocks, &[number], vec![number]);
    change.put(Table::Meta, b"tip", vec![number]);
    change
}

#[test]
fn heights_that_wait_are_committed_together_and_the_latest_wins() {
    let (queue, out, store) = (Gates::default(), RefCell::default(), Scripted::default());
    (1..=40).for_each(|number| queue.push(gate(change(number), number.into())));
    queue.close();
    run_store(&store, &queue, &shared(), note(&out));
    assert_eq!(out.into_inner(), (1..=40).collect::<Vec<_>>());
    let committed = store.committed.into_inner().unwrap();
    assert_eq!(committed.len(), 2, "32 and 8");
    assert_eq!(committed[0].get(Table::Meta, b"tip"), Some(Some(&[32][..])));
    assert_eq!(committed[1].get(Table::Meta, b"tip"), Some(Some(&[40][..])));
    assert_eq!(committed[0].get(Table::Blocks, &[7]), Some(Some(&[7][..])));
}

#[test]
fn a_failed_commit_lets_nothing_out_and_stops_the_node() {
    let (queue, out, shared, store) = (Gates::default(), RefCell::default(), shared(), Scripted::default());
    let fault = StoreError::Io { deed: "flush", fault: "no".to_owned() };
    store.answers.lock().unwrap().push(fault);
    queue.push(gate(change(1), 1));
    queue.close();
    run_store(&store, &queue, &shared, note(&out));
    assert!(out.into_inner().is_empty());
    assert!(shared.failure.is_told());
}

#[test]
fn a_full_disk_is_waited_for() {
    let (queue, store) = (Arc::new(Gates::default()), Scripted::default());
    let counters: Arc<Counters> = Arc::default();
    let shared = Shared { counters: Arc::clone(&counters), failure: Failure::new() };
    store.answers.lock().unwrap().push(StoreError::Full { free_bytes: 1, needed_bytes: 2 });
    queue.push(gate(change(1), 1));
    let closer = Arc::clone(&queue);
    let was_full = RefCell::new(None);
    run_store(&store, &queue, &shared, |_| {
        *was_full.borrow_mut() = Some(counters.is_disk_full());
        closer.close();
    });
    assert_eq!(was_full.into_inner(), Some(false), "let out, and no longer full");
    assert_eq!(store.committed.into_inner().unwrap().len(), 1);
    assert!(!shared.failure.is_told());
}
