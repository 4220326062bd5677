//! The index: by which leaves a key is found, as something that every block states the digest of.
//!
//! A log-structured sorted Merkle index. Each block with records adds a run of its own; runs are merged on a schedule,
//! a part with each block, so that a submission costs the same however long the log is and no block waits. What follows
//! from the log's leaves alone is the same on every node; a node that replays builds the same index by the same code.
//! Source: `STATE.md`, rules Z1 to Z7; why so: `adr/002-the-index-is-made-of-runs.md`.

use std::collections::BTreeMap;

use crypto::Digest;
use proto::counter::LeafIndex;
use proto::lookup::{Directory, Record, Run};

use crate::change::{ChangeSet, Table};
use crate::codec::{CodecError, Reader, Writer};
use crate::lookup::merge::{advance, inputs, remove};
use crate::lookup::run::{Growing, PAGE_RECORDS, Pages, RunId, Stored};
use crate::lookup::schedule::{live, merging, removing};
use crate::overlay::Overlay;
use crate::read::{Read, ReadError};

mod merge;
mod run;
mod schedule;
pub mod search;

const INDEX: &[u8] = b"lookup";

/// The index as it stands after the last block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    stage: Stage,
}

/// Rule Z4: when blocks begin to state it.
#[derive(Clone, Debug, Default)]
enum Stage {
    /// The log was begun by a program that knew no index: its blocks state none until the next epoch.
    #[default]
    Absent,
    /// The next block that orders something states it.
    Due,
    /// Blocks state it.
    Begun(Begun),
}

#[derive(Clone, Debug)]
struct Begun {
    /// The first leaf it covers.
    from: LeafIndex,
    /// Blocks that had records.
    arrivals: u64,
    /// The live runs.
    runs: BTreeMap<RunId, Run>,
}

/// A block's place, and what it adds.
pub(crate) struct Addition<'a> {
    /// Its first leaf.
    pub first: LeafIndex,
    /// Its own leaf.
    pub own: LeafIndex,
    /// The records of the leaves between, in any order.
    pub records: &'a [Record],
}

impl Index {
    /// The index of a store, which holds none if it was written by a program that knew none.
    pub(crate) fn load(base: &dyn Read) -> Result<Self, ReadError> {
        let mut index = Self::load_stage(base)?;
        if let Stage::Begun(begun) = &mut index.stage {
            let missing =
                |id: RunId| ReadError::damaged(Table::LookupRuns, &id.key(), "a live run is missing");
            begun.runs = live_runs(begun.arrivals, base, missing)?;
        }
        Ok(index)
    }

    /// As [`Index::load`], without the runs.
    fn load_stage(base: &dyn Read) -> Result<Self, ReadError> {
        let Some(bytes) = base.get(Table::Meta, INDEX)? else { return Ok(Self::default()) };
        let read = |from: &mut Reader<'_>| match from.u8()? {
            0 => Ok(Stage::Absent),
            1 => Ok(Stage::Due),
            2 => {
                let (from, arrivals) = (LeafIndex::new(from.u64()?), from.u64()?);
                Ok(Stage::Begun(Begun { from, arrivals, runs: BTreeMap::new() }))
            }
            found => Err(CodecError::Meaning { field: "stage", found: u64::from(found) }),
        };
        let stage = Reader::whole(&bytes, read).map_err(|fault| fault.stored_at(Table::Meta, INDEX))?;
        Ok(Self { stage })
    }

    /// Lets the next block that orders something state the index, if none does yet. Rule Z4.
    pub(crate) fn due(&mut self, change: &mut ChangeSet) {
        match self.stage {
            Stage::Absent => {
                self.stage = Stage::Due;
                self.put(change);
            }
            Stage::Due | Stage::Begun(_) => {}
        }
    }

    /// Whether the next block states the index.
    pub(crate) fn is_stated(&self) -> bool {
        match self.stage {
            Stage::Absent => false,
            Stage::Due | Stage::Begun(_) => true,
        }
    }

    /// Takes note of a block that states no index; false if it should have. Rule Z4.
    pub(crate) fn not_stated(&mut self, change: &mut ChangeSet) -> bool {
        match self.stage {
            Stage::Absent => true,
            Stage::Due => {
                self.stage = Stage::Absent;
                self.put(change);
                true
            }
            Stage::Begun(_) => false,
        }
    }

    /// Adds what a block accepted, does the part of the work that falls to it, and gives what the block states. Begins the
    /// index if this is the first block that does.
    ///
    /// # Errors
    /// `ReadError`. The index is then of no use.
    pub(crate) fn add(
        &mut self,
        addition: &Addition<'_>,
        below: &Overlay,
        change: &mut ChangeSet,
    ) -> Result<Digest, ReadError> {
        let Addition { first, own, records } = *addition;
        let mut begun = match std::mem::take(&mut self.stage) {
            Stage::Begun(begun) => begun,
            Stage::Absent | Stage::Due => Begun { from: first, arrivals: 0, runs: BTreeMap::new() },
        };
        if !records.is_empty() {
            begun.arrive(own, records, &mut Pages { below, change })?;
            change.put(Table::LookupMarks, &own.get().to_be_bytes(), begun.arrivals.to_be_bytes().to_vec());
        }
        let stated = directory(begun.from, &begun.runs).digest();
        self.stage = Stage::Begun(begun);
        self.put(change);
        Ok(stated)
    }

    fn put(&self, change: &mut ChangeSet) {
        let mut to = Writer::new();
        match &self.stage {
            Stage::Absent => to.u8(0),
            Stage::Due => to.u8(1),
            Stage::Begun(Begun { from, arrivals, runs: _ }) => to.u8(2).u64(from.get()).u64(*arrivals),
        };
        change.put(Table::Meta, INDEX, to.finish());
    }
}

