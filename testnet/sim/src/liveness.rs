//! What must happen after all: that work goes on once the trouble is over, and how soon.
//!
//! A world has phases. When the trouble ends, something new is submitted, and a block must follow within two of the longest
//! views. When all is final everywhere, the leader of the moment is crashed under load, and what is submitted then must be
//! committed within three views.

use engine::Engine;
use proto::counter::Height;

use crate::checkers::Violation;
use crate::disk::PowerCut;
use crate::fault::Fault;
use crate::world::{Happening, World};

/// Most blocks that stay uncommitted when nothing is left to order: they order nothing.
const EMPTY_BLOCKS_MAX: u64 = 3;

/// Where a world stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Things go wrong.
    #[default]
    Trouble,
    /// Everything works, and what was left undone is done.
    Healed,
    /// All is final; there is load, and a leader will crash.
    Busy,
    /// A leader crashed.
    LeaderDown,
    /// Nothing is left to see.
    Over,
}

/// What was asked of the world after its trouble, and when.
#[derive(Debug, Default)]
pub struct Liveness {
    phase: Phase,
    healed_us: u64,
    /// The highest block anywhere when all was healed.
    healed_at: Height,
    to_commit_us: Option<u64>,
    to_final_us: Option<u64>,
    crashed_us: u64,
    /// Who took what was submitted when the leader crashed.
    taker: u16,
    crash_to_commit_us: Option<u64>,
}

impl Liveness {
    /// Submissions beyond those of the plan: one when all is healed, some for load, one when a leader crashed.
    pub const PROBES: u64 = 12;
    /// Those before the load.
    const HEALED: u64 = 1;
    /// Most views, in units of the longest that one may last, from the end of trouble to the next block.
    const HEALED_VIEWS_MAX: u64 = 2;
    /// Most views, in units of the shortest, from a leader's crash to the next commit.
    const CRASHED_VIEWS_MAX: u64 = 3;

    /// Where the world stands.
    pub const fn phase(&self) -> Phase {
        self.phase
    }
}

impl World {
    /// Submissions that must be final everywhere in the end.
    pub(crate) fn required(&self) -> usize {
        (self.plan.submissions + Liveness::HEALED) as usize
    }

    fn probe(&self) -> usize {
        self.submissions.len() - 1
    }

    pub(crate) fn heal(&mut self) -> Result<(), Violation> {
        self.note(10, 0, || "heal".to_owned());
        self.end_all()?;
        self.liveness.phase = Phase::Healed;
        self.liveness.healed_us = self.now_us;
        self.liveness.healed_at = self.checkers.height();
        self.submit_again(10_000);
        Ok(())
    }

    /// A pool does not survive a crash: what was accepted and never became final is submitted again, as a client would
    /// that waited in vain. The last of these is new.
    pub(crate) fn submit_again(&mut self, after_us: u64) {
        if self.measures {
            let last = self.required().saturating_sub(1);
            return self.after(after_us, Happening::Submit { to: 0, submission: last });
        }
        for index in 0..self.required() {
            for to in self.everyone() {
                let after = after_us + 1_000 * index as u64;
                self.after(after, Happening::Submit { to, submission: index });
                // Who packed it may have ceased to be a validator.
                if self.plan.spares > 0 {
                    for again in [10_000_000, 20_000_000] {
                        self.after(again + after, Happening::Submit { to, submission: index });
                    }
                }
            }
        }
    }

    /// Something new is durable somewhere.
    pub(crate) fn committed(&mut self, height: Height) {
        let Liveness { phase, healed_us, healed_at, .. } = self.liveness;
        if phase == Phase::Healed && height > healed_at && self.liveness.to_commit_us.is_none() {
            self.liveness.to_commit_us = Some(self.now_us - healed_us);
        }
    }

    /// Looks whether the world may end, or has waited too long.
    pub(crate) fn is_over(&mut self) -> Result<bool, Violation> {
        match self.liveness.phase {
            Phase::Trouble => Ok(false),
            Phase::Over => Ok(true),
            Phase::Healed if self.is_all_final() => {
                let since = self.now_us - self.liveness.healed_us;
                let to_final_us = *self.liveness.to_final_us.get_or_insert(since);
                // Something new became final, so there was a commit.
                self.liveness.to_commit_us.get_or_insert(to_final_us);
                if !self.plan.leader_crash
                    || self.plan.wipes > 0
                    || !self.plan.byzantine.is_empty()
                    || self.plan.faulty_max() == 0
                {
                    self.liveness.phase = Phase::Over;
                    return Ok(true);
                }
                // What is final may have been so for long: who still fetches later blocks could not help.
                if self.are_level() {
                    self.load();
                }
                Ok(since > self.plan.heal_ms * 1_000)
            }
            Phase::Healed => {
                let since = self.now_us - self.liveness.healed_us;
                let most_us =
                    Liveness::HEALED_VIEWS_MAX * consensus::Config::default().view_timeout_max_ms * 1_000;
                if self.liveness.to_commit_us.is_none() && since > most_us {
                    return Err(Violation(format!(
                        "no block {} ms after the trouble ended: {}",
                        since / 1_000,
                        self.standing()
                    )));
                }
                Ok(since > self.plan.heal_ms * 1_000)
            }
            Phase::Busy => Ok(false),
            Phase::LeaderDown => {
                let since = self.now_us - self.liveness.crashed_us;
                let most_us =
                    Liveness::CRASHED_VIEWS_MAX * consensus::Config::default().view_timeout_ms * 1_000;
                match since > most_us {
                    true => Err(Violation(format!(
                        "nothing was committed {} ms after a leader crashed: {}",
                        since / 1_000,
                        self.standing()
                    ))),
                    false => Ok(false),
                }
            }
        }
    }

