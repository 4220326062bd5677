//! A member's disk: what is durable, what is on its way, and what is wrong with it.
//!
//! Journal and store are written in order, each write after a while. A power cut loses what is on its way, except that a
//! prefix of it may have reached the disk although nobody was told. A write that fails stops the member.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::Gated;
use engine::{Command, JournalWrite};
use ledger::LedgerReader;
use ledger::change::{ChangeSet, Table};
use ledger::read::Read as _;
use proto::block::CertifiedBlock;
use proto::counter::Height;
use proto::id::BlockId;
use proto::record::SafetyRecord;
use store::memory::Memory;
use store::port::Store as _;

use crate::crash::{Effect, JournalFile};
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
    /// Whether this disk stands in for one that was lost.
    pub lost: bool,
    /// The bodies of journaled blocks above the settled height, with their ids.
    pub blocks: Vec<(BlockId, CertifiedBlock)>,
    /// Journal writes on their way.
    pub journal: Pending<JournalWrite>,
    /// Store writes on their way.
    pub changes: Pending<ChangeSet>,
    /// What the store was at the last start; kept by a defect that goes back to it.
    pub earlier: Option<Memory>,
    /// Why the next write fails, if it does.
    pub failing: Option<Failing>,
    /// Where the journal really is, when a test brought a file: `record` and `blocks` are what was read from it.
    pub(crate) file: Option<Box<dyn JournalFile>>,
    /// Until when there is no room for a store write, in microseconds.
    pub(crate) full_until_us: u64,
    damage: Vec<Damage>,
}

/// Why a write failed; the shell stops the member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteFailed {
    /// The world wants it so.
    #[error("{}", .0.name())]
    Wanted(Fault),
    /// The journal's file says so.
    #[error("{0}")]
    File(String),
}

/// Why the next write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// An error of a sync strikes once, a full disk until there is room.
    pub fault: Fault,
    /// Whether the write that is said to have failed is there nevertheless.
    pub leaves_it: bool,
}

impl Disk {
    /// The oldest journal write becomes durable; what follows it is let out.
    ///
    /// # Errors
    /// `WriteFailed`; then nothing follows.
    pub fn write_journal(&mut self) -> Result<Vec<Command>, WriteFailed> {
        if let Some(Failing { fault, leaves_it }) = self.fails() {
            if leaves_it {
                drop(self.keep_journal());
            }
            return Err(WriteFailed::Wanted(fault));
        }
        self.keep_journal().map_err(WriteFailed::File)
    }

    fn keep_journal(&mut self) -> Result<Vec<Command>, String> {
        let Some(gate) = self.journal.pop_front() else { return Ok(Vec::new()) };
        let (record, blocks, file) = (&mut self.record, &mut self.blocks, &mut self.file);
        gate.open(|write| {
            if let Some(file) = file {
                file.append(&[write], None)?;
            }
            keep(record, blocks, write);
            Ok(())
        })
    }

    /// All journal writes on their way go to the file as one, while the disk does what `fault` stands for.
    pub(crate) fn write_journal_together(&mut self, fault: u32) -> Result<(), String> {
        let writes: Vec<_> = self.journal.iter().map(Gated::write).collect();
        match &mut self.file {
            Some(file) => file.append(&writes, Some(fault)),
            None => Ok(()),
        }
    }

    /// Lets out what follows the oldest journal write as if it had been written: what a broken shell would do.
    pub(crate) fn open_unwritten(&mut self) -> Vec<Command> {
        let gate = self.journal.pop_front();
        gate.and_then(|gate| gate.open(|_| Ok::<(), String>(())).ok()).unwrap_or_default()
    }

    /// What the oldest store write is; none when there is none.
    pub(crate) fn next_change(&self) -> Option<Effect> {
        let gate = self.changes.front()?;
        // A block brings its id, a certificate does not.
        let is_block = gate.write().iter().any(|(table, _, _)| table == Table::BlockHeights);
        Some(if is_block { Effect::Block } else { Effect::Certificate })
    }

    /// The oldest store write becomes durable; what follows it is let out.
    ///
    /// # Errors
    /// As `write_journal`.
    pub fn write_store(&mut self) -> Result<Vec<Command>, WriteFailed> {
        if let Some(Failing { fault, leaves_it }) = self.fails() {
            if leaves_it {
                drop(self.keep_changes());
            }
            return Err(WriteFailed::Wanted(fault));
        }
        Ok(self.keep_changes())
    }

    fn keep_changes(&mut self) -> Vec<Command> {
        let Some(gate) = self.changes.pop_front() else { return Vec::new() };
        let store = Arc::clone(&self.store);
        gate.open(|change| store.commit(change)).expect("the memory store has room")
    }

    fn fails(&mut self) -> Option<Failing> {
        let failing = self.failing;
        if failing.is_some_and(|it| it.fault == Fault::SyncError) {
            self.failing = None;
        }
        failing
    }

    /// Power is lost, and nobody was told how much of what was on its way is durable.
    pub fn crash(&mut self, cut: PowerCut, prng: &mut Prng) {
        let records = match cut {
            PowerCut::Partly => prng.below(self.journal.len() as u64 + 1),
            // Of a record that is there in part the journal's checksum notices it, and it is cut off.
            PowerCut::Nothing | PowerCut::Torn => 0,
        };
        for _ in 0..records {
            // A file of its own that refuses says so when it is read.
            let _ = self.keep_journal();
        }
        let changes = match cut {
            PowerCut::Partly | PowerCut::Torn => prng.below(self.changes.len() as u64 + 1),
            PowerCut::Nothing => 0,
        };
        for _ in 0..changes {
            drop(self.keep_changes());
        }
        self.end();
    }

    /// Power is lost: of what was on its way nothing is durable.
    pub(crate) fn end(&mut self) {
        self.journal.clear();
        self.changes.clear();
        self.full_until_us = 0;
        if let Some(file) = &mut self.file {
            file.end();
        }
    }

    /// Reads the journal's file, if there is one.
    pub(crate) fn reread(&mut self) -> Result<(), String> {
        if let Some(file) = &mut self.file {
            let begun = LedgerReader::new(Arc::clone(&self.store) as Arc<dyn ledger::read::Read>)
                .tip()
                .map_err(|fault| fault.to_string())?
                .is_some_and(|tip| tip.height > Height::ZERO);
            let (record, blocks) = file.recover(begun)?;
            self.record = record;
            self.blocks = blocks.into_iter().map(|it| (it.block.id(), it)).collect();
        }
        Ok(())
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
