//! A member's disk: what is durable, and what is on its way.
//!
//! Journal and store are written in order, each write after a while. A crash loses what is on its way, except that a
//! prefix of it may have reached the disk although nobody was told.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::Gated;
use engine::{Command, JournalWrite};
use ledger::change::ChangeSet;
use proto::block::CertifiedBlock;
use proto::counter::Height;
use proto::record::SafetyRecord;
use store::memory::Memory;
use store::port::Store as _;

use crate::prng::Prng;

/// A write on its way, and what follows it.
pub type Pending<W> = VecDeque<Gated<W, Command>>;

/// One member's disk; empty at first.
#[derive(Default)]
pub struct Disk {
    /// What the store holds.
    pub store: Arc<Memory>,
    /// The last durable safety record.
    pub record: Option<SafetyRecord>,
    /// The bodies of journaled blocks above the settled height.
    pub blocks: Vec<CertifiedBlock>,
    /// Journal writes on their way.
    pub journal: Pending<JournalWrite>,
    /// Store writes on their way.
    pub changes: Pending<ChangeSet>,
}

impl Disk {
    /// The oldest journal write becomes durable; what follows it is let out.
    pub fn write_journal(&mut self) -> Vec<Command> {
        let Some(gate) = self.journal.pop_front() else { return Vec::new() };
        let (record, blocks) = (&mut self.record, &mut self.blocks);
        gate.open(|write| {
            keep(record, blocks, write);
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap_or_default()
    }

    /// The oldest store write becomes durable; what follows it is let out.
    pub fn write_store(&mut self) -> Vec<Command> {
        let Some(gate) = self.changes.pop_front() else { return Vec::new() };
        let store = Arc::clone(&self.store);
        gate.open(|change| store.commit(change)).expect("the memory store has room")
    }

    /// Power is lost: a prefix of what was on its way may be durable, the rest is gone, and nobody was told.
    pub fn crash(&mut self, prng: &mut Prng) {
        for _ in 0..prng.below(self.journal.len() as u64 + 1) {
            drop(self.write_journal());
        }
        for _ in 0..prng.below(self.changes.len() as u64 + 1) {
            drop(self.write_store());
        }
        self.journal.clear();
        self.changes.clear();
    }
}

fn keep(record: &mut Option<SafetyRecord>, blocks: &mut Vec<CertifiedBlock>, write: &JournalWrite) {
    let JournalWrite { record: newer, body, settled } = write;
    *record = Some(newer.clone());
    if let Some(body) = body {
        blocks.push(CertifiedBlock::clone(body));
    }
    let settled: Height = *settled;
    blocks.retain(|it| it.block.height > settled);
}
