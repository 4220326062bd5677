//! When trouble comes and goes: what the plan says is put into the queue before the run begins, and done when its time has
//! come.

use std::collections::BTreeMap;

use crate::checkers::Violation;
use crate::disk::{Failing, PowerCut};
use crate::fault::Fault;
use crate::plan::{Plan, Trouble};
use crate::speaking::VOICES_MAX;
use crate::world::{Happening, World};

/// Most rounds of one crash loop.
const STUMBLES_MAX: u64 = 20;
/// Longest queue of a slow member, in microseconds of its time: what comes later is served then, as if it had been read
/// late from its connection.
const BACKLOG_US_MAX: u64 = 2_000_000;

/// What befalls members while it lasts.
#[derive(Debug)]
pub struct Befallen {
    /// Whom each trouble befell: who led then may not lead at its end.
    whom: BTreeMap<usize, Vec<u16>>,
    /// Troubles that last and are asked for at every turn.
    lasting: BTreeMap<usize, Trouble>,
    /// Whose power goes with its next write.
    armed: BTreeMap<u16, Fault>,
    paused_until_us: Vec<u64>,
    busy_until_us: Vec<u64>,
}

impl Befallen {
    /// Nothing, yet.
    pub fn new(members: u16) -> Self {
        let zeros = vec![0; usize::from(members)];
        Self {
            whom: BTreeMap::new(),
            lasting: BTreeMap::new(),
            armed: BTreeMap::new(),
            paused_until_us: zeros.clone(),
            busy_until_us: zeros,
        }
    }

    /// Until when a member stands still.
    pub fn pause_us(&self, member: u16, now_us: u64) -> Option<u64> {
        let until = self.paused_until_us[usize::from(member)];
        (until > now_us).then_some(until)
    }

    /// How much of a class befalls a member now.
    pub fn amount(&self, fault: Fault, member: u16) -> Option<u64> {
        let mine =
            |(number, _): &(&usize, &Trouble)| self.whom.get(number).is_some_and(|it| it.contains(&member));
        let mut found = self.lasting.iter().filter(|(_, trouble)| trouble.fault == fault).filter(mine);
        found.next().map(|(_, trouble)| trouble.count())
    }
}

impl World {
    pub(crate) fn schedule(&mut self) {
        let Plan { trouble_ms, submissions, members, .. } = self.plan;
        let trouble_us = trouble_ms * 1_000;
        // The start has a price of its own: each shows each where it stands.
        let begin_us = if self.measures { 2_000_000 } else { 1_000_000 };
        for index in 0..submissions as usize {
            // Some are sent to several members at once: they must still stand at one index.
            let copies = if !self.measures && self.faults.chance(200) { members } else { 1 };
            let at = begin_us + self.faults.below(trouble_us);
            let first = self.faults.below(u64::from(members)) as u16;
            for copy in 0..copies {
                self.at(at, Happening::Submit { to: (first + copy) % members, submission: index });
            }
        }
        for (at_ms, turnover) in self.plan.turnover.clone() {
            self.at(at_ms * 1_000, Happening::Turnover(turnover));
        }
        let wiped = self.faults.below(u64::from(members)) as u16;
        for _ in 0..self.plan.wipes {
            let at = self.faults.between(1_000_000, trouble_us);
            let down = self.faults.below(3_000_000);
            self.at(at, Happening::Wipe { member: wiped });
            self.at((at + down).min(trouble_us), Happening::Restart { member: wiped });
        }
        for _ in 0..self.plan.changes {
            let at = 1_000_000 + self.faults.below(trouble_us);
            self.at(at.min(trouble_us), Happening::Change);
        }
        // At most as many as the identity has keys: the others would find none.
        let rotations = self.plan.rotations.min(self.cast.rotating_keys() as u64);
        for number in 1..=rotations {
            let distance = trouble_us.saturating_sub(1_000_000) / (rotations + 1);
            self.at(1_000_000 + distance * number, Happening::Rotate);
        }
        for number in 0..self.plan.sessions {
            let distance = trouble_us.saturating_sub(1_000_000) / (self.plan.sessions + 1);
            self.at(1_000_000 + distance * (number + 1), Happening::Measure(number));
        }
        let voices = self.plan.voices.min(VOICES_MAX);
        for time in 0..voices {
            let distance = trouble_us.saturating_sub(1_000_000) / (voices + 1);
            self.at(1_000_000 + distance * (time + 1), Happening::Speak(time));
        }
        let times: Vec<_> = self.plan.troubles.iter().map(|it| (it.at_ms, it.end_ms())).collect();
        for (trouble, (begin_ms, end_ms)) in times.into_iter().enumerate() {
            self.at(begin_ms.min(trouble_ms) * 1_000, Happening::Begin { trouble });
            self.at(end_ms.min(trouble_ms) * 1_000, Happening::End { trouble });
        }
        self.at(trouble_us, Happening::Heal);
    }

