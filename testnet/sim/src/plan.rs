//! A plan: everything that distinguishes one world from another but the seed, as data.
//!
//! `draw` makes one from a seed; a scenario is one written down by hand; `shrink` makes a smaller one that still fails. All
//! three are the same TOML.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// What a Byzantine member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Says nothing.
    Silent,
    /// Proposes two blocks in a view, each to half of the others, and votes for both.
    Equivocate,
    /// Votes for each block, and for another one in the same view.
    DoubleVote,
    /// Certifies blocks of its own making with its own signature, as often as a quorum has signers.
    CountTwice,
    /// Proposes blocks that state another size for a batch than it has.
    Misstate,
    /// Forgets its safety record whenever it starts.
    Amnesia,
    /// Answers questions with wrong, stale, cut, oversized, foreign or no content.
    LyingPeer,
}

impl Attack {
    /// The class it belongs to; none when it is beyond the twenty-four.
    pub const fn class(self) -> Option<Fault> {
        match self {
            Self::Equivocate => Some(Fault::LeaderEquivocation),
            Self::DoubleVote => Some(Fault::DoubleVote),
            Self::Amnesia => Some(Fault::Amnesia),
            Self::LyingPeer => Some(Fault::ByzantineSync),
            Self::Silent | Self::CountTwice | Self::Misstate => None,
        }
    }
}

/// A rule broken on purpose in the simulated shell, to see that the checkers notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShellDefect {
    /// What follows a journal write leaves before the write is durable.
    SpeakBeforeDurable,
    /// After a restart the highest quorum certificate is forgotten, and nothing else.
    LockNotRestored,
    /// After a restart the whole safety record is forgotten.
    Amnesia,
    /// What follows a store write leaves before the write is durable.
    TellBeforeStored,
    /// What follows a journal write leaves although the write failed.
    FailedWriteIgnored,
    /// Who lost its disk starts as if it had never spoken.
    LossForgotten,
    /// The body of a block that is voted for is not journaled with the vote.
    BodyNotJournaled,
    /// After a restart the ledger no longer knows which submissions it decided.
    OutcomesForgotten,
    /// After a restart the store is as it was at an earlier start.
    StoreRolledBack,
    /// Hashes of the log are others, under checksums that hold, while proofs of its growth are made.
    TileReplaced,
    /// After a restart the leaves of the log are others, under checksums that hold.
    LeavesReplaced,
    /// After a restart no timer fires any more.
    TimersLost,
}

/// A change of the validators with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turnover {
    /// This member joins.
    Join(u16),
    /// This member leaves.
    Leave(u16),
}

/// Who is Byzantine, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Who.
    pub member: u16,
    /// How.
    pub attack: Attack,
}

/// Something that goes wrong for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// What.
    pub fault: Fault,
    /// From when on, in milliseconds from the beginning.
    pub at_ms: u64,
    /// How long, in milliseconds.
    pub for_ms: u64,
    /// Whom it befalls. None: for what befalls links, all of them; for anything else, who leads at that time.
    #[serde(default)]
    pub members: Vec<u16>,
    /// How much; see [`Fault`] for the unit.
    #[serde(default)]
    pub amount: i64,
}

impl Trouble {
    /// When it ends, in milliseconds from the beginning.
    pub const fn end_ms(&self) -> u64 {
        self.at_ms.saturating_add(self.for_ms)
    }

    /// The amount as a count; none when it is negative.
    pub fn count(&self) -> u64 {
        u64::try_from(self.amount).unwrap_or(0)
    }
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Number of validators.
    pub members: u16,
    /// Real cryptography instead of the notary's.
    #[serde(default)]
    pub real_signatures: bool,
    /// Time until the faults end, in milliseconds.
    pub trouble_ms: u64,
    /// Time after the faults within which all must be final, in milliseconds.
    #[serde(default = "heal_ms")]
    pub heal_ms: u64,
    /// Submissions during the trouble.
    pub submissions: u64,
    /// Least and greatest delay of a message, in microseconds.
    #[serde(default = "delay_us")]
    pub delay_us: (u64, u64),
    /// Least and greatest time a durable write takes, in microseconds.
    #[serde(default = "write_us")]
    pub write_us: (u64, u64),
    /// Largest difference of a member's clock from the world's, in milliseconds.
    #[serde(default)]
    pub skew_ms: u64,
    /// Members that are no validators at first.
    #[serde(default)]
    pub spares: u16,
    /// Changes of the validators during the trouble, by spares that join and members that leave.
    #[serde(default)]
    pub changes: u64,
    /// Times that an identity changes its key during the trouble, the first of them to register it; all at equal distances.
    #[serde(default)]
    pub rotations: u64,
    /// Times that services open a session, measure the one before and finalize the one before that, the first of them to
    /// be endorsed; all at equal distances.
    #[serde(default)]
    pub sessions: u64,
    /// Times that voices say everything else, of which each begins one time later than the one before; all at equal
    /// distances.
    #[serde(default)]
    pub voices: u64,
    /// Changes of the validators by name, each at its time in milliseconds. Several of one time are handed over together
    /// or one after the other, as it comes.
    #[serde(default)]
    pub turnover: Vec<(u64, Turnover)>,
    /// Times a member loses its disk during the trouble, always the same one, and starts again without it.
    #[serde(default)]
    pub wipes: u64,
    /// Whether, when all is final, the leader of the moment is crashed once more, and the time to the next commit taken.
    /// Only where nobody is Byzantine or lost its disk.
    #[serde(default)]
    pub leader_crash: bool,
    /// A rule broken on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<ShellDefect>,
    /// Who misbehaves, and how.
    #[serde(default)]
    pub byzantine: Vec<Role>,
    /// What goes wrong, in any order.
    #[serde(default, rename = "trouble")]
    pub troubles: Vec<Trouble>,
}