impl Begun {
    /// Rules Z5 and Z6: the block's run, and a part of the work on each level.
    fn arrive(&mut self, end: LeafIndex, records: &[Record], pages: &mut Pages<'_>) -> Result<(), ReadError> {
        let id = RunId { level: 0, number: self.arrivals };
        self.arrivals += 1;
        self.runs.insert(id, level_zero(id, end, records, pages.change));
        for level in 0.. {
            let Some((number, part)) = merging(level, self.arrivals) else { break };
            let output = RunId { level: level + 1, number };
            let merged = inputs(output).filter_map(|id| Some((id, *self.runs.get(&id)?)));
            let merged: Vec<_> = merged.collect();
            if let Some(run) = advance(output, &merged, part, pages)? {
                self.runs.insert(output, run);
                merged.iter().for_each(|(id, _)| {
                    self.runs.remove(id);
                });
            }
            if let Some((number, part)) = removing(level, self.arrivals) {
                remove(RunId { level, number }, part, pages)?;
            }
        }
        Ok(())
    }
}

/// The run of one block.
fn level_zero(id: RunId, end: LeafIndex, records: &[Record], change: &mut ChangeSet) -> Run {
    let mut sorted: Vec<_> = records.iter().map(|record| record.to_bytes()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut growing = Growing::default();
    for page in sorted.chunks(PAGE_RECORDS as usize) {
        growing.page(id, page.concat(), change);
    }
    growing.finish(id, end, change)
}

/// The runs that are live after so many arrivals, as they are stored; `missing` says what it means that one is not.
fn live_runs<E: From<ReadError>>(
    arrivals: u64,
    base: &dyn Read,
    missing: impl Fn(RunId) -> E,
) -> Result<BTreeMap<RunId, Run>, E> {
    let mut runs = BTreeMap::new();
    for level in 0.. {
        let live = live(level, arrivals);
        if live.is_empty() {
            break;
        }
        for id in live.map(|number| RunId { level, number }) {
            let bytes = base.get(Table::LookupRuns, &id.key())?.ok_or_else(|| missing(id))?;
            match Stored::decode(id, &bytes)? {
                Stored::Complete(run) => runs.insert(id, run),
                Stored::Growing(_) => return Err(missing(id)),
            };
        }
    }
    Ok(runs)
}

/// Rule Z3: the runs oldest first. Those of a higher level are older, and of one level those of a lower number.
fn directory(from: LeafIndex, runs: &BTreeMap<RunId, Run>) -> Directory {
    let mut in_order: Vec<_> = runs.values().copied().collect();
    in_order.sort_by_key(|run| run.end);
    Directory { from, runs: in_order }
}

#[cfg(test)]
mod tests;
