//! The workload: what is submitted, and whether all of it became final everywhere, with receipts that hold.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Outcome;
use ledger::notice::{Event, Notice};
use proto::counter::{LeafIndex, TreeSize};
use proto::id::SubmissionId;

use crate::cast::Wanted;
use crate::checkers::{Finding, Violation};
use crate::outcomes::Outcomes;
use crate::plan::ShellDefect;
use crate::world::World;

/// What a member made of the workload.
#[derive(Debug)]
pub struct Finals {
    /// Places of submissions in the workload.
    numbers: BTreeMap<SubmissionId, usize>,
    /// Committed and not final.
    open: BTreeMap<LeafIndex, usize>,
    /// Final.
    done: BTreeSet<usize>,
    /// Final, with a receipt that was checked in this life.
    receipted: BTreeSet<usize>,
}

impl Finals {
    /// Nothing is committed.
    pub fn new(submissions: &[Wanted]) -> Self {
        let numbers = submissions.iter().map(|wanted| wanted.0).zip(0..).collect();
        Self { numbers, open: BTreeMap::new(), done: BTreeSet::new(), receipted: BTreeSet::new() }
    }

    /// What is committed below this size.
    fn settle(&mut self, size: TreeSize) -> Vec<usize> {
        let open = self.open.split_off(&LeafIndex::new(size.get()));
        let settled: Vec<usize> = std::mem::replace(&mut self.open, open).into_values().collect();
        self.done.extend(&settled);
        settled
    }
}

impl World {
    /// A member tells its subscribers: where each submission stands, and that all below a size is final. Every receipt
    /// that it would now give is checked.
    pub(crate) fn published(&mut self, member: u16, notices: Vec<Notice>) -> Result<(), Violation> {
        if self.is_byzantine(member) {
            return Ok(());
        }
        for notice in notices {
            match notice.event {
                Event::Committed { outcomes, .. } => {
                    for (id, outcome) in outcomes {
                        self.decided(member, id, &outcome)?;
                    }
                }
                Event::Finalized { size, .. } => self.finalized(member, size)?,
            }
        }
        Ok(())
    }

    fn decided(&mut self, member: u16, id: SubmissionId, outcome: &Outcome) -> Result<(), Violation> {
        let index = match outcome {
            Outcome::Committed { index, .. } => *index,
            // A change of the validators may come too late; what the workload wants never does.
            Outcome::Rejected { .. } | Outcome::Expired { .. } => {
                return match self.finals[usize::from(member)].numbers.contains_key(&id) {
                    true => Err(Violation(format!("v{member}: submission {id} came to {outcome:?}"))),
                    false => Ok(()),
                };
            }
        };
        let found = self.checkers.placed(member, id, index);
        self.judge(member, found)?;
        let finals = &mut self.finals[usize::from(member)];
        if let Some(number) = finals.numbers.get(&id).copied() {
            finals.open.insert(index, number);
            self.witnessed(member, number);
        }
        Ok(())
    }

    fn finalized(&mut self, member: u16, size: TreeSize) -> Result<(), Violation> {
        let reader = self.reader(member);
        let checkpoint = reader.checkpoint_at(size).map_err(Finding::from);
        if let Some(checkpoint) = self.judge(member, checkpoint)? {
            // The seeded defect: who asks for a proof now gets it from another log. The engine itself would notice.
            let replaced = self.plan.defect == Some(ShellDefect::TileReplaced);
            if replaced {
                crate::defects::replace_tiles(&self.members[usize::from(member)].disk);
            }
            let found =
                self.checkers.certified(member, &checkpoint, &reader, &self.cast.genesis, &self.cast.notary);
            if replaced {
                crate::defects::replace_tiles(&self.members[usize::from(member)].disk);
            }
            self.judge(member, found)?;
        }
        for number in self.finals[usize::from(member)].settle(size) {
            self.check_receipt(member, number)?;
        }
        Ok(())
    }

    fn check_receipt(&mut self, member: u16, number: usize) -> Result<(), Violation> {
        let (reader, id) = (self.reader(member), self.submissions[number].0);
        let found = self.checkers.receipt(member, id, &reader, &self.cast.genesis, &self.cast.notary);
        self.judge(member, found)?;
        self.finals[usize::from(member)].receipted.insert(number);
        Ok(())
    }

