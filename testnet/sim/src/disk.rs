//! A member's disk: what is durable, and what is on its way.
//!
//! Journal and store are written in order, each write after a while. A crash loses what is on its way, except that a
//! prefix of it may have reached the disk although nobody was told.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::Gated;
use engine::{Command, JournalWrite};
use ledger::LedgerReader;
use ledger::change::{ChangeSet, Table};
use proto::block::CertifiedBlock;
use proto::counter::Height;
use proto::record::SafetyRecord;
use store::memory::Memory;
use store::port::Store as _;

use crate::crash::{Effect, JournalFile};
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
    /// Whether this disk stands in for one that was lost.
    pub lost: bool,
    /// The bodies of journaled blocks above the settled height.
    pub blocks: Vec<CertifiedBlock>,
    /// Journal writes on their way.
    pub journal: Pending<JournalWrite>,
    /// Store writes on their way.
    pub changes: Pending<ChangeSet>,
    /// Where the journal really is, when a test brought a file: `record` and `blocks` are what was read from it.
    pub(crate) file: Option<Box<dyn JournalFile>>,
    /// Until when there is no room for a store write, in microseconds.
    pub(crate) full_until_us: u64,
}

impl Disk {
    /// The oldest journal write becomes durable; what follows it is let out.
    ///
    /// # Errors
    /// What the journal's file says; then nothing follows.
    pub fn write_journal(&mut self) -> Result<Vec<Command>, String> {
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
    pub fn write_store(&mut self) -> Vec<Command> {
        let Some(gate) = self.changes.pop_front() else { return Vec::new() };
        let store = Arc::clone(&self.store);
        gate.open(|change| store.commit(change)).expect("the memory store has room")
    }

    /// Power is lost: a prefix of what was on its way may be durable, the rest is gone, and nobody was told.
    pub fn crash(&mut self, prng: &mut Prng) {
        for _ in 0..prng.below(self.journal.len() as u64 + 1) {
            // A file of its own that refuses says so when it is read.
            let _ = self.write_journal();
        }
        for _ in 0..prng.below(self.changes.len() as u64 + 1) {
            drop(self.write_store());
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
            (self.record, self.blocks) = file.recover(begun)?;
        }
        Ok(())
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
