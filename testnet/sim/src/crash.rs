//! Crash points: one member ends at one of its effects, in one way, and perhaps again soon after.
//!
//! The effects of a member are numbered from 0 in each of its lives: what it makes durable and what it lets out. A run
//! without strikes lists them; a run with a strike is the same up to it. So every point can be tried, each in a run
//! of its own. Source: `consensus/SPEC.md`, rules V7, T2, R1 to R5.

use std::collections::VecDeque;

use engine::JournalWrite;
use proto::block::CertifiedBlock;
use proto::record::SafetyRecord;

use crate::checkers::Violation;
use crate::plan::ShellDefect;
use crate::world::{Happening, World};

/// How long a write waits for room on a full disk, in microseconds.
const FULL_US: u64 = 1_000_000;

/// What a member does that others could notice, or that must outlive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A safety record is made durable.
    Journal,
    /// The writes of a block are made durable.
    Block,
    /// A certified checkpoint, or the first content of a store, is made durable.
    Certificate,
    /// Something is said, sent, answered or published.
    Command,
}

impl Effect {
    /// Whether it is a write.
    pub const fn is_durable(self) -> bool {
        match self {
            Self::Journal | Self::Block | Self::Certificate => true,
            Self::Command => false,
        }
    }
}

/// How a member ends at an effect, or what else goes wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// It did not happen, and no write that was on its way either.
    Before,
    /// The write is durable, and nobody was told.
    After,
    /// This write and all others on their way are durable, and nobody was told.
    AllDurable,
    /// It happened, and what follows a write was let out.
    Sent,
    /// What goes to several reached every second of them.
    Partly,
    /// The journal's disk did what its file knows by this number; everything on its way was one write.
    Fault(u32),
    /// The disk had no room: the write is tried again later, and nobody crashes.
    Full,
}

/// At which effect of a life, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// The effect's number in this life.
    pub effect: u64,
    /// How.
    pub mode: Mode,
}

/// Whom it strikes, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Whose effects are counted.
    pub member: u16,
    /// One a life: the first in the first life, the next in the life after it.
    pub strikes: Vec<Strike>,
    /// Who loses power at the same moment as the first strike, all their writes with it.
    pub with: Vec<u16>,
    /// How long they are down, in microseconds.
    pub down_us: u64,
}

/// The file of a member's safety journal, when a test brings a real one.
pub trait JournalFile {
    /// Makes writes durable with one sync, while the disk does what `fault` stands for.
    ///
    /// # Errors
    /// What the journal says; then nothing may follow.
    fn append(&mut self, writes: &[&JournalWrite], fault: Option<u32>) -> Result<(), String>;

    /// The process ended, and the power was lost unless the last fault was of another kind.
    fn end(&mut self);

    /// What a new process finds. `begun`: its store is beyond genesis, so there must be a journal.
    ///
    /// # Errors
    /// What the journal says: it is not safe to sign with it.
    fn recover(&mut self, begun: bool) -> Result<(Option<SafetyRecord>, Vec<CertifiedBlock>), String>;
}

/// Where in its plan a crash is.
#[derive(Debug)]
pub(crate) struct Crashing {
    member: u16,
    strikes: VecDeque<Strike>,
    with: Vec<u16>,
    down_us: u64,
    /// Effects so far in this life.
    count: u64,
}

impl World {
    /// Lets this crash happen. Without strikes the effects of its member are only listed.
    pub fn crash(&mut self, crash: Crash) {
        let Crash { member, strikes, with, down_us } = crash;
        self.crashing = Some(Crashing { member, strikes: strikes.into(), with, down_us, count: 0 });
    }

    /// Gives every member a journal file of this making.
    pub fn with_journal_files(&mut self, mut make: impl FnMut(u16) -> Box<dyn JournalFile>) {
        for (member, number) in self.members.iter_mut().zip(0..) {
            member.disk.file = Some(make(number));
        }
    }

    /// Counts an effect; what is to go wrong with it, if anything.
    pub(crate) fn effect(&mut self, member: u16, effect: Effect) -> Option<Mode> {
        let crashing = self.crashing.as_mut().filter(|it| it.member == member)?;
        let number = crashing.count;
        crashing.count += 1;
        if crashing.strikes.is_empty() && self.outcomes.struck == 0 {
            self.outcomes.effects.push(effect);
        }
        let strike = *crashing.strikes.front().filter(|strike| strike.effect == number)?;
        crashing.strikes.pop_front();
        self.outcomes.struck += 1;
        self.note(16, number, || {
            format!("v{member} is struck at its effect {number}, a {effect:?}: {:?}", strike.mode)
        });
        Some(strike.mode)
    }