    pub(crate) fn begin_trouble(&mut self, number: usize) {
        let trouble = self.plan.troubles[number].clone();
        let Trouble { fault, amount, .. } = trouble;
        let whom = match trouble.members.is_empty() {
            true => self.leader().into_iter().collect(),
            false => trouble.members.clone(),
        };
        let line = format!("{} begins, {:?}", fault.name(), trouble.members);
        self.note(12, number as u64, || line.clone());
        self.befallen.whom.insert(number, whom.clone());
        match fault {
            Fault::Loss | Fault::Delay | Fault::Reorder | Fault::Duplicate => {
                self.network.begin(number, trouble)
            }
            Fault::OneWayPartition | Fault::Partition | Fault::FlappingLink => {
                self.network.begin(number, Trouble { members: whom, ..trouble });
            }
            Fault::SlowNode | Fault::SlowDisk | Fault::MixedVersion => {
                self.befallen.lasting.insert(number, trouble);
            }
            Fault::Pause => {
                let until_us = trouble.end_ms().min(self.plan.trouble_ms) * 1_000;
                for member in whom {
                    let paused = &mut self.befallen.paused_until_us[usize::from(member)];
                    *paused = until_us.max(*paused);
                    self.outcomes.strikes.strike(fault);
                }
            }
            Fault::Crash => {
                for member in whom {
                    self.power_off(member, fault, PowerCut::Partly);
                }
            }
            // At the next write: at most times there is none on its way.
            Fault::LostWrite | Fault::TornWrite => {
                self.befallen.armed.extend(whom.into_iter().map(|member| (member, fault)));
            }
            Fault::CrashLoop => {
                let round_us = trouble.count().max(1) * 1_000;
                let rounds = (trouble.for_ms * 1_000 / round_us).clamp(1, STUMBLES_MAX);
                for round in 0..rounds {
                    self.after(round_us * round, Happening::Stumble { trouble: number });
                }
            }
            Fault::ClockJump => {
                for member in whom {
                    self.members[usize::from(member)].clock.jump_ms += amount;
                    self.outcomes.strikes.strike(fault);
                }
            }
            Fault::ClockDrift => {
                for member in whom {
                    self.members[usize::from(member)].clock.drift = Some((self.now_us, amount));
                    self.outcomes.strikes.strike(fault);
                }
            }
            Fault::FlippedRead => {
                for member in whom {
                    if self.members[usize::from(member)].disk.spoil(trouble.count(), &mut self.disks) {
                        self.outcomes.strikes.strike(fault);
                    }
                }
            }
            Fault::SyncError | Fault::DiskFull => {
                for member in whom {
                    let leaves_it = fault == Fault::SyncError && self.disks.chance(500);
                    self.members[usize::from(member)].disk.failing = Some(Failing { fault, leaves_it });
                }
            }
            // The plan's check refuses them here: they are roles.
            Fault::LeaderEquivocation | Fault::DoubleVote | Fault::Amnesia | Fault::ByzantineSync => {}
        }
    }

