//! A member's disk: what is durable, what is on its way, and what is wrong with it.
//!
//! Journal and store are written in order, each write after a while. A power cut loses what is on its way, except that a
//! prefix of it may have reached the disk although nobody was told. A write that fails stops the member.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::Gated;
use engine::{Command, JournalWrite};
use ledger::change::{ChangeSet, Table};
use ledger::read::Read as _;
use proto::block::CertifiedBlock;
use proto::counter::Height;
use proto::id::BlockId;
use proto::record::SafetyRecord;
use store::memory::Memory;
use store::port::Store as _;

use crate::fault::Fault;
use crate::prng::Prng;

/// A write on its way, and what follows it.
pub type Pending<W> = VecDeque<Gated<W, Command>>;

/// What becomes of what is on its way when power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerCut {
    /// A part of it may have arrived.
    Partly,
    /// Nothing of it arrived.
    Nothing,
    /// The first record of the journal arrived in part, and none after it; the store has a part of its own.
    Torn,
}

/// A stored value that is damaged, and what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Damage {
    table: Table,
    key: Vec<u8>,
    before: Vec<u8>,
}

/// One member's disk; empty at first.
#[derive(Default)]
pub struct Disk {
    /// What the store holds.
    pub store: Arc<Memory>,
    /// The last durable safety record.
    pub record: Option<SafetyRecord>,
    /// The bodies of journaled blocks above the settled height, with their ids.
    pub blocks: Vec<(BlockId, CertifiedBlock)>,
    /// Journal writes on their way.
    pub journal: Pending<JournalWrite>,
    /// Store writes on their way.
    pub changes: Pending<ChangeSet>,
    /// What the store was at the last start; kept by a defect that goes back to it.
    pub earlier: Option<Memory>,
    /// Why the next write fails, if it does.
    pub failing: Option<Fault>,
    damage: Vec<Damage>,
}

/// A write failed; the shell stops the member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteFailed(pub Fault);

impl Disk {
    /// The oldest journal write becomes durable; what follows it is let out.
    ///
    /// # Errors
    /// `WriteFailed` when the disk fails; an error of a sync may leave the write behind, a full disk does not.
    pub fn write_journal(&mut self, prng: &mut Prng) -> Result<Vec<Command>, WriteFailed> {
        if let Some(fault) = self.fails() {
            if fault == Fault::SyncError && prng.chance(500) {
                drop(self.keep_journal());
            }
            return Err(WriteFailed(fault));
        }
        Ok(self.keep_journal())
    }

    fn keep_journal(&mut self) -> Vec<Command> {
        let Some(gate) = self.journal.pop_front() else { return Vec::new() };
        let (record, blocks) = (&mut self.record, &mut self.blocks);
        gate.open(|write| {
            keep(record, blocks, write);
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap_or_default()
    }

    /// The oldest store write becomes durable; what follows it is let out.
    ///
    /// # Errors
    /// As `write_journal`.
    pub fn write_store(&mut self, prng: &mut Prng) -> Result<Vec<Command>, WriteFailed> {
        if let Some(fault) = self.fails() {
            if fault == Fault::SyncError && prng.chance(500) {
                drop(self.keep_changes());
            }
            return Err(WriteFailed(fault));
        }
        Ok(self.keep_changes())
    }

    fn keep_changes(&mut self) -> Vec<Command> {
        let Some(gate) = self.changes.pop_front() else { return Vec::new() };
        let store = Arc::clone(&self.store);
        gate.open(|change| store.commit(change)).expect("the memory store has room")
    }

    /// What fails the next write; an error of a sync strikes once, a full disk until there is room.
    fn fails(&mut self) -> Option<Fault> {
        let fault = self.failing;
        if fault == Some(Fault::SyncError) {
            self.failing = None;
        }
        fault
    }

    /// Power is lost, and nobody was told how much of what was on its way is durable.
    pub fn crash(&mut self, cut: PowerCut, prng: &mut Prng) {
        let records = match cut {
            PowerCut::Partly => prng.below(self.journal.len() as u64 + 1),
            // Of a record that is there in part the journal's checksum notices it, and it is cut off.
            PowerCut::Nothing | PowerCut::Torn => 0,
        };
        for _ in 0..records {
            drop(self.keep_journal());
        }
        let changes = match cut {
            PowerCut::Partly | PowerCut::Torn => prng.below(self.changes.len() as u64 + 1),
            PowerCut::Nothing => 0,
        };
        for _ in 0..changes {
            drop(self.keep_changes());
        }
        self.journal.clear();
        self.changes.clear();
    }

    /// Spoils a stored value: one of its bits, or all of it by another key's. False: the store is empty.
    pub fn spoil(&mut self, choice: u64, prng: &mut Prng) -> bool {
        let keys = self.store.stored_keys();
        let Some((table, key)) = keys.get(prng.below(keys.len() as u64) as usize).cloned() else {
            return false;
        };
        let Ok(Some(before)) = self.store.get(table, &key) else { return false };
        let spoiled = match keys.get(prng.below(keys.len() as u64) as usize) {
            Some((other, at)) if choice.is_multiple_of(2) && (*other, at) != (table, &key) => {
                self.store.misdirect(table, &key, (*other, at))
            }
            Some(_) | None => self.store.rot(table, &key, choice as usize),
        };
        self.damage.push(Damage { table, key, before });
        spoiled
    }

    /// Whether a value is damaged that nobody wrote over.
    pub fn is_damaged(&self) -> bool {
        !self.damage.is_empty()
    }

    /// Puts right what is damaged, unless it was written anew.
    pub fn repair(&mut self) {
        for Damage { table, key, before } in self.damage.drain(..) {
            if self.store.get(table, &key).is_err() {
                let mut change = ChangeSet::new();
                change.put(table, &key, before);
                self.store.commit(&change).expect("the memory store has room");
            }
        }
    }
}

fn keep(
    record: &mut Option<SafetyRecord>,
    blocks: &mut Vec<(BlockId, CertifiedBlock)>,
    write: &JournalWrite,
) {
    let JournalWrite { record: newer, body, settled } = write;
    *record = Some(newer.clone());
    if let Some(body) = body {
        blocks.push((body.block.id(), CertifiedBlock::clone(body)));
    }
    let settled: Height = *settled;
    blocks.retain(|(_, it)| it.block.height > settled);
}