    /// A write of the journal has come to the disk.
    pub(crate) fn journal_written(&mut self, member: u16) -> Result<(), Violation> {
        if self.members[usize::from(member)].disk.journal.is_empty() {
            return Ok(());
        }
        let Some(mode) = self.effect(member, Effect::Journal) else {
            let then = self.write_journal(member)?;
            return self.perform(member, then);
        };
        match mode {
            Mode::Before | Mode::Full | Mode::Partly => {}
            Mode::After => drop(self.write_journal(member)?),
            Mode::AllDurable => self.write_all(member)?,
            Mode::Sent => {
                let then = self.write_journal(member)?;
                self.perform(member, then)?;
            }
            Mode::Fault(fault) => {
                let disk = &mut self.members[usize::from(member)].disk;
                // An error ends the process, and what it does not notice ends with it.
                let written = disk.write_journal_together(fault);
                // The seeded defect: an error is not even looked at.
                if written.is_err() && self.plan.defect == Some(ShellDefect::FailedWriteIgnored) {
                    let then = self.members[usize::from(member)].disk.open_unwritten();
                    self.perform(member, then)?;
                }
            }
        }
        self.end(member);
        Ok(())
    }

    /// A write of the store has come to the disk.
    pub(crate) fn store_written(&mut self, member: u16, life: u64) -> Result<(), Violation> {
        let disk = &mut self.members[usize::from(member)].disk;
        let Some(effect) = disk.next_change() else { return Ok(()) };
        if disk.full_until_us > self.now_us {
            let at = disk.full_until_us;
            self.at(at, Happening::StoreWritten { member, life });
            return Ok(());
        }
        let Some(mode) = self.effect(member, effect) else {
            let then = self.write_store(member)?;
            return self.perform(member, then);
        };
        match mode {
            Mode::Before | Mode::Partly | Mode::Fault(_) => {}
            Mode::After => drop(self.write_store(member)?),
            Mode::AllDurable => self.write_all(member)?,
            Mode::Sent => {
                let then = self.write_store(member)?;
                self.perform(member, then)?;
            }
            Mode::Full => {
                let until = self.now_us + FULL_US;
                self.members[usize::from(member)].disk.full_until_us = until;
                self.at(until, Happening::StoreWritten { member, life });
                return Ok(());
            }
        }
        self.end(member);
        Ok(())
    }

    fn write_journal(&mut self, member: u16) -> Result<Vec<engine::Command>, Violation> {
        match self.members[usize::from(member)].disk.write_journal() {
            Ok(then) => Ok(then),
            Err(fault) => self.refused(member, fault).map(|()| Vec::new()),
        }
    }

    fn write_store(&mut self, member: u16) -> Result<Vec<engine::Command>, Violation> {
        match self.members[usize::from(member)].disk.write_store() {
            Ok(then) => {
                self.check_stored(member)?;
                Ok(then)
            }
            Err(fault) => self.refused(member, fault).map(|()| Vec::new()),
        }
    }

    fn write_all(&mut self, member: u16) -> Result<(), Violation> {
        while !self.members[usize::from(member)].disk.journal.is_empty() {
            drop(self.write_journal(member)?);
        }
        while self.members[usize::from(member)].disk.next_change().is_some() {
            drop(self.write_store(member)?);
        }
        Ok(())
    }

    /// The member ends here and now, and those with it; all come back.
    pub(crate) fn end(&mut self, member: u16) {
        let Some(crashing) = &mut self.crashing else { return };
        crashing.count = 0;
        let down_us = crashing.down_us;
        let with = std::mem::take(&mut crashing.with);
        for member in std::iter::once(member).chain(with) {
            self.note(17, u64::from(member), || format!("v{member} ends"));
            self.outcomes.crashes += 1;
            self.members[usize::from(member)].end();
            self.after(down_us + u64::from(member), Happening::Restart { member });
        }
        if self.now_us >= self.plan.trouble_ms * 1_000 {
            self.submit_again(down_us + 1_000_000);
        }
    }
}