    /// A member starts: what its store says is committed and final, it need not be told again.
    pub(crate) fn remember_finals(&mut self, member: u16) -> Result<(), Violation> {
        let fresh = Finals::new(&self.submissions);
        self.finals[usize::from(member)] = fresh;
        let found = self.read_finals(member);
        let (open, size) = self.judge(member, found)?;
        let finals = &mut self.finals[usize::from(member)];
        finals.open = open;
        finals.settle(size);
        Ok(())
    }

    fn read_finals(&self, member: u16) -> Result<(BTreeMap<LeafIndex, usize>, TreeSize), Finding> {
        let reader = self.reader(member);
        let size = reader.checkpoint_latest()?.map_or(TreeSize::ZERO, |latest| latest.head.size);
        let mut open = BTreeMap::new();
        for (number, wanted) in self.submissions.iter().enumerate() {
            if let Some(Outcome::Committed { index, .. }) = reader.by_id(&wanted.0)? {
                open.insert(index, number);
            }
        }
        Ok((open, size))
    }

    /// Whether every submission that must be final is so at every honest member, and all of these run.
    pub(crate) fn is_all_final(&self) -> bool {
        self.honest().all(|member| {
            self.members[usize::from(member)].engine.is_some() && self.lacking(member).is_none()
        })
    }

    fn lacking(&self, member: u16) -> Option<usize> {
        let done = &self.finals[usize::from(member)].done;
        (0..self.required()).find(|number| !done.contains(number))
    }

    pub(crate) fn finish(mut self) -> Result<Outcomes, Violation> {
        for member in self.honest() {
            if let Some(number) = self.lacking(member) {
                let status = self.members[usize::from(member)].engine.as_ref().map(engine::Engine::status);
                let id = self.submissions[number].0;
                let outcome = self.reader(member).by_id(&id);
                return Err(Violation(format!(
                    "v{member}: submission {id} is not final {} ms after the trouble ended but {outcome:?}: {status:?}",
                    self.plan.heal_ms
                )));
            }
        }
        // Nothing that anyone called final was lost by anyone, and what all keep is the same and whole. In every
        // fourth world one of them is read block by block.
        let searched = self.faults.below(4 * u64::from(self.plan.members)) as u16;
        for member in self.honest() {
            self.check_succession(member)?;
            self.check_rotation(member)?;
            self.check_sessions(member)?;
            let reader = self.reader(member);
            for number in 0..self.required() {
                if !self.finals[usize::from(member)].receipted.contains(&number) {
                    self.check_receipt(member, number)?;
                }
                let (id, found) = (self.submissions[number].0, reader.by_id(&self.submissions[number].0));
                let found = match found {
                    Ok(Some(Outcome::Committed { index, .. })) => self.checkers.placed(member, id, index),
                    Ok(lost) => Err(Violation(format!("v{member} lost {id}, it says {lost:?}")).into()),
                    Err(fault) => Err(fault.into()),
                };
                self.judge(member, found)?;
            }
            let found = self.checkers.stored(member, &reader, |_| None).map(|_| ());
            let found = found.and_then(|()| self.checkers.whole_chain(member, &reader));
            let found = found.and_then(|()| self.checkers.whole_log(member, &reader));
            let found = match member == searched {
                true => found.and_then(|()| self.checkers.each_block(member, &reader)),
                false => found,
            };
            self.judge(member, found)?;
        }
        // One log for all, as the roots say; so it is heard once.
        if let Some(member) = self.honest().next() {
            self.check_heard(member)?;
        }
        self.time_taken();
        self.outcomes.simulated_us = self.now_us;
        self.outcomes.height = self.checkers.height().get();
        self.outcomes.receipts = self.checkers.receipts;
        self.outcomes.certificates = self.checkers.certificates;
        self.outcomes.extensions = self.checkers.extensions;
        self.outcomes.trace = self.trace.to_string();
        Ok(self.outcomes)
    }
}