    pub(crate) fn end_trouble(&mut self, number: usize) -> Result<(), Violation> {
        let Some(whom) = self.befallen.whom.remove(&number) else { return Ok(()) };
        let Trouble { fault, amount, .. } = self.plan.troubles[number];
        self.note(13, number as u64, || format!("{} ends", fault.name()));
        self.network.end(number);
        self.befallen.lasting.remove(&number);
        for member in whom {
            let it = &mut self.members[usize::from(member)];
            match fault {
                Fault::ClockJump => it.clock.jump_ms -= amount,
                Fault::ClockDrift => it.clock.drift = None,
                Fault::FlippedRead => it.disk.repair(),
                Fault::SyncError | Fault::DiskFull => it.disk.failing = None,
                Fault::LostWrite | Fault::TornWrite => drop(self.befallen.armed.remove(&member)),
                Fault::SlowNode => self.befallen.busy_until_us[usize::from(member)] = 0,
                Fault::Loss
                | Fault::Delay
                | Fault::Reorder
                | Fault::Duplicate
                | Fault::OneWayPartition
                | Fault::Partition
                | Fault::FlappingLink
                | Fault::Pause
                | Fault::Crash
                | Fault::CrashLoop
                | Fault::SlowDisk
                | Fault::LeaderEquivocation
                | Fault::DoubleVote
                | Fault::Amnesia
                | Fault::ByzantineSync
                | Fault::MixedVersion => {}
            }
            self.restart(member)?;
        }
        Ok(())
    }

    /// All that lasts is over, and everybody runs.
    pub(crate) fn end_all(&mut self) -> Result<(), Violation> {
        let open: Vec<usize> = self.befallen.whom.keys().copied().collect();
        for number in open {
            self.end_trouble(number)?;
        }
        self.network.heal();
        for member in self.everyone() {
            self.restart(member)?;
        }
        Ok(())
    }

    pub(crate) fn power_off(&mut self, member: u16, fault: Fault, cut: PowerCut) {
        let it = &mut self.members[usize::from(member)];
        if it.engine.is_none() {
            return;
        }
        it.stop();
        it.disk.crash(cut, &mut self.disks);
        self.outcomes.strikes.strike(fault);
        self.outcomes.crashes += 1;
        self.note(14, u64::from(member), || format!("v{member} crashes"));
    }

    /// A journal write takes this long: if power is to go with the next one, it goes in the middle.
    pub(crate) fn write_begins(&mut self, member: u16, us: u64) {
        if let Some(fault) = self.befallen.armed.remove(&member) {
            let life = self.members[usize::from(member)].life;
            self.after(us / 2, Happening::PowerCut { member, life, fault });
        }
    }

    pub(crate) fn cut_power(&mut self, member: u16, fault: Fault) {
        let cut = if fault == Fault::TornWrite { PowerCut::Torn } else { PowerCut::Nothing };
        self.power_off(member, fault, cut);
        // Who armed it may have ended before: then nobody else would start the member again.
        self.after(200_000, Happening::Restart { member });
    }

    /// One round of a crash loop: down, and up again in the middle of the round.
    pub(crate) fn stumble(&mut self, number: usize) {
        let Some(whom) = self.befallen.whom.get(&number).cloned() else { return };
        let half_us = self.plan.troubles[number].count().max(1) * 500;
        for member in whom {
            self.power_off(member, Fault::CrashLoop, PowerCut::Partly);
            self.after(half_us, Happening::Restart { member });
        }
    }

    /// Lets something come in at a member, after `us` and after all that a slow one has yet to do.
    pub(crate) fn arrive(&mut self, member: u16, us: u64, happening: Happening) {
        let Some(most_ms) = self.befallen.amount(Fault::SlowNode, member) else {
            return self.after(us, happening);
        };
        let service_us = self.faults.below(most_ms * 1_000 + 1);
        let latest_us = self.now_us + BACKLOG_US_MAX;
        let busy = &mut self.befallen.busy_until_us[usize::from(member)];
        *busy = ((self.now_us + us).max(*busy) + service_us).min(latest_us);
        let at_us = *busy;
        self.outcomes.strikes.strike(Fault::SlowNode);
        self.at(at_us, happening);
    }

    /// How long a write takes, in microseconds.
    pub(crate) fn write_us(&mut self, member: u16) -> u64 {
        let us = self.disks.between(self.plan.write_us.0, self.plan.write_us.1);
        match self.befallen.amount(Fault::SlowDisk, member) {
            None => us,
            Some(most_ms) => {
                self.outcomes.strikes.strike(Fault::SlowDisk);
                us + self.disks.below(most_ms * 1_000 + 1)
            }
        }
    }
}