const fn heal_ms() -> u64 {
    60_000
}

const fn delay_us() -> (u64, u64) {
    (100, 5_000)
}

const fn write_us() -> (u64, u64) {
    (50, 2_000)
}

/// Why a plan cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not TOML, or not of a plan's shape.
    #[error("the plan is not readable: {0}")]
    Shape(String),
    /// Too few or too many members.
    #[error("a world has 1 to 100 members, spares included, the plan has {0} besides its spares")]
    Members(u16),
    /// A member that does not exist.
    #[error("the plan names member {named}, the last one is {last}")]
    Unknown {
        /// Named.
        named: u16,
        /// The last of all.
        last: u16,
    },
    /// More Byzantine members than any rule stands.
    #[error("{found} of {members} members are Byzantine, at most {most} may be")]
    TooManyByzantine {
        /// Byzantine members.
        found: u16,
        /// All members.
        members: u16,
        /// Most that may be.
        most: u16,
    },
    /// A role written as a trouble.
    #[error("{} is a role: write it under [[byzantine]]", .0.name())]
    Role(Fault),
    /// It would last too long.
    #[error("trouble and healing last {found_ms} ms, at most {most_ms} may be")]
    Long {
        /// Milliseconds found.
        found_ms: u64,
        /// Milliseconds allowed.
        most_ms: u64,
    },
    /// Too much to submit.
    #[error("{found} submissions, at most {most} may be")]
    Submissions {
        /// Found.
        found: u64,
        /// Allowed.
        most: u64,
    },
    /// A range whose end is before its beginning.
    #[error("{what} is from {low} to {high}")]
    Range {
        /// Of what.
        what: &'static str,
        /// Its beginning.
        low: u64,
        /// Its end.
        high: u64,
    },
}

impl Plan {
    /// Longest world, in milliseconds: an hour.
    pub const LENGTH_MS_MAX: u64 = 3_600_000;
    /// Most submissions.
    pub const SUBMISSIONS_MAX: u64 = 10_000;

    /// A world in which nothing goes wrong.
    pub const fn calm(members: u16, trouble_ms: u64, submissions: u64) -> Self {
        Self {
            members,
            real_signatures: false,
            trouble_ms,
            heal_ms: heal_ms(),
            submissions,
            delay_us: delay_us(),
            write_us: write_us(),
            skew_ms: 0,
            spares: 0,
            changes: 0,
            rotations: 0,
            sessions: 0,
            voices: 0,
            turnover: Vec::new(),
            wipes: 0,
            leader_crash: false,
            defect: None,
            byzantine: Vec::new(),
            troubles: Vec::new(),
        }
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// `PlanError`, the first fault found.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let plan: Self = toml::from_str(text).map_err(|fault| PlanError::Shape(fault.to_string()))?;
        plan.check()?;
        Ok(plan)
    }

