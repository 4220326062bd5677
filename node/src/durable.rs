//! The two threads that make writes durable and open the gates behind them.
//!
//! Each takes all that waits, makes it durable with one sync, and then lets out what follows in the order
//! given. So a sync serves many writes when the disk is slow, and the engine's thread never waits for a disk.
//! After a failure nothing follows, ever: the node stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use consensus::Gated;
use engine::{Command, JournalWrite};
use ledger::change::ChangeSet;
use store::port::{Store, StoreError};

use crate::failure::{Failure, FatalError};
use crate::journal::{Journal, Write};
use crate::queue::Queue;
use crate::telemetry::Counters;

/// How often a write is tried again while the disk is full.
const FULL_RETRY: Duration = Duration::from_secs(1);
/// Most change sets that go into one commit: what is merged is in memory twice.
const MERGED_MAX: usize = 32;

/// Gates that wait for their write.
pub(crate) type Gates<W> = Queue<Gated<W, Command>>;

/// What both threads need beside what they write to.
pub(crate) struct Shared {
    pub(crate) counters: Arc<Counters>,
    pub(crate) failure: Failure,
}

/// Writes the journal until its queue is closed; what follows goes to `perform`.
pub(crate) fn run_journal(
    mut journal: Journal,
    gates: &Gates<JournalWrite>,
    shared: &Shared,
    perform: impl Fn(Command),
) {
    while let Some(gates) = gates.take_all() {
        let begin = Instant::now();
        let written = journal.append(&gates.iter().map(|gate| of(gate.write())).collect::<Vec<_>>());
        if let Err(fault) = written {
            shared.failure.tell(FatalError::Journal(Arc::new(fault)));
            return;
        }
        shared.counters.journaled(begin.elapsed(), gates.len());
        let_out(gates, &perform);
    }
}

fn of(write: &JournalWrite) -> Write<'_> {
    Write { record: &write.record, body: write.body.as_deref(), settled: write.settled }
}

/// Commits to the store until its queue is closed; what follows goes to `perform`.
pub(crate) fn run_store(
    store: &dyn Store,
    queue: &Gates<ChangeSet>,
    shared: &Shared,
    perform: impl Fn(Command),
) {
    while let Some(mut gates) = queue.take_all() {
        while !gates.is_empty() {
            let rest = gates.split_off(gates.len().min(MERGED_MAX));
            let begin = Instant::now();
            if let Err(fault) = commit(store, queue, shared, &merged(&gates)) {
                shared.failure.tell(FatalError::Store(fault));
                return;
            }
            shared.counters.committed(begin.elapsed(), gates.len());
            let_out(std::mem::replace(&mut gates, rest), &perform);
        }
    }
}

/// The writes of consecutive heights as one: later ones win, so what is durable is as if each had been alone.
fn merged(gates: &[Gated<ChangeSet, Command>]) -> ChangeSet {
    let mut changes = ChangeSet::new();
    for gate in gates {
        changes.extend(gate.write().clone());
    }
    changes
}

/// Commits, and waits for room as long as only room is missing.
fn commit(
    store: &dyn Store,
    queue: &Gates<ChangeSet>,
    shared: &Shared,
    changes: &ChangeSet,
) -> Result<(), StoreError> {
    loop {
        match store.commit(changes) {
            Ok(()) => {
                shared.counters.disk_full(false);
                return Ok(());
            }
            Err(fault) if fault.is_permanent() || shared.failure.is_told() || queue.is_closed() => {
                return Err(fault);
            }
            Err(fault) => {
                tracing::error!(code = "disk_full", %fault, "the ledger waits for room on the disk");
                shared.counters.disk_full(true);
                std::thread::sleep(FULL_RETRY);
            }
        }
    }
}

/// Opens gates whose writes are durable.
fn let_out<W>(gates: Vec<Gated<W, Command>>, perform: &impl Fn(Command)) {
    for gate in gates {
        let Ok(commands) = gate.open(|_| Ok::<(), Infallible>(()));
        for command in commands {
            perform(command);
        }
    }
}

#[cfg(test)]
mod tests;