    /// Where each member stands, for a reader.
    fn standing(&self) -> String {
        let status = |engine: &Engine| {
            let it = engine.status().consensus;
            format!("view {} height {} certified {}", it.view, it.height, it.high_qc_view)
        };
        let members = self.members.iter().map(|member| match &member.engine {
            Some(engine) => format!("v{} {}", member.number, status(engine)),
            None => format!("v{} down", member.number),
        });
        members.collect::<Vec<_>>().join("; ")
    }

    /// Whether those who reign have committed all there was, and nothing is left to order.
    fn are_level(&self) -> bool {
        let engines = self.validators().into_iter().map(|it| self.members[usize::from(it)].engine.as_ref());
        let statuses: Vec<_> = engines.map(|engine| engine.map(|it| it.status().consensus)).collect();
        let highest = statuses.iter().flatten().map(|it| it.high_qc_height.get()).max().unwrap_or(0);
        let is_level = |it: &consensus::Status| !it.working && it.height.get() + EMPTY_BLOCKS_MAX >= highest;
        statuses.iter().all(|it| it.as_ref().is_some_and(is_level))
    }

    /// Puts load on a healed world, and lets its leader crash under it.
    fn load(&mut self) {
        self.liveness.phase = Phase::Busy;
        for (place, submission) in (self.required()..self.probe()).enumerate() {
            let Some(to) = self.some_validator(None) else { return };
            self.after(20_000 * place as u64, Happening::Submit { to, submission });
        }
        let us = self.faults.between(10_000, 200_000);
        self.after(us, Happening::CrashLeader);
    }

    pub(crate) fn crash_leader(&mut self) {
        // So many may have left that those who reign cannot do without one.
        let leader = self.leader().filter(|_| self.validators().len() >= 4);
        let Some(leader) = leader else {
            self.liveness.phase = Phase::Over;
            return;
        };
        self.note(11, u64::from(leader), || format!("v{leader} leads, and crashes for good"));
        self.power_off(leader, Fault::Crash, PowerCut::Partly);
        let Some(taker) = self.some_validator(Some(leader)) else { return };
        self.liveness.phase = Phase::LeaderDown;
        self.liveness.crashed_us = self.now_us;
        self.liveness.taker = taker;
        self.at(self.now_us, Happening::Submit { to: taker, submission: self.probe() });
    }

    /// Those who reign, as the member sees it that is furthest.
    fn validators(&self) -> Vec<u16> {
        let running = self.members.iter().filter(|it| it.engine.is_some());
        let reigns = running.filter_map(|it| it.reigns.as_ref()).max_by_key(|it| it.reigning().epoch());
        reigns.map(|it| self.numbers_of(it.reigning())).unwrap_or_default()
    }

    /// One of those who reign, other than `but`.
    fn some_validator(&mut self, but: Option<u16>) -> Option<u16> {
        let mut validators = self.validators();
        validators.retain(|member| Some(*member) != but);
        validators.get(self.faults.below(validators.len() as u64) as usize).copied()
    }

    /// A member has committed a submission.
    pub(crate) fn witnessed(&mut self, member: u16, submission: usize) {
        let Liveness { phase, taker, crashed_us, .. } = self.liveness;
        if phase == Phase::LeaderDown && member == taker && submission == self.probe() {
            self.liveness.crash_to_commit_us = Some(self.now_us - crashed_us);
            self.liveness.phase = Phase::Over;
        }
    }

    /// Who leads, as the member sees it that is furthest.
    pub(crate) fn leader(&self) -> Option<u16> {
        let seen = self.members.iter().filter_map(|it| {
            let (status, set) = (it.engine.as_ref()?.status().consensus, it.reigns.as_ref()?.reigning());
            Some(((set.epoch(), status.view), self.number(set, status.leader)?))
        });
        seen.max().map(|(_, leader)| leader)
    }

    pub(crate) fn time_taken(&mut self) {
        self.outcomes.heal_to_commit_us = self.liveness.to_commit_us.unwrap_or_default();
        self.outcomes.heal_to_final_us = self.liveness.to_final_us.unwrap_or_default();
        self.outcomes.crash_to_commit_us = self.liveness.crash_to_commit_us;
    }
}