    /// The plan as `parse` reads it.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a plan has only numbers, names and lists of them")
    }

    /// Number of validators and spares.
    pub const fn everyone(&self) -> u16 {
        self.members + self.spares
    }

    /// The most members that may be Byzantine.
    pub const fn faulty_max(&self) -> u16 {
        self.members.saturating_sub(1) / 3
    }

    /// Whether the plan makes a member Byzantine.
    pub fn is_byzantine(&self, member: u16) -> bool {
        self.byzantine.iter().any(|role| role.member == member)
    }

    /// How a member is Byzantine, if it is.
    pub fn attack(&self, member: u16) -> Option<Attack> {
        self.byzantine.iter().find(|role| role.member == member).map(|role| role.attack)
    }

    /// Whether a class is in the plan.
    pub fn has(&self, fault: Fault) -> bool {
        self.troubles.iter().any(|trouble| trouble.fault == fault)
            || self.byzantine.iter().any(|role| role.attack.class() == Some(fault))
    }

    /// Checks that the plan can be played and is within the fault assumption.
    ///
    /// # Errors
    /// `PlanError`, the first fault found.
    pub fn check(&self) -> Result<(), PlanError> {
        if !(1..=100).contains(&self.members) || self.members.saturating_add(self.spares) > 100 {
            return Err(PlanError::Members(self.members));
        }
        let found_ms = self.trouble_ms.saturating_add(self.heal_ms);
        if found_ms > Self::LENGTH_MS_MAX {
            return Err(PlanError::Long { found_ms, most_ms: Self::LENGTH_MS_MAX });
        }
        if self.submissions > Self::SUBMISSIONS_MAX {
            return Err(PlanError::Submissions { found: self.submissions, most: Self::SUBMISSIONS_MAX });
        }
        for (what, (low, high)) in [("delay_us", self.delay_us), ("write_us", self.write_us)] {
            if low > high {
                return Err(PlanError::Range { what, low, high });
            }
        }
        let befallen = self.troubles.iter().flat_map(|trouble| trouble.members.iter().copied());
        let named = self.turnover.iter().map(|(_, turnover)| match turnover {
            Turnover::Join(member) | Turnover::Leave(member) => *member,
        });
        let befallen = befallen.chain(named);
        let liars = self.byzantine.iter().map(|role| role.member);
        // Spares are honest: what share of the validators they would be is not known before.
        for (mut named, count) in
            [(befallen.collect::<Vec<_>>(), self.everyone()), (liars.collect(), self.members)]
        {
            named.retain(|member| *member >= count);
            if let Some(named) = named.first() {
                return Err(PlanError::Unknown { named: *named, last: count - 1 });
            }
        }
        let byzantine: std::collections::BTreeSet<u16> =
            self.byzantine.iter().map(|role| role.member).collect();
        let found = byzantine.len() as u16;
        if found > self.faulty_max() {
            return Err(PlanError::TooManyByzantine {
                found,
                members: self.members,
                most: self.faulty_max(),
            });
        }
        match self.troubles.iter().find(|trouble| trouble.fault.is_role()) {
            Some(trouble) => Err(PlanError::Role(trouble.fault)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_survives_its_spelling() {
        for seed in 0..200 {
            let plan = Plan::draw(seed);
            assert_eq!(Plan::parse(&plan.to_toml()), Ok(plan), "seed {seed}");
        }
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        let calm = Plan::calm(4, 1_000, 1);
        let trouble =
            |fault, member| Trouble { fault, at_ms: 0, for_ms: 1, members: vec![member], amount: 1 };
        let role = |member| Role { member, attack: Attack::Silent };
        for (plan, fault) in [
            (Plan { members: 0, ..calm.clone() }, PlanError::Members(0)),
            (Plan { members: 101, ..calm.clone() }, PlanError::Members(101)),
            (
                Plan { troubles: vec![trouble(Fault::Pause, 4)], ..calm.clone() },
                PlanError::Unknown { named: 4, last: 3 },
            ),
            (Plan { byzantine: vec![role(7)], ..calm.clone() }, PlanError::Unknown { named: 7, last: 3 }),
            (
                Plan { byzantine: vec![role(0), role(1)], ..calm.clone() },
                PlanError::TooManyByzantine { found: 2, members: 4, most: 1 },
            ),
            (
                Plan { troubles: vec![trouble(Fault::Amnesia, 0)], ..calm.clone() },
                PlanError::Role(Fault::Amnesia),
            ),
            (
                Plan { trouble_ms: u64::MAX, ..calm.clone() },
                PlanError::Long { found_ms: u64::MAX, most_ms: 3_600_000 },
            ),
            (
                Plan { submissions: 10_001, ..calm.clone() },
                PlanError::Submissions { found: 10_001, most: 10_000 },
            ),
            (
                Plan { delay_us: (2, 1), ..calm.clone() },
                PlanError::Range { what: "delay_us", low: 2, high: 1 },
            ),
        ] {
            assert_eq!(plan.check(), Err(fault.clone()));
            assert_eq!(Plan::parse(&plan.to_toml()), Err(fault));
        }
        assert!(matches!(Plan::parse("members = 4"), Err(PlanError::Shape(_))));
        assert!(matches!(Plan::parse(&format!("{}more = 1", calm.to_toml())), Err(PlanError::Shape(_))));
    }
}
